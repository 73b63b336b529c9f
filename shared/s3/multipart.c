/* Uploads in parts: the services' requests, and the URLs for parts.
 *
 *     s3_upload_list: page -> page -> … -> done, until the store says that it was the last */
#include "shared/s3/multipart.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/s3/multipart_xml.h"
#include "shared/s3/private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define LIST_MAX_BYTES INT64_C(4194304) /* a page of 1000 parts or uploads, with long ids */
#define LIST_TIMEOUT_MS 30000
#define COMPLETE_TIMEOUT_MS 1800000 /* some stores copy every byte */
#define NUMBER_TEXT 24

static struct pr_str number_text(int64_t number, char text[NUMBER_TEXT])
{
    return pr_str_n(text, (size_t)snprintf(text, NUMBER_TEXT, "%" PRId64, number));
}

bool s3_presign_part(struct s3 *s3, const struct s3_part *part, int64_t expires_in_s,
                     struct pr_buf *out, struct s3_header headers[S3_PART_HEADERS])
{
    char number[NUMBER_TEXT];
    const struct s3_param params[] = {
        {"partNumber", number_text(part->number, number)},
        {"uploadId", part->upload_id},
    };
    const struct s3_request request = {.method = "PUT",
                                       .key = part->key,
                                       .headers = headers,
                                       .headers_count = S3_PART_HEADERS,
                                       .params = params,
                                       .params_count = PR_COUNT(params)};
    headers[0].name = "content-length";
    (void)snprintf(headers[0].value, sizeof(headers[0].value), "%" PRId64, part->size_bytes);
    headers[1].name = "x-amz-checksum-sha256";
    pr_base64_encode(part->sha256, SHA256_BYTES, headers[1].value);
    return s3_sign(&s3->signer, &s3->external, &request, pr_now_ms(s3->clock), expires_in_s, out);
}

/* ---- create ---- */

static enum pr_err read_created(struct s3_call *call)
{
    return multipart_read_created(pr_buf_str(&call->http.answer_body), call->out)
               ? PR_OK
               : s3_call_refused(call, pr_str("no UploadId"));
}

void s3_upload_create(struct s3 *s3, struct pr_str key, struct pr_str content_type,
                      struct s3_upload *out, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "POST", PR_ERR_UPSTREAM, done);
    *out = (struct s3_upload){0};
    call->out = out;
    call->read = read_created;
    call->http.timeout_ms = S3_SHORT_TIMEOUT_MS;
    call->params[call->params_count++] = (struct s3_param){"uploads", pr_str("")};
    call->headers[0].name = "content-type";
    bool fits = pr_str_copy(content_type, call->headers[0].value, sizeof(call->headers[0].value));
    assert(fits);
    (void)fits;
    call->headers[1] = (struct s3_header){"x-amz-checksum-algorithm", "SHA256"};
    s3_call_send(call, key, 2);
}

/* ---- find ---- */

struct find_op {
    struct s3_upload *out;
    char *key;
    struct pr_done done;
};

static enum pr_err read_uploads(struct s3_call *call)
{
    struct find_op *op = call->out;
    return multipart_read_uploads(pr_buf_str(&call->http.answer_body), pr_str(op->key), op->out)
               ? PR_OK
               : s3_call_refused(call, pr_str("no list of uploads"));
}

static void found(void *arg, enum pr_err err)
{
    struct find_op *op = arg;
    struct pr_done done = op->done;
    free(op->key);
    free(op);
    pr_done_call(done, err);
}

void s3_upload_find(struct s3 *s3, struct pr_str key, struct s3_upload *out, struct pr_done done)
{
    struct find_op *op = PR_NEW(struct find_op);
    struct s3_call *call = s3_call_new(s3, "GET", PR_ERR_UPSTREAM, (struct pr_done){found, op});
    *op = (struct find_op){out, pr_str_dup(key), done};
    *out = (struct s3_upload){0};
    call->out = op;
    call->read = read_uploads;
    call->http.timeout_ms = LIST_TIMEOUT_MS;
    call->http.max_bytes = LIST_MAX_BYTES;
    call->params[call->params_count++] = (struct s3_param){"prefix", key};
    call->params[call->params_count++] = (struct s3_param){"uploads", pr_str("")};
    s3_call_send(call, pr_str_n("", 0), 0);
}

/* ---- list ---- */

struct list_op {
    struct s3 *s3;
    char *key, *upload_id;
    struct s3_parts *out;
    int64_t marker, next; /* numbers before it are there; 0: no more pages */
    struct pr_done done;
};

static enum pr_err read_parts(struct s3_call *call)
{
    struct list_op *op = call->out;
    return multipart_read_parts(pr_buf_str(&call->http.answer_body), op->out, &op->next) &&
                   (op->next == 0 || op->next > op->marker)
               ? PR_OK
               : s3_call_refused(call, pr_str("no list of parts"));
}

static void list_page(struct list_op *op);

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    struct pr_done done = op->done;
    if (!err && op->next) {
        list_page(op);
        return;
    }
    free(op->key);
    free(op->upload_id);
    free(op);
    pr_done_call(done, err);
}

static void list_page(struct list_op *op)
{
    char marker[NUMBER_TEXT];
    struct s3_call *call = s3_call_new(op->s3, "GET", PR_OK, (struct pr_done){listed, op});
    op->marker = op->next;
    op->next = 0; /* a 404 is read by nobody */
    call->out = op;
    call->read = read_parts;
    call->http.timeout_ms = LIST_TIMEOUT_MS;
    call->http.max_bytes = LIST_MAX_BYTES;
    if (op->marker)
        call->params[call->params_count++] =
            (struct s3_param){"part-number-marker", number_text(op->marker, marker)};
    call->params[call->params_count++] = (struct s3_param){"uploadId", pr_str(op->upload_id)};
    s3_call_send(call, pr_str(op->key), 0);
}

void s3_upload_list(struct s3 *s3, struct pr_str key, struct pr_str upload_id, struct s3_parts *out,
                    struct pr_done done)
{
    struct list_op *op = PR_NEW(struct list_op);
    op->s3 = s3;
    op->key = pr_str_dup(key);
    op->upload_id = pr_str_dup(upload_id);
    op->out = out;
    op->done = done;
    list_page(op);
}

void s3_parts_fini(struct s3_parts *parts)
{
    free(parts->items);
    *parts = (struct s3_parts){0};
}

/* ---- complete, abort ---- */

static enum pr_err read_completed(struct s3_call *call)
{
    char code[64];
    if (multipart_read_completed(pr_buf_str(&call->http.answer_body), code))
        return PR_OK;
    if (strcmp(code, "NoSuchUpload") == 0)
        return PR_ERR_NOT_FOUND;
    return s3_call_refused(call, pr_str(code));
}

void s3_upload_complete(struct s3 *s3, struct pr_str key, struct pr_str upload_id,
                        const struct s3_stored_part *parts, size_t n, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "POST", PR_ERR_NOT_FOUND, done);
    assert(n > 0 && n <= S3_PARTS_MAX);
    pr_buf_init(&call->body, MULTIPART_WRITE_MAX_BYTES);
    multipart_write(&call->body, parts, n);
    assert(!call->body.full);
    call->read = read_completed;
    call->http.body = pr_buf_str(&call->body);
    call->http.timeout_ms = COMPLETE_TIMEOUT_MS;
    call->params[call->params_count++] = (struct s3_param){"uploadId", upload_id};
    call->headers[0] = (struct s3_header){"content-type", "application/xml"};
    s3_call_send(call, key, 1);
}

void s3_upload_abort(struct s3 *s3, struct pr_str key, struct pr_str upload_id, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "DELETE", PR_OK, done);
    call->http.timeout_ms = LIST_TIMEOUT_MS; /* some stores remove part by part */
    call->params[call->params_count++] = (struct s3_param){"uploadId", upload_id};
    s3_call_send(call, key, 0);
}
