/* http_gateway: the public routes. */
#pragma once

#include "services/gateway/adapters/config.h"
#include "services/gateway/adapters/gateway_call.h"
#include "shared/http/forward.h"

struct http_pages;
struct http_updates;

#define HTTP_GATEWAY_ROUTES_MAX 128

/* All but routes is set by its owner, before http_gateway_init. */
struct http_gateway {
    const struct gateway_deps *deps;
    struct http_upstream *media;
    struct http_pages *pages;
    struct http_updates *updates;
    const struct gateway_config *config;
    const char *version;
    struct http_route routes[HTTP_GATEWAY_ROUTES_MAX]; /* for http_server_options */
};

/* Fills routes; the handlers' argument is the gateway. */
void http_gateway_init(struct http_gateway *gateway);
