/* pierrot-gateway: the only public door. */
#include "services/gateway/adapters/account_pg.h"
#include "services/gateway/adapters/http_gateway.h"
#include "shared/crypto/crypto.h"
#include "shared/service/service.h"

#include <stdio.h>

#define UPSTREAM_CONNECTIONS 256

struct gateway_settings {
    const char *media_url;
};

static struct {
    struct gateway_settings settings;
    struct account_pg repo;
    struct gateway_deps deps;
    struct http_gateway http;
} gateway;

static const struct config_setting settings[] = {
    CONFIG_STR_SETTING(struct gateway_settings, media_url, "PIERROT_MEDIA_URL", NULL, 10, 255,
                       "Where the service media listens, http://host:port."),
    CONFIG_END,
};

static void make_deps(struct service *service)
{
    account_pg_init(&gateway.repo, service->pg);
    gateway.deps = (struct gateway_deps){
        .repo = &gateway.repo.port,
        .tokens = token_cache_create(),
        .identity_secret =
            pr_str_n(service->settings.identity_secret.bytes, service->settings.identity_secret.n),
        .clock = service->clock,
    };
}

static struct http_upstream *connect_to(uv_loop_t *loop, const char *name, const char *url)
{
    static const struct pr_str scheme = PR_STR("http://");
    struct http_upstream *upstream = NULL;
    if (pr_str_has_prefix(pr_str(url), scheme))
        upstream = http_upstream_create(loop, url + scheme.n, UPSTREAM_CONNECTIONS);
    if (!upstream)
        log_at(LOG_ERROR, "must be http://host:port", LOG_TEXT("setting", name));
    return upstream;
}

static bool start(struct service *service)
{
    make_deps(service);
    gateway.http.deps = &gateway.deps;
    gateway.http.media =
        connect_to(&service->loop, "PIERROT_MEDIA_URL", gateway.settings.media_url);
    return gateway.http.media;
}

static void stop(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    http_upstream_close(gateway.http.media, closed, arg);
}

static int admin_token(struct service *service, int argc, char **argv)
{
    struct service_wait wait;
    char token[TOKEN_TEXT];
    (void)argv;
    if (argc != 0) {
        fprintf(stderr, "usage: pierrot-gateway admin-token\n");
        return 2;
    }
    make_deps(service);
    make_admin_token(&gateway.deps, token, service_wait_done(&wait));
    enum pr_err err = service_wait(service, &wait);
    if (err)
        fprintf(stderr, "pierrot-gateway: no token made: %s\n", pr_err_text(err));
    else
        printf("%s\n", token);
    crypto_wipe(token, sizeof token);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = service_main(
        argc, argv,
        &(struct service_spec){
            .name = "gateway",
            .about = "the public door: authentication and forwarding",
            .settings =
                (const struct service_settings_group[]){
                    {settings, &gateway.settings},
                    {NULL, NULL},
                },
            .migrations = service_migrations,
            .routes = http_gateway_routes,
            .routes_arg = &gateway.http,
            .commands =
                (const struct service_command[]){
                    {"admin-token", "print a new API token for the administrator", admin_token},
                    {NULL, NULL, NULL},
                },
            .start = start,
            .stop = stop,
        });
    /* Not before: a refresh may end as late as Postgres is closed. */
    token_cache_destroy(gateway.deps.tokens);
    return status;
}
