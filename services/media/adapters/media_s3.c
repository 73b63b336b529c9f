#include "services/media/adapters/media_s3.h"

#include "services/media/adapters/media_s3_parts.h"
#include "shared/base/alloc.h"

#define URL_MAX_BYTES ((size_t)4096)

static struct media_s3 *self(struct object_store *port)
{
    return PR_CONTAINER(port, struct media_s3, port);
}

struct head_op {
    struct s3_object object;
    struct stored_object *out;
    struct pr_done done;
};

static void headed(void *arg, enum pr_err err)
{
    struct head_op *op = arg;
    if (!err) {
        op->out->found = op->object.found;
        op->out->size_bytes = op->object.size_bytes;
        op->out->has_sha256 = op->object.has_sha256;
        memcpy(op->out->sha256, op->object.sha256, sizeof op->out->sha256);
    }
    pr_done_call(op->done, err);
    free(op);
}

static void head(struct object_store *port, const char *key, struct stored_object *out,
                 struct pr_done done)
{
    struct head_op *op = PR_NEW(struct head_op);
    op->out = out;
    op->done = done;
    s3_head(self(port)->s3, pr_str(key), &op->object, (struct pr_done){headed, op});
}

static void remove_object(struct object_store *port, const char *key, struct pr_done done)
{
    s3_delete(self(port)->s3, pr_str(key), done);
}

static enum pr_err sign_upload(struct object_store *port, const struct media *media,
                               int64_t expires_in_s, struct pr_arena *arena,
                               struct signed_upload *out)
{
    struct media_s3 *store = self(port);
    struct s3_header headers[S3_PUT_HEADERS];
    struct s3_put put = {
        .key = pr_str(media->object_key),
        .content_type = pr_str(media->type->name),
        .size_bytes = media->size_bytes,
        .if_none_match = store->if_none_match,
    };
    struct pr_buf url;
    memcpy(put.sha256, media->sha256, sizeof put.sha256);
    pr_buf_init(&url, URL_MAX_BYTES);
    bool fits = s3_presign_put(store->s3, &put, expires_in_s, &url, headers, &out->headers_n);
    if (fits) {
        out->url = pr_arena_copy(arena, pr_buf_str(&url));
        for (size_t i = 0; i < out->headers_n; i++) {
            out->headers[i].name = pr_str(headers[i].name);
            out->headers[i].value = pr_arena_copy(arena, pr_str(headers[i].value));
        }
    }
    pr_buf_fini(&url);
    return fits ? PR_OK : PR_ERR_INTERNAL;
}

static enum pr_err sign_download(struct object_store *port, const char *key,
                                 const char *content_type, const char *filename,
                                 int64_t expires_in_s, struct pr_arena *arena, struct pr_str *url)
{
    struct pr_buf text;
    pr_buf_init(&text, URL_MAX_BYTES);
    bool fits =
        s3_presign_get(self(port)->s3, pr_str(key), content_type, filename, expires_in_s, &text);
    *url = pr_arena_copy(arena, pr_buf_str(&text));
    pr_buf_fini(&text);
    return fits ? PR_OK : PR_ERR_INTERNAL;
}

void media_s3_init(struct media_s3 *store, struct s3 *s3, struct s3 *slow, bool if_none_match)
{
    *store = (struct media_s3){
        .port =
            {
                .head = head,
                .remove = remove_object,
                .sign_upload = sign_upload,
                .sign_download = sign_download,
                .begin_upload = media_s3_begin_upload,
                .list_parts = media_s3_list_parts,
                .complete_upload = media_s3_complete_upload,
                .abort_upload = media_s3_abort_upload,
                .sign_part = media_s3_sign_part,
            },
        .s3 = s3,
        .slow = slow,
        .if_none_match = if_none_match,
    };
}
