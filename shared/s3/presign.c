#include "shared/s3/private.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/http/disposition.h"

#include <inttypes.h>
#include <stdio.h>

#define SETTING_MAX_BYTES 256
#define DISPOSITION_MAX_BYTES ((size_t)4096)

static bool setting_ok(const char *text)
{
    return text && *text && strlen(text) <= SETTING_MAX_BYTES;
}

struct s3 *s3_create(const struct s3_options *options)
{
    if (!setting_ok(options->region) || !setting_ok(options->bucket) ||
        !setting_ok(options->access_key) || !setting_ok(options->secret_key))
        return NULL;

    struct s3 *s3 = PR_NEW(struct s3);
    if (!s3_origin_init(&s3->internal, options->endpoint, options->bucket) ||
        !s3_origin_init(&s3->external, options->public_endpoint, options->bucket)) {
        s3_origin_fini(&s3->internal);
        free(s3);
        return NULL;
    }
    s3->region = pr_str_dup(pr_str(options->region));
    s3->access_key = pr_str_dup(pr_str(options->access_key));
    s3->secret_key = pr_str_dup(pr_str(options->secret_key));
    s3->clock = options->clock;
    s3->client = options->client;
    s3_signer_init(&s3->signer, s3->access_key, s3->secret_key, s3->region);
    pr_buf_init(&s3->disposition, DISPOSITION_MAX_BYTES);
    return s3;
}

void s3_destroy(struct s3 *s3)
{
    s3_signer_fini(&s3->signer);
    s3_origin_fini(&s3->internal);
    s3_origin_fini(&s3->external);
    pr_buf_fini(&s3->disposition);
    crypto_wipe(s3->secret_key, strlen(s3->secret_key));
    free(s3->secret_key);
    free(s3->access_key);
    free(s3->region);
    free(s3);
}

/* A value that is signed as it stands: SigV4 folds spaces, and a line break would end the header.
 */
static bool header_value_ok(struct pr_str value)
{
    bool space = true;
    for (size_t i = 0; i < value.n; i++) {
        bool was_space = space;
        space = value.p[i] == ' ';
        if (value.p[i] < ' ' || value.p[i] > '~' || (space && was_space))
            return false;
    }
    return !space;
}

size_t s3_put_headers(const struct s3_put *put, struct s3_header headers[S3_PUT_HEADERS])
{
    size_t n = 0;
    headers[n].name = "content-length";
    snprintf(headers[n].value, sizeof(headers[n].value), "%" PRId64, put->size_bytes);
    n++;
    headers[n].name = "content-type";
    if (!header_value_ok(put->content_type) ||
        !pr_str_copy(put->content_type, headers[n].value, sizeof(headers[n].value)))
        return 0;
    n++;
    if (put->if_none_match)
        headers[n++] = (struct s3_header){"if-none-match", "*"};
    headers[n].name = "x-amz-checksum-sha256";
    pr_base64_encode(put->sha256, SHA256_BYTES, headers[n].value);
    return n + 1;
}

bool s3_presign_put(struct s3 *s3, const struct s3_put *put, int64_t expires_in_s,
                    struct pr_buf *out, struct s3_header headers[S3_PUT_HEADERS], size_t *count)
{
    *count = s3_put_headers(put, headers);
    const struct s3_request request = {
        .method = "PUT", .key = put->key, .headers = headers, .headers_count = *count};
    return *count &&
           s3_sign(&s3->signer, &s3->external, &request, pr_now_ms(s3->clock), expires_in_s, out);
}

bool s3_presign_get(struct s3 *s3, struct pr_str key, const char *content_type,
                    const char *download_name, int64_t expires_in_s, struct pr_buf *out)
{
    struct s3_param params[2];
    struct s3_request request = {.method = "GET", .key = key, .params = params};
    if (download_name) {
        pr_buf_clear(&s3->disposition);
        http_put_attachment(&s3->disposition, pr_str(download_name));
        if (s3->disposition.full)
            return false;
        params[request.params_count++] =
            (struct s3_param){"response-content-disposition", pr_buf_str(&s3->disposition)};
    }
    if (content_type)
        params[request.params_count++] =
            (struct s3_param){"response-content-type", pr_str(content_type)};
    return s3_sign(&s3->signer, &s3->external, &request, pr_now_ms(s3->clock), expires_in_s, out);
}
