#include "shared/http/file.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"
#include "shared/http/negotiate.h"
#include "shared/http/request.h"

#include <assert.h>
#include <libdeflate.h>
#include <stdio.h>

#define GZIP_LEVEL 12 /* the best: it is done once */

static void make_etag(struct pr_str bytes, char out[HTTP_ETAG])
{
    uint8_t hash[SHA256_BYTES];
    char text[PR_BASE64URL_SIZE(SHA256_BYTES)];
    static_assert(sizeof text + 2 <= HTTP_ETAG, "a tag and its quotes fit");
    sha256(bytes, hash);
    pr_base64url_encode(hash, sizeof hash, text);
    snprintf(out, HTTP_ETAG, "\"%s\"", text);
}

static bool is_text(struct pr_str type)
{
    static const char *const others[] = {"application/javascript", "application/json",
                                         "application/manifest+json", "application/yaml",
                                         "image/svg+xml"};
    if (pr_str_has_prefix(type, pr_str("text/")))
        return true;
    for (size_t i = 0; i < PR_COUNT(others); i++) {
        if (pr_str_has_prefix(type, pr_str(others[i])))
            return true;
    }
    return false;
}

/* NULL when it is no smaller. */
static struct pr_str compress(struct pr_str bytes)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(GZIP_LEVEL);
    char *out = pr_alloc(bytes.n);
    if (!compressor)
        abort();
    size_t n = libdeflate_gzip_compress(compressor, bytes.p, bytes.n, out, bytes.n);
    libdeflate_free_compressor(compressor);
    if (n > 0)
        return pr_str_n(pr_realloc(out, n), n);
    free(out);
    return pr_str_n(NULL, 0);
}

void http_file_prepare(struct http_file *file)
{
    make_etag(file->bytes, file->etag);
    if (is_text(pr_str(file->content_type)))
        file->gzip = compress(file->bytes);
    if (file->gzip.n > 0)
        make_etag(file->gzip, file->gzip_etag);
}

void http_file_fini(struct http_file *file)
{
    free((void *)(uintptr_t)file->gzip.p);
}

static void add(struct http_request *req, const h2o_token_t *name, const char *value)
{
    h2o_add_header(&req->h2o->pool, &req->h2o->res.headers, name, NULL, value, strlen(value));
}

void http_reply_file(struct http_request *req, const struct http_file *file)
{
    if (!reply_disown(req))
        return;
    bool zipped = file->gzip.n > 0 && gzip_accepted(http_req_header(req, "accept-encoding"));
    const char *etag = zipped ? file->gzip_etag : file->etag;
    add(req, H2O_TOKEN_ETAG, etag);
    if (!reply_has_header(req, H2O_TOKEN_CACHE_CONTROL))
        add(req, H2O_TOKEN_CACHE_CONTROL, "no-cache");
    if (file->gzip.n > 0)
        add(req, H2O_TOKEN_VARY, "accept-encoding");
    if (etag_listed(http_req_header(req, "if-none-match"), pr_str(etag))) {
        reply_borrowed(req, 304, pr_str_n(NULL, 0));
        return;
    }
    add(req, H2O_TOKEN_CONTENT_TYPE, file->content_type);
    if (zipped)
        add(req, H2O_TOKEN_CONTENT_ENCODING, "gzip");
    reply_borrowed(req, 200, zipped ? file->gzip : file->bytes);
}
