/* params: how to connect. The URL decides; what it leaves open gets the settings that make a lost
 * server or a stuck statement end by itself. */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>

#define LOCK_TIMEOUT_MS ((int64_t)2000)
#define ADDRESSES_MAX 8

static const char *get(const struct conn_params *params, const char *key)
{
    for (size_t i = 0; i < params->n; i++) {
        if (strcmp(params->keys[i], key) == 0)
            return params->values[i];
    }
    return NULL;
}

/* value lives in the arena or is static. */
static void set(struct conn_params *params, const char *key, const char *value)
{
    size_t i = 0;
    while (i < params->n && strcmp(params->keys[i], key) != 0)
        i++;
    if (i == params->n)
        params->n++;
    assert(params->n < PR_COUNT(params->keys));
    params->keys[i] = key;
    params->values[i] = value;
}

static void set_default(struct conn_params *params, const char *key, const char *value)
{
    if (!get(params, key))
        set(params, key, value);
}

/* Settings of the server's session. The URL's own options come last, so they win.
 * A statement is cancelled by the server a little before the query's deadline: that costs nobody
 * else the connection. The server looks for a dead client later than the client for a dead server,
 * so that the loser of an advisory lock knows it before another can win it. */
static void set_session(struct conn_params *params, int64_t deadline_ms)
{
    const char *own = get(params, "options");
    int64_t lock_ms = deadline_ms / 2 < LOCK_TIMEOUT_MS ? deadline_ms / 2 : LOCK_TIMEOUT_MS;
    set(params, "options",
        pr_arena_printf(&params->arena,
                        "-c statement_timeout=%lld -c lock_timeout=%lld"
                        " -c idle_in_transaction_session_timeout=10000"
                        " -c client_min_messages=warning -c tcp_user_timeout=25000"
                        " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5"
                        " -c tcp_keepalives_count=3 %s",
                        (long long)(deadline_ms - deadline_ms / 5), (long long)lock_ms,
                        own ? own : ""));
}

bool conn_params_init(struct conn_params *params, const struct pg_options *options)
{
    char *error = NULL;
    *params = (struct conn_params){0};
    PQconninfoOption *parsed = PQconninfoParse(options->url, &error);
    PQfreemem(error); /* not shown: it may repeat the URL, and that holds the password */
    if (!parsed)
        return false;
    for (const PQconninfoOption *option = parsed; option->keyword; option++) {
        if (option->val && option->val[0])
            set(params, pr_arena_copy(&params->arena, pr_str(option->keyword)).p,
                pr_arena_copy(&params->arena, pr_str(option->val)).p);
    }
    PQconninfoFree(parsed);
    set_session(params, options->deadline_ms);
    set(params, "client_encoding", "UTF8");
    set_default(params, "application_name", options->app_name);
    set_default(params, "tcp_user_timeout", "10000");
    set_default(params, "keepalives_idle", "5");
    set_default(params, "keepalives_interval", "2");
    set_default(params, "keepalives_count", "3");
    set_default(params, "gssencmode", "disable"); /* spares loading Kerberos to find no ticket */
    return true;
}

void conn_params_fini(struct conn_params *params)
{
    pr_arena_fini(&params->arena);
    params->n = 0;
}

const char *conn_params_host(const struct conn_params *params)
{
    const char *host = get(params, "host");
    bool is_name = host && host[0] != '/' && host[0] != '@' && !strchr(host, ',');
    return is_name && !get(params, "hostaddr") ? host : NULL;
}

/* libpq tries a list of addresses in turn; it wants the name once for each. */
void conn_params_resolved(struct conn_params *params, const struct addrinfo *addresses)
{
    const char *name = get(params, "host"), *host = NULL, *hostaddr = NULL;
    char text[64];
    int n = 0;
    for (const struct addrinfo *a = addresses; a && n < ADDRESSES_MAX; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        host = n ? pr_arena_printf(&params->arena, "%s,%s", host, name) : name;
        hostaddr = pr_arena_printf(&params->arena, n ? "%s,%s" : "%s%s", n ? hostaddr : "", text);
        n++;
    }
    if (n > 0) {
        set(params, "host", host);
        set(params, "hostaddr", hostaddr);
    }
}
