/* Path and query of a request: the first line is the path, the rest the query. */
#include "shared/http/router.h"
#include "shared/http/uri.h"

#include "shared/base/utf8.h"

#include <assert.h>

static const struct http_route routes[] = {
    {"GET", "/", NULL, HTTP_PUBLIC, 0, NULL},
    {"GET", "/media", NULL, HTTP_PUBLIC, 0, NULL},
    {"POST", "/media/finalize", NULL, HTTP_PUBLIC, 0, NULL},
    {"GET", "/media/{id}/tags/{tag}", NULL, HTTP_PUBLIC, 0, NULL},
    {"*", "/files/{path...}", NULL, HTTP_PUBLIC, 0, NULL},
    {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct router *router;
    struct pr_arena arena = {NULL};
    struct pr_str path, text;
    struct router_match match;
    struct query query;
    if (!router)
        router = router_create(routes);
    pr_str_cut(pr_str_n(data, size), '\n', &path, &text);
    if (router_find(router, pr_str("GET"), path, &arena, &match) == ROUTER_FOUND) {
        for (unsigned i = 0; i < match.count; i++)
            assert(pr_utf8_valid(match.values[i]));
        router_param(&match, "path");
    }
    if (query_parse(&arena, text, &query)) {
        for (unsigned i = 0; i < query.count; i++)
            assert(pr_utf8_valid(query.names[i]) && pr_utf8_valid(query.values[i]));
    }
    pr_arena_fini(&arena);
    return 0;
}
