#include "tests/support/fake_object_store.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/support/test.h"

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
    memcpy(object->sha256, sha256, sizeof object->sha256);
}

struct args {
    struct fake_object_store *store;
    const char *key;
    struct stored_object *out;
};

static enum pr_err head_effect(const void *arg)
{
    const struct args *args = arg;
    size_t i = find(args->store, args->key);
    *args->out = (struct stored_object){.found = i < args->store->objects_n};
    if (args->out->found) {
        const struct fake_object *object = &args->store->objects[i];
        args->out->size_bytes = object->size_bytes;
        args->out->has_sha256 = !args->store->no_checksums;
        if (args->out->has_sha256)
            memcpy(args->out->sha256, object->sha256, sizeof args->out->sha256);
    }
    return PR_OK;
}

static void head(struct object_store *port, const char *key, struct stored_object *out,
                 struct pr_done done)
{
    struct args args = {self(port), key, out};
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
    struct args args = {self(port), key, NULL};
    gate_pass(args.store->gate, "remove_object", remove_effect, &args, sizeof args, done);
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
            },
        .gate = gate,
    };
}
