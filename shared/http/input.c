#include "shared/http/input.h"

#include "shared/base/encode.h"

#include <stdio.h>

#define PAGE_DEFAULT 20
#define PAGE_MAX 100

static bool wrong(struct pr_fault *fault, const char *field, const char *detail)
{
    (void)pr_fault_set(fault, PR_ERR_INVALID, field, "%s", detail);
    return false;
}

static bool read_text(struct pr_arena *arena, const struct input_field *field, const json_t *value,
                      struct pr_str *out, struct pr_fault *fault)
{
    if (!json_is_string(value))
        return wrong(fault, field->name, "must be a string");
    struct pr_str text = pr_str_n(json_string_value(value), json_string_length(value));
    if (text.n > (size_t)field->max) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field->name, "must be at most %lld bytes",
                           (long long)field->max);
        return false;
    }
    *out = pr_arena_copy(arena, text);
    return true;
}

static bool read_integer(const struct input_field *field, const json_t *value, int64_t *out,
                         struct pr_fault *fault)
{
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value))
        return wrong(fault, field->name, "must be a whole number");
    if (number < field->min || number > field->max) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field->name, "must be %lld to %lld",
                           (long long)field->min, (long long)field->max);
        return false;
    }
    *out = number;
    return true;
}

static bool is_word(const json_t *value)
{
    return json_string_length(value) > 0 && !strchr(json_string_value(value), ' ');
}

static bool read_words(struct pr_arena *arena, const struct input_field *field, const json_t *value,
                       struct pr_str *out, struct pr_fault *fault)
{
    struct pr_buf words;
    size_t i;
    const json_t *word;
    bool good = json_is_array(value);
    pr_buf_init(&words, (size_t)field->max);
    json_array_foreach(value, i, word)
    {
        good = good && is_word(word);
        if (good) {
            pr_buf_puts(&words, i > 0 ? " " : "");
            pr_buf_puts(&words, json_string_value(word));
        }
    }
    good = good && !words.full;
    if (good)
        *out = pr_arena_copy(arena, pr_buf_str(&words));
    pr_buf_fini(&words);
    return good || wrong(fault, field->name, "must be an array of words");
}

static bool parse_id(const json_t *value, struct pr_uuid *out)
{
    return pr_uuid_parse(pr_str_n(json_string_value(value), json_string_length(value)), out);
}

static bool read_id_or_null(const struct input_field *field, const json_t *value,
                            struct pr_uuid *out, struct pr_fault *fault)
{
    if (json_is_null(value)) {
        *out = (struct pr_uuid){{0}};
        return true;
    }
    return (parse_id(value, out) && !pr_uuid_is_nil(out)) ||
           wrong(fault, field->name, "must be a UUID or null");
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pr_uuid));
}

static bool has_twice(struct pr_arena *arena, const struct pr_uuid *ids, size_t n)
{
    if (n < 2)
        return false;
    struct pr_uuid *sorted = pr_arena_alloc(arena, n * sizeof *sorted);
    memcpy(sorted, ids, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_ids);
    bool twice = false;
    for (size_t i = 1; i < n && !twice; i++)
        twice = pr_uuid_eq(&sorted[i - 1], &sorted[i]);
    return twice;
}

static bool read_ids(struct pr_arena *arena, const struct input_field *field, const json_t *value,
                     struct input_ids *out, struct pr_fault *fault)
{
    size_t i, n = json_array_size(value);
    const json_t *id;
    if (!json_is_array(value))
        return wrong(fault, field->name, "must be an array of UUIDs");
    if (n < (size_t)field->min || n > (size_t)field->max) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field->name, "must be %lld to %lld UUIDs",
                           (long long)field->min, (long long)field->max);
        return false;
    }
    struct pr_uuid *ids = pr_arena_alloc(arena, (n + 1) * sizeof *ids); /* never NULL */
    json_array_foreach(value, i, id)
    {
        if (!parse_id(id, &ids[i]))
            return wrong(fault, field->name, "must be an array of UUIDs");
    }
    if (has_twice(arena, ids, n))
        return wrong(fault, field->name, "must not name one twice");
    *out = (struct input_ids){ids, n};
    return true;
}

static bool read_members(json_t *body, struct pr_arena *arena, const struct input_field *fields,
                         void *out, struct pr_fault *fault);

static bool read_object(struct pr_arena *arena, const struct input_field *field, json_t *item,
                        size_t i, struct input_objects *out, struct pr_fault *fault)
{
    char member[sizeof fault->field];
    if (!json_is_object(item)) {
        snprintf(member, sizeof member, "%s[%zu]", field->name, i);
        return wrong(fault, member, "must be an object");
    }
    if (read_members(item, arena, out->fields, (char *)out->items + i * out->size, fault))
        return true;
    snprintf(member, sizeof member, "%s[%zu].%.24s", field->name, i, fault->field);
    memcpy(fault->field, member, sizeof member);
    return false;
}

static bool read_objects(struct pr_arena *arena, const struct input_field *field,
                         const json_t *value, struct input_objects *out, struct pr_fault *fault)
{
    size_t i, n = json_array_size(value);
    json_t *item;
    if (!json_is_array(value) || n < (size_t)field->min || n > (size_t)field->max) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field->name,
                           "must be an array of %lld to %lld objects", (long long)field->min,
                           (long long)field->max);
        return false;
    }
    out->n = n;
    out->items = pr_arena_alloc(arena, n * out->size);
    json_array_foreach(value, i, item)
    {
        if (!read_object(arena, field, item, i, out, fault))
            return false;
    }
    return true;
}

static bool read_value(struct pr_arena *arena, const struct input_field *field, const json_t *value,
                       void *out, struct pr_fault *fault)
{
    switch (field->type) {
    case INPUT_TEXT:
        return read_text(arena, field, value, out, fault);
    case INPUT_INTEGER:
        return read_integer(field, value, out, fault);
    case INPUT_WORDS:
        return read_words(arena, field, value, out, fault);
    case INPUT_ID:
        return parse_id(value, out) || wrong(fault, field->name, "must be a UUID");
    case INPUT_ID_OR_NULL:
        return read_id_or_null(field, value, out, fault);
    case INPUT_IDS:
        return read_ids(arena, field, value, out, fault);
    case INPUT_OBJECTS:
        return read_objects(arena, field, value, out, fault);
    case INPUT_BOOLEAN:
        if (!json_is_boolean(value))
            return wrong(fault, field->name, "must be true or false");
        *(int *)out = json_is_true(value);
        return true;
    case INPUT_FIXED:
        break;
    }
    return wrong(fault, field->name, "cannot be changed");
}

static const struct input_field *end_of(const struct input_field *fields)
{
    while (fields->name)
        fields++;
    return fields;
}

/* Every member has a field in the table. */
static bool all_known(json_t *body, const struct input_field *fields, struct pr_fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        const struct input_field *field = fields;
        while (field->name && strcmp(field->name, name) != 0)
            field++;
        if (!field->name)
            return wrong(fault, name, "is not known here");
    }
    return true;
}

static bool read_members(json_t *body, struct pr_arena *arena, const struct input_field *fields,
                         void *out, struct pr_fault *fault)
{
    for (const struct input_field *field = fields; field->name; field++) {
        const json_t *value = json_object_get(body, field->name);
        if (value && !read_value(arena, field, value, (char *)out + field->offset, fault))
            return false;
        if (!value && field->required)
            return wrong(fault, field->name, "is required");
    }
    return !end_of(fields)->required || all_known(body, fields, fault);
}

bool input_read(struct http_request *req, const struct input_field *fields, void *out,
                struct pr_fault *fault)
{
    json_t *body = http_req_json(req, fault);
    bool good = body && read_members(body, http_req_arena(req), fields, out, fault);
    json_decref(body);
    return good;
}

bool input_id(const struct http_request *req, struct pr_uuid *out, struct pr_fault *fault)
{
    return input_param_id(req, "id", out, fault);
}

bool input_param_id(const struct http_request *req, const char *name, struct pr_uuid *out,
                    struct pr_fault *fault)
{
    return pr_uuid_parse(http_req_param(req, name), out) || wrong(fault, name, "must be a UUID");
}

bool input_page(const struct http_request *req, size_t *limit, struct pr_uuid *before_id,
                struct pr_fault *fault)
{
    struct pr_str text;
    int64_t count = PAGE_DEFAULT;
    size_t n = sizeof before_id->b;
    *before_id = (struct pr_uuid){{0}};
    if (http_req_query(req, "limit", &text) && !pr_str_to_int(text, 1, PAGE_MAX, &count)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, "limit", "must be 1 to %d", PAGE_MAX);
        return false;
    }
    *limit = (size_t)count;
    if (!http_req_query(req, "cursor", &text) ||
        (pr_base64url_decode(text, before_id->b, &n) && n == sizeof before_id->b))
        return true;
    return wrong(fault, "cursor", "must be a next_cursor of this list");
}

json_t *input_page_to_json(json_t *items, const struct pr_uuid *last)
{
    char cursor[PR_BASE64URL_SIZE(sizeof last->b)];
    if (last)
        pr_base64url_encode(last->b, sizeof last->b, cursor);
    return json_pack("{s:o, s:s?}", "items", items, "next_cursor", last ? cursor : NULL);
}
