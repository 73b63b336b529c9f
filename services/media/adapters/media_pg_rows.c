#include "services/media/adapters/media_pg_rows.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <jansson.h>

enum {
    ID,
    OWNER_ID,
    VERSION,
    STATE,
    CONTENT_TYPE,
    FILENAME,
    OBJECT_KEY,
    SIZE_BYTES,
    SHA256,
    CREATED_AT,
    UPLOAD_EXPIRES_AT,
    FINALIZED_AT,
    WIDTH,
    HEIGHT,
    DURATION_MS,
    DEGRADED,
    PLACEHOLDER,
    RENDITIONS,
    REJECT_REASON,
    CRC32,
    EVENT_ID,
    PART_SIZE_BYTES,
    UPLOAD_ID,
    COLUMNS
};

const int media_columns = COLUMNS;

static int64_t int_or_0(const struct pg_result *result, size_t row, int column)
{
    return pg_is_null(result, row, column) ? 0 : pg_int(result, row, column);
}

static struct pr_uuid uuid_or_nil(const struct pg_result *result, size_t row, int column)
{
    const struct pr_uuid nil = {{0}};
    return pg_is_null(result, row, column) ? nil : pg_uuid(result, row, column);
}

/* Everything in a row was bounded when it was written. */
static void copy_text(struct pr_str text, char *out, size_t size)
{
    bool fits = pr_str_copy(text, out, size);
    assert(fits);
    (void)fits;
}

static size_t copy_bytes(struct pr_str bytes, uint8_t *out, size_t size)
{
    assert(bytes.n <= size);
    if (bytes.n)
        memcpy(out, bytes.p, bytes.n);
    return bytes.n;
}

static void copy_member(const json_t *object, const char *name, char *out, size_t size)
{
    const json_t *text = json_object_get(object, name);
    copy_text(pr_str_n(json_string_value(text), json_string_length(text)), out, size);
}

static void renditions_from_json(struct pr_str text, struct media *out)
{
    size_t i;
    const json_t *item;
    json_t *list = json_loadb(text.p, text.n, 0, NULL);
    assert(json_array_size(list) <= MEDIA_RENDITIONS_MAX);
    json_array_foreach(list, i, item)
    {
        struct media_rendition *rendition = &out->renditions[i];
        copy_member(item, "name", rendition->name, sizeof rendition->name);
        copy_member(item, "object_key", rendition->object_key, sizeof rendition->object_key);
        copy_member(item, "content_type", rendition->content_type, sizeof rendition->content_type);
        rendition->width = json_integer_value(json_object_get(item, "width"));
        rendition->height = json_integer_value(json_object_get(item, "height"));
        rendition->size_bytes = json_integer_value(json_object_get(item, "size_bytes"));
        const json_t *crc32 = json_object_get(item, "crc32");
        rendition->crc32 = crc32 ? json_integer_value(crc32) : -1;
    }
    out->renditions_n = json_array_size(list);
    json_decref(list);
}

void media_from_row(const struct pg_result *r, size_t row, struct media *out)
{
    bool known = media_state_parse(pg_text(r, row, STATE), &out->state);
    out->type = media_type_parse(pg_text(r, row, CONTENT_TYPE));
    assert(known && out->type);
    (void)known;
    out->id = pg_uuid(r, row, ID);
    out->owner_id = pg_uuid(r, row, OWNER_ID);
    out->event_id = uuid_or_nil(r, row, EVENT_ID);
    out->version = pg_int(r, row, VERSION);
    copy_text(pg_text(r, row, FILENAME), out->filename, sizeof out->filename);
    copy_text(pg_text(r, row, OBJECT_KEY), out->object_key, sizeof out->object_key);
    out->size_bytes = pg_int(r, row, SIZE_BYTES);
    copy_bytes(pg_bytes(r, row, SHA256), out->sha256, sizeof out->sha256);
    out->part_size_bytes = int_or_0(r, row, PART_SIZE_BYTES);
    out->upload_id[0] = 0;
    if (!pg_is_null(r, row, UPLOAD_ID))
        copy_text(pg_text(r, row, UPLOAD_ID), out->upload_id, sizeof out->upload_id);
    out->created_at_ms = pg_time_ms(r, row, CREATED_AT);
    out->upload_expires_at_ms = pg_time_ms(r, row, UPLOAD_EXPIRES_AT);
    out->finalized_at_ms = pg_is_null(r, row, FINALIZED_AT) ? 0 : pg_time_ms(r, row, FINALIZED_AT);
    out->width = int_or_0(r, row, WIDTH);
    out->height = int_or_0(r, row, HEIGHT);
    out->duration_ms = int_or_0(r, row, DURATION_MS);
    out->degraded = pg_bool(r, row, DEGRADED);
    out->placeholder_n = 0;
    if (!pg_is_null(r, row, PLACEHOLDER))
        out->placeholder_n =
            copy_bytes(pg_bytes(r, row, PLACEHOLDER), out->placeholder, sizeof out->placeholder);
    renditions_from_json(pg_text(r, row, RENDITIONS), out);
    out->reject_reason[0] = 0;
    if (!pg_is_null(r, row, REJECT_REASON))
        copy_text(pg_text(r, row, REJECT_REASON), out->reject_reason, sizeof out->reject_reason);
    out->crc32 = (uint32_t)int_or_0(r, row, CRC32);
}

enum pr_err media_page_from_rows(void *arg, const struct pg_result *result)
{
    struct media_page *page = arg;
    page->items_n = pg_count(result);
    page->items = pr_arena_alloc(&page->arena, page->items_n * sizeof *page->items);
    for (size_t i = 0; i < page->items_n; i++)
        media_from_row(result, i, &page->items[i]);
    return PR_OK;
}

struct cut_op {
    struct media_page *page;
    size_t limit;
    struct pr_done done;
};

static void cut(void *arg, enum pr_err err)
{
    struct cut_op *op = arg;
    if (!err && op->page->items_n > op->limit) {
        op->page->items_n = op->limit;
        op->page->more = true;
    }
    pr_done_call(op->done, err);
    free(op);
}

struct pr_done media_page_cut(struct media_page *page, size_t limit, struct pr_done done)
{
    struct cut_op *op = PR_NEW(struct cut_op);
    *op = (struct cut_op){page, limit, done};
    return (struct pr_done){cut, op};
}

char *renditions_to_json(const struct media_rendered_msg *msg)
{
    json_t *list = json_array();
    for (size_t i = 0; i < msg->renditions_count; i++) {
        const struct rendition_msg *r = &msg->renditions[i];
        json_t *item =
            json_pack("{s:s%, s:s%, s:s%, s:I, s:I, s:I}", "name", r->name.p, r->name.n,
                      "object_key", r->object_key.p, r->object_key.n, "content_type",
                      r->content_type.p, r->content_type.n, "width", (json_int_t)r->width, "height",
                      (json_int_t)r->height, "size_bytes", (json_int_t)r->size_bytes);
        if (r->has_crc32)
            json_object_set_new(item, "crc32", json_integer(r->crc32));
        json_array_append_new(list, item);
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    assert(text);
    return text;
}

enum pr_err media_encode_created(const struct media *media, struct pr_buf *body)
{
    return media_created_encode(
        &(struct media_created_msg){
            .media_id = media->id,
            .owner_id = media->owner_id,
            .version = media->version,
            .filename = pr_str(media->filename),
            .content_type = pr_str(media->type->name),
            .size_bytes = media->size_bytes,
            .created_at_ms = media->created_at_ms,
        },
        body);
}
