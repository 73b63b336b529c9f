/* door: what every request passes before its handler sees it. */
#pragma once

#include "shared/http/server.h"

/* The handler of every route of the gateway; arg is the struct http_gateway, the route's data its
 * struct gateway_route. */
void door_enter(void *arg, struct http_request *req);

/* OPTIONS on a path of the API: no limits, nobody is asked. */
void door_preflight(void *arg, struct http_request *req);
