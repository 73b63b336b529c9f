/* The depth scanner against a parser that counts as well: what the scanner lets through, and is
 * JSON, is not deeper. */
#include "shared/http/json.h"

#include <assert.h>
#include <jansson.h>

static unsigned depth_of(const json_t *json)
{
    unsigned deepest = 0;
    const char *key;
    size_t i;
    json_t *child;
    if (json_is_array(json)) {
        json_array_foreach(json, i, child)
        {
            unsigned depth = depth_of(child);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (json_is_object(json)) {
        json_object_foreach((json_t *)(uintptr_t)json, key, child)
        {
            unsigned depth = depth_of(child);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pr_str text = pr_str_n(data, size);
    json_error_t error;
    bool within = json_depth_within(text, JSON_DEPTH_MAX);
    json_t *json = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json)
        assert(within == (depth_of(json) <= JSON_DEPTH_MAX));
    json_decref(json);
    return 0;
}
