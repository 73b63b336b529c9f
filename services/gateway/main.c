/* pierrot-gateway: the only public door. */
#include "services/gateway/adapters/account_pg.h"
#include "services/gateway/adapters/config.h"
#include "services/gateway/adapters/credential_pg.h"
#include "services/gateway/adapters/http_gateway.h"
#include "services/gateway/adapters/http_pages.h"
#include "services/gateway/adapters/http_updates.h"
#include "services/gateway/adapters/invite_pg.h"
#include "services/gateway/adapters/kafka_updates.h"
#include "services/gateway/adapters/password_argon.h"
#include "shared/crypto/crypto.h"
#include "shared/kafka/tail.h"
#include "shared/service/service.h"

#include <stdio.h>

#define UPSTREAM_CONNECTIONS 256
#define REAP_EVERY_MS 600000
#define COMMAND_INVITE_TTL_MS ((int64_t)7 * 86400 * 1000)

static struct {
    struct gateway_settings settings;
    struct gateway_config config;
    struct account_pg accounts;
    struct credential_pg credentials;
    struct invite_pg invites;
    struct password_argon *passwords;
    struct gateway_deps deps;
    struct http_pages pages;
    struct http_gateway http;
    struct kafka_tail *tail;
    struct ticker reaper;
    bool reaping;
    int closing; /* adapters that are not closed yet */
    shutdown_closed_fn closed;
    void *closed_arg;
} gateway;

/* In every answer that does not say otherwise, as pages do. The first is for HTTPS alone. */
static const struct http_header headers[] = {
    {PR_STR("strict-transport-security"), PR_STR("max-age=31536000")},
    {PR_STR("x-content-type-options"), PR_STR("nosniff")},
    {PR_STR("content-security-policy"), PR_STR("default-src 'none'; frame-ancestors 'none'")},
    {PR_STR("referrer-policy"), PR_STR("no-referrer")},
    {PR_STR("cache-control"), PR_STR("no-store")},
    {PR_STR(""), PR_STR("")},
};

/* What the commands need as well; false when a setting is wrong. */
static bool make_deps(struct service *service)
{
    if (!gateway_config_read(&gateway.settings, &gateway.config))
        return false;
    account_pg_init(&gateway.accounts, service->pg, &service->relay);
    credential_pg_init(&gateway.credentials, service->pg);
    invite_pg_init(&gateway.invites, service->pg);
    gateway.deps.accounts = &gateway.accounts.port;
    gateway.deps.credentials = &gateway.credentials.port;
    gateway.deps.invites = &gateway.invites.port;
    gateway.deps.cache = credential_cache_create();
    gateway.deps.identity_secret =
        pr_str_n(service->settings.identity_secret.bytes, service->settings.identity_secret.n);
    gateway.deps.clock = service->clock;
    gateway.deps.session_ttl_ms = gateway.settings.session_ttl_s * 1000;
    gateway.deps.session_idle_ms = gateway.settings.session_idle_s * 1000;
    gateway.deps.signup = gateway.config.signup;
    gateway.deps.login_rate = gateway.config.rates.email;
    gateway.deps.unknown_rate = gateway.config.rates.unknown;
    return true;
}

static struct http_upstream *connect_to(uv_loop_t *loop, const char *url)
{
    static const struct pr_str scheme = PR_STR("http://");
    if (pr_str_has_prefix(pr_str(url), scheme))
        return http_upstream_create(loop, url + scheme.n, UPSTREAM_CONNECTIONS);
    log_at(LOG_ERROR, "not http://host:port", LOG_TEXT("url", url));
    return NULL;
}

static void hear(void *arg, const struct kafka_message *message)
{
    (void)arg;
    kafka_updates_handle(http_updates_of(gateway.http.updates), message);
}

/* Streams from before may have missed something: they begin again. */
static void tail_began(void *arg)
{
    (void)arg;
    http_updates_end_streams(gateway.http.updates);
}

/* Kafka may be away: streams are silent until it answers, and the gateway is what it is. */
static void watch_media(struct service *service)
{
    size_t topics = 0;
    while (kafka_updates_topics[topics])
        topics++;
    gateway.http.updates = http_updates_create(&service->loop, &gateway.deps);
    gateway.tail = kafka_tail_create(
        &service->loop, &(struct kafka_tail_options){
                            .kafka = {service->settings.kafka_brokers, "pierrot-gateway-updates"},
                            .topics = kafka_updates_topics,
                            .topics_count = topics,
                            .handler = hear,
                            .began = tail_began,
                        });
}

static bool start(struct service *service)
{
    if (!make_deps(service))
        return false;
    http_pages_init(&gateway.pages, &gateway.config.store);
    gateway.passwords =
        password_argon_create(&service->loop, (unsigned)gateway.settings.password_threads);
    gateway.deps.passwords = password_argon_port(gateway.passwords);
    gateway.deps.limiter = limiter_create(
        &service->loop, &(struct limiter_options){.redis_url = gateway.settings.redis_url});
    gateway.http.deps = &gateway.deps;
    gateway.http.config = &gateway.config;
    gateway.http.pages = &gateway.pages;
    gateway.http.version = PIERROT_VERSION;
    gateway.http.media = connect_to(&service->loop, gateway.settings.media_url);
    watch_media(service);
    http_gateway_init(&gateway.http);
    return gateway.http.media && gateway.deps.limiter;
}

static void set_http_options(struct service *service, struct http_server_options *options)
{
    (void)service;
    options->headers = origin_is_https(&gateway.config.public) ? headers : headers + 1;
    options->trusted_proxies = gateway.settings.trusted_proxies;
    options->max_connections_per_address = (unsigned)gateway.settings.connections_per_address;
}

static void reaped(void *arg, enum pr_err err)
{
    (void)arg;
    (void)err; /* said where it is known; the next tick tries again */
    gateway.reaping = false;
}

static void reap(void *arg)
{
    (void)arg;
    if (gateway.reaping)
        return;
    gateway.reaping = true;
    reap_credentials(&gateway.deps, (struct pr_done){reaped, NULL});
}

static void run(struct service *service)
{
    ticker_start(&service->loop, &gateway.reaper, REAP_EVERY_MS, reap, NULL);
}

static void drain(struct service *service)
{
    (void)service;
    http_updates_refuse(gateway.http.updates);
}

static void stop_work(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    ticker_close(&gateway.reaper, closed, arg);
}

static void part_closed(void *arg);

/* Only now does nobody call it any more. */
static void tail_closed(void *arg)
{
    (void)arg;
    http_updates_close(gateway.http.updates, part_closed, NULL);
}

static void part_closed(void *arg)
{
    (void)arg;
    if (--gateway.closing == 0)
        gateway.closed(gateway.closed_arg);
}

static void stop(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    gateway.closed = closed;
    gateway.closed_arg = arg;
    gateway.closing = 4;
    http_upstream_close(gateway.http.media, part_closed, NULL);
    limiter_close(gateway.deps.limiter, part_closed, NULL);
    password_argon_close(gateway.passwords, part_closed, NULL);
    kafka_tail_close(gateway.tail, tail_closed, NULL);
}

/* Tells people on stderr; the exit status. */
static int command_ended(const char *what, enum pr_err err)
{
    if (err)
        fprintf(stderr, "pierrot-gateway: no %s made: %s\n", what, pr_err_text(err));
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int admin_token(struct service *service, int argc, char **argv)
{
    struct service_wait wait;
    char token[SECRET_TEXT];
    (void)argv;
    if (argc != 0) {
        fprintf(stderr, "usage: pierrot-gateway admin-token\n");
        return 2;
    }
    if (!make_deps(service))
        return EXIT_FAILURE;
    make_admin_token(&gateway.deps, token, service_wait_done(&wait));
    enum pr_err err = service_wait(service, &wait);
    if (!err)
        printf("%s\n", token);
    crypto_wipe(token, sizeof token);
    return command_ended("token", err);
}

static void invite_made(void *arg, const struct pr_fault *fault, const char *secret,
                        const struct invite *made, bool replayed)
{
    struct pr_done *done = arg;
    (void)made;
    (void)replayed;
    if (!fault->err)
        printf("%s/signup#invite=%s\n", gateway.config.public.text, secret);
    pr_done_call(*done, fault->err);
}

static int invite(struct service *service, int argc, char **argv)
{
    struct service_wait wait;
    bool admin = argc == 1 && strcmp(argv[0], "--admin") == 0;
    if (argc > 1 || (argc == 1 && !admin)) {
        fprintf(stderr, "usage: pierrot-gateway invite [--admin]\n");
        return 2;
    }
    if (!make_deps(service))
        return EXIT_FAILURE;
    struct pr_done done = service_wait_done(&wait);
    make_invite(&gateway.deps,
                &(struct make_invite_cmd){
                    .tier = admin ? TIER_BUSINESS : TIER_FREE,
                    .role = admin ? ROLE_ADMIN : ROLE_USER,
                    .expires_in_ms = COMMAND_INVITE_TTL_MS,
                },
                invite_made, &done);
    return command_ended("invitation", service_wait(service, &wait));
}

int main(int argc, char **argv)
{
    static const char *const emits[] = {"account.changed", NULL};
    static const struct service_settings_group groups[] = {
        {gateway_settings_table, &gateway.settings},
        {NULL, NULL},
    };
    static const struct service_command commands[] = {
        {"admin-token", "print a new API token for the administrator", admin_token},
        {"invite", "print a link to sign up with; --admin: as an administrator", invite},
        {NULL, NULL, NULL},
    };
    int status = service_main(argc, argv,
                              &(struct service_spec){
                                  .name = "gateway",
                                  .about = "the public door: accounts, limits and forwarding",
                                  .settings = groups,
                                  .migrations = service_migrations,
                                  .routes = gateway.http.routes,
                                  .routes_arg = &gateway.http,
                                  .emits = emits,
                                  .commands = commands,
                                  .start = start,
                                  .http = set_http_options,
                                  .run = run,
                                  .drain = drain,
                                  .stop_work = stop_work,
                                  .stop = stop,
                              });
    /* Not before: a refresh may end as late as Postgres is closed. */
    credential_cache_destroy(gateway.deps.cache);
    http_pages_fini(&gateway.pages);
    return status;
}
