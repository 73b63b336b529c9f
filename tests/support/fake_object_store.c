#include "tests/support/fake_object_store.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/support/test.h"

#include <stdio.h>

static struct fake_object_store *self(struct object_store *port)
{
    return PR_CONTAINER(port, struct fake_object_store, port);
}

static size_t find(const struct fake_object_store *store, const char *key)
{
    size_t i = 0;
    while (i < store->objects_n && strcmp(store->objects[i].key, key) != 0)
        i++;
    return i;
}

bool fake_object_store_has(const struct fake_object_store *store, const char *key)
{
    return find(store, key) < store->objects_n;
}

void fake_object_store_put(struct fake_object_store *store, const char *key, int64_t size_bytes,
                           const uint8_t sha256[MEDIA_SHA256_BYTES])
{
    size_t i = find(store, key);
    assert_true(i < FAKE_OBJECTS);
    if (i == store->objects_n)
        store->objects_n++;
    struct fake_object *object = &store->objects[i];
    assert_true(pr_str_copy(pr_str(key), object->key, sizeof object->key));
    object->size_bytes = size_bytes;
    object->of_parts = false;
    memcpy(object->sha256, sha256, sizeof object->sha256);
}

struct args {
    struct fake_object_store *store;
    const char *key;
    struct stored_object *out;
    const struct media *media;
    char *upload_id;
    const char *wanted_id;
    struct stored_parts *parts_out;
};

static enum pr_err head_effect(const void *arg)
{
    const struct args *args = arg;
    size_t i = find(args->store, args->key);
    *args->out = (struct stored_object){.found = i < args->store->objects_n};
    if (args->out->found) {
        const struct fake_object *object = &args->store->objects[i];
        args->out->size_bytes = object->size_bytes;
        args->out->has_sha256 = !args->store->no_checksums && !object->of_parts;
        if (args->out->has_sha256)
            memcpy(args->out->sha256, object->sha256, sizeof args->out->sha256);
    }
    return PR_OK;
}

static void head(struct object_store *port, const char *key, struct stored_object *out,
                 struct pr_done done)
{
    struct args args = {.store = self(port), .key = key, .out = out};
    gate_pass(args.store->gate, "head", head_effect, &args, sizeof args, done);
}

static enum pr_err remove_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_object_store *store = args->store;
    size_t i = find(store, args->key);
    if (i < store->objects_n)
        store->objects[i] = store->objects[--store->objects_n];
    return PR_OK;
}

static void remove_object(struct object_store *port, const char *key, struct pr_done done)
{
    struct args args = {.store = self(port), .key = key};
    gate_pass(args.store->gate, "remove_object", remove_effect, &args, sizeof args, done);
}

/* ---- uploads in parts ---- */

static struct fake_upload *find_upload(struct fake_object_store *store, const char *key,
                                       const char *id)
{
    for (size_t i = 0; i < store->uploads_n; i++) {
        struct fake_upload *upload = &store->uploads[i];
        if ((!key || strcmp(upload->key, key) == 0) && (!id || strcmp(upload->id, id) == 0))
            return upload;
    }
    return NULL;
}

const char *fake_object_store_begin(struct fake_object_store *store, const char *key)
{
    assert_true(store->uploads_n < FAKE_UPLOADS);
    struct fake_upload *upload = &store->uploads[store->uploads_n++];
    *upload = (struct fake_upload){.parts_n = 0};
    assert_true(pr_str_copy(pr_str(key), upload->key, sizeof upload->key));
    snprintf(upload->id, sizeof upload->id, "upload-%u", ++store->begun);
    return upload->id;
}

void fake_object_store_put_part(struct fake_object_store *store, const char *upload_id,
                                int64_t number, int64_t size_bytes)
{
    struct fake_upload *upload = find_upload(store, NULL, upload_id);
    size_t i = 0;
    assert_non_null(upload);
    while (i < upload->parts_n && upload->parts[i].number < number)
        i++;
    if (i == upload->parts_n || upload->parts[i].number != number) {
        assert_true(upload->parts_n < FAKE_PARTS);
        memmove(&upload->parts[i + 1], &upload->parts[i],
                (upload->parts_n - i) * sizeof upload->parts[0]);
        upload->parts_n++;
    }
    upload->parts[i] = (struct stored_part){.number = number, .size_bytes = size_bytes};
    snprintf(upload->parts[i].tag, sizeof upload->parts[i].tag, "tag-%u", ++store->begun);
}

static enum pr_err begin_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_upload *upload = find_upload(args->store, args->media->object_key, NULL);
    const char *id =
        upload ? upload->id : fake_object_store_begin(args->store, args->media->object_key);
    assert_true(pr_str_copy(pr_str(id), args->upload_id, MEDIA_UPLOAD_ID_MAX + 1));
    return PR_OK;
}

static void begin_upload(struct object_store *port, const struct media *media,
                         char upload_id[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done)
{
    struct args args = {.store = self(port), .media = media, .upload_id = upload_id};
    gate_pass(args.store->gate, "begin_upload", begin_effect, &args, sizeof args, done);
}

static enum pr_err list_parts_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_upload *upload =
        find_upload(args->store, args->media->object_key, args->media->upload_id);
    struct stored_parts *out = args->parts_out;
    if (!upload)
        return PR_OK;
    out->items = pr_arena_alloc(&out->arena, sizeof upload->parts);
    memcpy(out->items, upload->parts, sizeof upload->parts);
    out->n = upload->parts_n;
    return PR_OK;
}

static void list_stored_parts(struct object_store *port, const struct media *media,
                              struct stored_parts *out, struct pr_done done)
{
    struct args args = {.store = self(port), .media = media, .parts_out = out};
    gate_pass(args.store->gate, "list_parts", list_parts_effect, &args, sizeof args, done);
}

static void forget_upload(struct fake_object_store *store, struct fake_upload *upload)
{
    *upload = store->uploads[--store->uploads_n];
}

struct complete_args {
    struct fake_object_store *store;
    const struct media *media;
    struct stored_part parts[FAKE_PARTS];
    size_t n;
};

static enum pr_err complete_effect(const void *arg)
{
    static const uint8_t unknown[MEDIA_SHA256_BYTES];
    const struct complete_args *args = arg;
    struct fake_object_store *store = args->store;
    struct fake_upload *upload =
        find_upload(store, args->media->object_key, args->media->upload_id);
    int64_t size_bytes = 0;
    assert_true(args->n > 0);
    if (!upload)
        return PR_OK;
    for (size_t i = 0; i < args->n; i++) {
        assert_int_equal(args->parts[i].number, i + 1);
        if (i >= upload->parts_n || strcmp(args->parts[i].tag, upload->parts[i].tag) != 0)
            return PR_ERR_CONFLICT;
        size_bytes += upload->parts[i].size_bytes;
    }
    fake_object_store_put(store, upload->key, size_bytes, unknown);
    store->objects[find(store, upload->key)].of_parts = true;
    forget_upload(store, upload);
    return PR_OK;
}

static void complete_upload(struct object_store *port, const struct media *media,
                            const struct stored_part *parts, size_t n, struct pr_done done)
{
    struct complete_args args = {.store = self(port), .media = media, .n = n};
    assert_true(n <= FAKE_PARTS);
    memcpy(args.parts, parts, n * sizeof *parts);
    gate_pass(args.store->gate, "complete_upload", complete_effect, &args, sizeof args, done);
}

static enum pr_err abort_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_upload *upload;
    while ((upload = find_upload(args->store, args->key, args->wanted_id)))
        forget_upload(args->store, upload);
    return PR_OK;
}

static void abort_upload(struct object_store *port, const char *key, const char *upload_id,
                         struct pr_done done)
{
    struct args args = {.store = self(port), .key = key, .wanted_id = upload_id};
    gate_pass(args.store->gate, "abort_upload", abort_effect, &args, sizeof args, done);
}

static enum pr_err sign_part(struct object_store *port, const struct media *media, int64_t number,
                             const uint8_t sha256[MEDIA_SHA256_BYTES], int64_t expires_in_s,
                             struct pr_arena *arena, struct signed_upload *out)
{
    enum pr_err err = gate_pass_now(self(port)->gate);
    char checksum[PR_BASE64_SIZE(MEDIA_SHA256_BYTES)];
    if (err)
        return err;
    pr_base64_encode(sha256, MEDIA_SHA256_BYTES, checksum);
    out->url = pr_str(pr_arena_printf(
        arena, "https://store.test/%s?upload=%s&part=%lld&expires=%lld", media->object_key,
        media->upload_id, (long long)number, (long long)expires_in_s));
    out->headers[0].name = pr_str("content-length");
    out->headers[0].value =
        pr_str(pr_arena_printf(arena, "%lld", (long long)media_part_bytes(media, number)));
    out->headers[1].name = pr_str("x-amz-checksum-sha256");
    out->headers[1].value = pr_arena_copy(arena, pr_str(checksum));
    out->headers_n = 2;
    return PR_OK;
}

static enum pr_err sign_upload(struct object_store *port, const struct media *media,
                               int64_t expires_in_s, struct pr_arena *arena,
                               struct signed_upload *out)
{
    char checksum[PR_BASE64_SIZE(MEDIA_SHA256_BYTES)];
    enum pr_err err = gate_pass_now(self(port)->gate);
    if (err)
        return err;
    pr_base64_encode(media->sha256, sizeof media->sha256, checksum);
    out->url = pr_str(pr_arena_printf(arena, "https://store.test/%s?expires=%lld",
                                      media->object_key, (long long)expires_in_s));
    out->headers[0].name = pr_str("content-length");
    out->headers[0].value = pr_str(pr_arena_printf(arena, "%lld", (long long)media->size_bytes));
    out->headers[1].name = pr_str("content-type");
    out->headers[1].value = pr_str(media->type->name);
    out->headers[2].name = pr_str("x-amz-checksum-sha256");
    out->headers[2].value = pr_arena_copy(arena, pr_str(checksum));
    out->headers_n = 3;
    return PR_OK;
}

static enum pr_err sign_download(struct object_store *port, const char *key,
                                 const char *content_type, const char *filename,
                                 int64_t expires_in_s, struct pr_arena *arena, struct pr_str *url)
{
    enum pr_err err = gate_pass_now(self(port)->gate);
    if (err)
        return err;
    *url =
        pr_str(pr_arena_printf(arena, "https://store.test/%s?type=%s&save-as=%s&expires=%lld", key,
                               content_type, filename ? filename : "", (long long)expires_in_s));
    return PR_OK;
}

void fake_object_store_init(struct fake_object_store *store, struct gate *gate)
{
    *store = (struct fake_object_store){
        .port =
            {
                .head = head,
                .remove = remove_object,
                .sign_upload = sign_upload,
                .sign_download = sign_download,
                .begin_upload = begin_upload,
                .list_parts = list_stored_parts,
                .complete_upload = complete_upload,
                .abort_upload = abort_upload,
                .sign_part = sign_part,
            },
        .gate = gate,
    };
}
