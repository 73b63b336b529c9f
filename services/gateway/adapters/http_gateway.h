/* http_gateway: the public routes, each forwarded to the service that answers it. */
#pragma once

#include "services/gateway/usecases/usecases.h"
#include "shared/http/forward.h"
#include "shared/http/server.h"

struct http_gateway {
    const struct gateway_deps *deps;
    struct http_upstream *media;
};

/* The handlers' argument is a `struct http_gateway *`. */
extern const struct http_route http_gateway_routes[];
