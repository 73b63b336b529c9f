#include "shared/http/router.h"

#include "shared/base/alloc.h"
#include "shared/http/uri.h"

#include <assert.h>

/* A segment of the path. Of its children, literals are tried before {name}, and that before
 * {name...}: a node is visited once at most, so that a search is bounded by the table. */
struct node {
    struct pr_str segment;
    struct node *next;     /* literal beside it */
    struct node *literals; /* children */
    struct node *param, *rest;
    const struct http_route **routes; /* that end here */
    size_t routes_count;
};

struct router {
    struct node root;
};

static bool is_param(struct pr_str segment)
{
    return segment.n >= 3 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static bool is_rest(struct pr_str segment)
{
    return is_param(segment) && pr_str_has_suffix(segment, pr_str("...}"));
}

static struct node *child_of(struct node *node, struct pr_str segment)
{
    struct node **place = is_rest(segment)    ? &node->rest
                          : is_param(segment) ? &node->param
                                              : &node->literals;
    if (place == &node->literals) {
        while (*place && !pr_str_eq((*place)->segment, segment))
            place = &(*place)->next;
    }
    if (!*place) {
        *place = PR_NEW(struct node);
        (*place)->segment = segment;
    }
    return *place;
}

static void add_route(struct node *root, const struct http_route *route)
{
    struct pr_str path = pr_str(route->path), segment;
    struct node *node = root;
    unsigned params = 0;
    assert(path.n > 0 && path.p[0] == '/');
    path = pr_str_n(path.p + 1, path.n - 1);
    bool more;
    do {
        more = pr_str_cut(path, '/', &segment, &path);
        assert(!is_rest(segment) || !more);
        params += is_param(segment);
        node = child_of(node, segment);
    } while (more);
    assert(params <= ROUTER_PARAMS);
    node->routes =
        pr_realloc(node->routes, (node->routes_count + 1) * sizeof(const struct http_route *));
    node->routes[node->routes_count++] = route;
}

struct router *router_create(const struct http_route *routes)
{
    struct router *router = PR_NEW(struct router);
    for (; routes->method; routes++)
        add_route(&router->root, routes);
    return router;
}

static void free_node(struct node *node)
{
    if (!node)
        return;
    while (node->literals) {
        struct node *child = node->literals;
        node->literals = child->next;
        free_node(child);
        free(child);
    }
    free_node(node->param);
    free_node(node->rest);
    free(node->param);
    free(node->rest);
    free(node->routes);
}

void router_destroy(struct router *router)
{
    free_node(&router->root);
    free(router);
}

static const struct node *find(const struct node *node, struct pr_str path,
                               struct router_match *match)
{
    struct pr_str segment, after;
    const struct node *found;
    bool more = pr_str_cut(path, '/', &segment, &after);
    for (const struct node *child = node->literals; child; child = child->next) {
        if (pr_str_eq(child->segment, segment)) {
            found = more ? find(child, after, match) : child;
            if (found && (more || found->routes_count > 0))
                return found;
        }
    }
    if (node->param && segment.n > 0) {
        match->values[match->count++] = segment;
        found = more ? find(node->param, after, match) : node->param;
        if (found && (more || found->routes_count > 0))
            return found;
        match->count--;
    }
    if (node->rest)
        match->values[match->count++] = path;
    return node->rest;
}

static bool climbs(struct pr_str path)
{
    struct pr_str segment;
    bool more;
    do {
        more = pr_str_cut(path, '/', &segment, &path);
        if (pr_str_is(segment, ".") || pr_str_is(segment, ".."))
            return true;
    } while (more);
    return false;
}

static bool decode_values(struct pr_arena *arena, struct router_match *match)
{
    for (unsigned i = 0; i < match->count; i++) {
        if (!uri_decode_text(arena, match->values[i], false, &match->values[i]) ||
            climbs(match->values[i]))
            return false;
    }
    return true;
}

static const struct http_route *route_for(const struct node *node, struct pr_str method)
{
    const struct http_route *any = NULL;
    for (size_t i = 0; i < node->routes_count; i++) {
        const struct http_route *route = node->routes[i];
        if (pr_str_is(method, route->method))
            return route;
        if (pr_str_is(pr_str("*"), route->method) ||
            (pr_str_is(method, "HEAD") && pr_str_is(pr_str("GET"), route->method)))
            any = route;
    }
    return any;
}

static void list_methods(const struct node *node, char *out, size_t size)
{
    struct pr_buf list;
    pr_buf_init(&list, size - 1);
    for (size_t i = 0; i < node->routes_count; i++) {
        const char *method = node->routes[i]->method;
        pr_buf_puts(&list, list.n ? ", " : "");
        pr_buf_puts(&list, method);
        if (strcmp(method, "GET") == 0)
            pr_buf_puts(&list, ", HEAD");
    }
    pr_str_copy(pr_buf_str(&list), out, size);
    pr_buf_fini(&list);
}

enum router_result router_find(const struct router *router, struct pr_str method,
                               struct pr_str path, struct pr_arena *arena, struct router_match *out)
{
    out->route = NULL;
    out->count = 0;
    if (path.n == 0 || path.p[0] != '/')
        return ROUTER_NO_PATH;
    const struct node *node = find(&router->root, pr_str_n(path.p + 1, path.n - 1), out);
    if (!node)
        return ROUTER_NO_PATH;
    if (!decode_values(arena, out))
        return ROUTER_BAD_PATH;
    out->route = route_for(node, method);
    if (!out->route) {
        list_methods(node, out->allow, sizeof out->allow);
        return ROUTER_NO_METHOD;
    }
    return ROUTER_FOUND;
}

struct pr_str router_param(const struct router_match *match, const char *name)
{
    struct pr_str path = pr_str(match->route->path), segment;
    unsigned i = 0;
    while (pr_str_cut(path, '/', &segment, &path) || segment.n > 0) {
        if (!is_param(segment))
            continue;
        size_t n = segment.n - (is_rest(segment) ? 5 : 2);
        if (pr_str_is(pr_str_n(segment.p + 1, n), name))
            return match->values[i];
        i++;
    }
    return pr_str_n(NULL, 0);
}
