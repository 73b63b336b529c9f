/* router: finds the route for a method and a path in a tree of path segments. Pure. */
#pragma once

#include "shared/base/arena.h"
#include "shared/http/server.h"

#define ROUTER_PARAMS 8

enum router_result {
    ROUTER_FOUND,
    ROUTER_NO_PATH,   /* 404 */
    ROUTER_NO_METHOD, /* 405: the path is known; allow is filled */
    ROUTER_BAD_PATH,  /* 400: a {name}'s text cannot be decoded, or climbs with "." or ".." */
};

struct router_match {
    const struct http_route *route;
    struct pr_str values[ROUTER_PARAMS]; /* of its {names} in their order, decoded */
    unsigned count;
    char allow[64]; /* "DELETE, GET, HEAD" */
};

struct router;

/* The table is borrowed; a malformed one is a programmer's fault and asserts. */
struct router *router_create(const struct http_route *routes);
void router_destroy(struct router *router);

/* path: as sent, without the query; the values are views of it or live in the arena. */
enum router_result router_find(const struct router *router, struct pr_str method,
                               struct pr_str path, struct pr_arena *arena,
                               struct router_match *out);

/* The value of {name} or {name...}; empty when the route has none. */
struct pr_str router_param(const struct router_match *match, const char *name);
