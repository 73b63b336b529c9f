#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *server_url(void)
{
    const char *url = getenv("PIERROT_TEST_DATABASE_URL");
    if (!url || !*url)
        fail_msg("PIERROT_TEST_DATABASE_URL is not set: it names the Postgres to test against");
    return url;
}

void fixture_url_with(const struct fixture *f, char *out, size_t size, const char *parameters)
{
    const char *base = f->url[0] ? f->url : server_url();
    int n = snprintf(out, size, "%s%c%s", base, strchr(base, '?') ? '&' : '?', parameters);
    assert_true(n > 0 && (size_t)n < size);
}

void fixture_exec(struct fixture *f, const char *sql)
{
    PGresult *result = PQexec(f->admin, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(f->admin));
    PQclear(result);
}

long fixture_int(struct fixture *f, const char *sql)
{
    PGresult *result = PQexec(f->admin, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0)
        fail_msg("%s: %s", sql, PQerrorMessage(f->admin));
    long value = atol(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

int fixture_setup(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    char text[128];
    assert_int_equal(uv_loop_init(&f->loop), 0);
    snprintf(f->schema, sizeof f->schema, "test_%08x%08x", randombytes_random(),
             randombytes_random());
    snprintf(text, sizeof text, "options=-csearch_path%%3D%s", f->schema);
    fixture_url_with(f, f->url, sizeof f->url, text);
    f->admin = PQconnectdb(f->url);
    if (PQstatus(f->admin) != CONNECTION_OK)
        fail_msg("cannot reach the Postgres of PIERROT_TEST_DATABASE_URL: %s",
                 PQerrorMessage(f->admin));
    fixture_exec(f, "set client_min_messages = warning");
    snprintf(text, sizeof text, "create schema %s", f->schema);
    fixture_exec(f, text);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char text[128];
    fixture_close_pool(f);
    fixture_until(f, !uv_loop_alive(&f->loop));
    assert_int_equal(uv_loop_close(&f->loop), 0);
    snprintf(text, sizeof text, "drop schema %s cascade", f->schema);
    fixture_exec(f, text);
    PQfinish(f->admin);
    free(f);
    return 0;
}

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

void fixture_turn(struct fixture *f)
{
    uv_timer_t timer;
    uv_timer_init(&f->loop, &timer);
    uv_timer_start(&timer, wake, 20, 20); /* repeating: it must outlive the wait */
    uv_run(&f->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

void fixture_run_for(struct fixture *f, int64_t ms)
{
    int64_t until_ns = pr_monotonic_ns() + ms * 1000000;
    while (pr_monotonic_ns() < until_ns)
        fixture_turn(f);
}

void fixture_pool(struct fixture *f, const char *url, unsigned connections, int64_t deadline_ms)
{
    const struct pg_options options = {
        .url = url ? url : f->url,
        .app_name = f->schema,
        .connections = connections,
        .max_waiting = 1000,
        .deadline_ms = deadline_ms,
    };
    struct pg_stats stats = {0};
    f->pg = pg_create(&f->loop, &options);
    fixture_until(f, (pg_stats(f->pg, &stats), stats.connections_up == connections));
}

static void set_true(void *arg)
{
    *(bool *)arg = true;
}

void fixture_close_pool(struct fixture *f)
{
    bool closed = false;
    if (!f->pg)
        return;
    pg_close(f->pg, set_true, &closed);
    fixture_until(f, closed);
    f->pg = NULL;
}

void fixture_migrate(struct fixture *f)
{
    static const struct pg_migration none[] = {{0}};
    assert_int_equal(pg_migrate(f->url, none, 0), PR_OK);
}

static void count(void *arg, enum pr_err err)
{
    struct outcome *outcome = arg;
    outcome->ended++;
    outcome->ok += err == PR_OK;
    outcome->err = err;
}

struct pr_done outcome_done(struct outcome *outcome)
{
    return (struct pr_done){count, outcome};
}

enum pr_err fixture_query(struct fixture *f, const struct pg_stmt *stmt)
{
    struct outcome outcome = {0};
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, stmt);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    return outcome.err;
}

/* ---- the proxy: a process that accepts, and one for each connection ---- */

static void relay(int a, int b)
{
    char bytes[16384];
    struct pollfd fds[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    for (;;) {
        poll(fds, 2, -1);
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents)
                continue;
            ssize_t n = read(fds[i].fd, bytes, sizeof bytes);
            for (ssize_t sent = 0, m; sent < n; sent += m) {
                m = write(fds[1 - i].fd, bytes + sent, (size_t)(n - sent));
                if (m <= 0)
                    _exit(0);
            }
            if (n <= 0)
                _exit(0);
        }
    }
}

static int connect_server(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &addresses) == 0) {
        fd = socket(addresses->ai_family, SOCK_STREAM, 0);
        if (connect(fd, addresses->ai_addr, addresses->ai_addrlen) != 0)
            _exit(1);
        freeaddrinfo(addresses);
    }
    return fd;
}

static int listen_on(int *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)*port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t n = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 64), 0);
    getsockname(fd, (struct sockaddr *)&address, &n);
    *port = ntohs(address.sin_port);
    return fd;
}

void proxy_start(struct proxy *proxy, const struct fixture *f)
{
    int listener = listen_on(&proxy->port);
    proxy->pid = fork();
    assert_true(proxy->pid >= 0);
    if (proxy->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int client = accept(listener, NULL, NULL);
            if (client >= 0 && fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(listener);
                relay(client, connect_server(PQhost(f->admin), PQport(f->admin)));
            }
            close(client);
        }
    }
    setpgid(proxy->pid, proxy->pid);
    close(listener);
}

void proxy_stop(struct proxy *proxy)
{
    kill(-proxy->pid, SIGKILL);
    waitpid(proxy->pid, NULL, 0);
}

void proxy_freeze(struct proxy *proxy, bool frozen)
{
    kill(-proxy->pid, frozen ? SIGSTOP : SIGCONT);
}
