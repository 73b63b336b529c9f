/* Uploads in parts. A store may take minutes to complete one, and whoever waited for it asks again:
 * so an upload is completed once at a time here, and all who ask meanwhile get that answer.
 *
 *     begin: find -> create, unless one was found
 *     abort all: find -> abort -> find -> …, until none is found */
#include "services/media/adapters/media_s3_parts.h"

#include "shared/base/alloc.h"
#include "shared/s3/multipart.h"

#include <assert.h>

#define URL_MAX_BYTES ((size_t)4096)
#define ABORTS_MAX                                                                                 \
    100 /* uploads of one key: a store that lists what it aborted shall not keep us */

_Static_assert(MEDIA_UPLOAD_ID_MAX == S3_UPLOAD_ID_MAX, "the domain keeps what the store gives");
_Static_assert(MEDIA_PARTS_MAX == S3_PARTS_MAX, "the domain knows the store's limit");

static struct media_s3 *self(struct object_store *port)
{
    return PR_CONTAINER(port, struct media_s3, port);
}

/* ---- begin ---- */

struct begin_op {
    struct s3 *s3;
    const struct media *media;
    struct s3_upload upload;
    char *upload_id;
    struct pr_done done;
};

static void begun(void *arg, enum pr_err err)
{
    struct begin_op *op = arg;
    if (!err)
        memcpy(op->upload_id, op->upload.id, sizeof op->upload.id);
    pr_done_call(op->done, err);
    free(op);
}

static void looked(void *arg, enum pr_err err)
{
    struct begin_op *op = arg;
    if (err || op->upload.found)
        begun(op, err);
    else
        s3_upload_create(op->s3, pr_str(op->media->object_key), pr_str(op->media->type->name),
                         &op->upload, (struct pr_done){begun, op});
}

void media_s3_begin_upload(struct object_store *port, const struct media *media,
                           char upload_id[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done)
{
    struct begin_op *op = PR_NEW(struct begin_op);
    *op = (struct begin_op){
        .s3 = self(port)->s3, .media = media, .upload_id = upload_id, .done = done};
    s3_upload_find(op->s3, pr_str(media->object_key), &op->upload, (struct pr_done){looked, op});
}

/* ---- list ---- */

struct list_op {
    struct s3_parts parts;
    struct stored_parts *out;
    struct pr_done done;
};

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    struct stored_parts *out = op->out;
    if (!err && op->parts.n > 0) {
        out->items = pr_arena_alloc(&out->arena, op->parts.n * sizeof *out->items);
        out->n = op->parts.n;
    }
    for (size_t i = 0; i < out->n; i++) {
        const struct s3_stored_part *part = &op->parts.items[i];
        out->items[i] = (struct stored_part){
            .number = part->number, .size_bytes = part->size_bytes, .has_sha256 = part->has_sha256};
        memcpy(out->items[i].sha256, part->sha256, sizeof part->sha256);
        memcpy(out->items[i].tag, part->etag, sizeof part->etag);
    }
    s3_parts_fini(&op->parts);
    pr_done_call(op->done, err);
    free(op);
}

void media_s3_list_parts(struct object_store *port, const struct media *media,
                         struct stored_parts *out, struct pr_done done)
{
    struct list_op *op = PR_NEW(struct list_op);
    op->out = out;
    op->done = done;
    s3_upload_list(self(port)->s3, pr_str(media->object_key), pr_str(media->upload_id), &op->parts,
                   (struct pr_done){listed, op});
}

/* ---- complete ---- */

struct waiter {
    struct waiter *next;
    struct pr_done done;
};

struct completion {
    struct completion *next;
    struct media_s3 *store;
    char upload_id[MEDIA_UPLOAD_ID_MAX + 1];
    struct waiter *waiters;
};

static void completed(void *arg, enum pr_err err)
{
    struct completion *completion = arg;
    struct completion **link = &completion->store->completions;
    while (*link != completion)
        link = &(*link)->next;
    *link = completion->next;
    for (struct waiter *waiter = completion->waiters; waiter;) {
        struct waiter *next = waiter->next;
        pr_done_call(waiter->done, err == PR_ERR_NOT_FOUND ? PR_OK : err);
        free(waiter);
        waiter = next;
    }
    free(completion);
}

static void wait_for(struct completion *completion, struct pr_done done)
{
    struct waiter *waiter = PR_NEW(struct waiter);
    *waiter = (struct waiter){completion->waiters, done};
    completion->waiters = waiter;
}

void media_s3_complete_upload(struct object_store *port, const struct media *media,
                              const struct stored_part *parts, size_t n, struct pr_done done)
{
    struct media_s3 *store = self(port);
    struct completion *completion = store->completions;
    while (completion && strcmp(completion->upload_id, media->upload_id) != 0)
        completion = completion->next;
    if (completion) {
        wait_for(completion, done);
        return;
    }
    completion = PR_NEW(struct completion);
    completion->store = store;
    completion->next = store->completions;
    store->completions = completion;
    memcpy(completion->upload_id, media->upload_id, sizeof completion->upload_id);
    wait_for(completion, done);

    struct s3_stored_part *items = pr_alloc(n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        items[i].number = parts[i].number;
        items[i].size_bytes = parts[i].size_bytes;
        items[i].has_sha256 = parts[i].has_sha256;
        memcpy(items[i].sha256, parts[i].sha256, sizeof items[i].sha256);
        memcpy(items[i].etag, parts[i].tag, sizeof items[i].etag);
    }
    s3_upload_complete(store->slow, pr_str(media->object_key), pr_str(media->upload_id), items, n,
                       (struct pr_done){completed, completion});
    free(items);
}

/* ---- abort ---- */

struct abort_op {
    struct s3 *s3;
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    struct s3_upload upload;
    int aborts;
    struct pr_done done;
};

static void find_another(void *arg, enum pr_err err);

static void abort_found(void *arg, enum pr_err err)
{
    struct abort_op *op = arg;
    if (!err && op->upload.found && op->aborts++ < ABORTS_MAX) {
        s3_upload_abort(op->s3, pr_str(op->key), pr_str(op->upload.id),
                        (struct pr_done){find_another, op});
        return;
    }
    pr_done_call(op->done, !err && op->upload.found ? PR_ERR_UNAVAILABLE : err);
    free(op);
}

static void find_another(void *arg, enum pr_err err)
{
    struct abort_op *op = arg;
    if (err)
        abort_found(op, err);
    else
        s3_upload_find(op->s3, pr_str(op->key), &op->upload, (struct pr_done){abort_found, op});
}

void media_s3_abort_upload(struct object_store *port, const char *key, const char *upload_id,
                           struct pr_done done)
{
    struct media_s3 *store = self(port);
    if (upload_id) {
        s3_upload_abort(store->s3, pr_str(key), pr_str(upload_id), done);
        return;
    }
    struct abort_op *op = PR_NEW(struct abort_op);
    bool fits = pr_str_copy(pr_str(key), op->key, sizeof op->key);
    assert(fits);
    (void)fits;
    op->s3 = store->s3;
    op->done = done;
    find_another(op, PR_OK);
}

/* ---- sign ---- */

enum pr_err media_s3_sign_part(struct object_store *port, const struct media *media, int64_t number,
                               const uint8_t sha256[MEDIA_SHA256_BYTES], int64_t expires_in_s,
                               struct pr_arena *arena, struct signed_upload *out)
{
    struct s3_header headers[S3_PART_HEADERS];
    struct s3_part part = {
        .key = pr_str(media->object_key),
        .upload_id = pr_str(media->upload_id),
        .number = number,
        .size_bytes = media_part_bytes(media, number),
    };
    struct pr_buf url;
    memcpy(part.sha256, sha256, sizeof part.sha256);
    pr_buf_init(&url, URL_MAX_BYTES);
    bool fits = s3_presign_part(self(port)->s3, &part, expires_in_s, &url, headers);
    out->url = pr_arena_copy(arena, pr_buf_str(&url));
    out->headers_n = S3_PART_HEADERS;
    for (size_t i = 0; i < S3_PART_HEADERS; i++) {
        out->headers[i].name = pr_str(headers[i].name);
        out->headers[i].value = pr_arena_copy(arena, pr_str(headers[i].value));
    }
    pr_buf_fini(&url);
    return fits ? PR_OK : PR_ERR_INTERNAL;
}
