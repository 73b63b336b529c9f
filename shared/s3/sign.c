/* The URL is written once, into the caller's buffer; the canonical request is made of pieces of it
 * and goes straight into the hash:
 *
 *     URL                 origin /key ? query &X-Amz-Signature=…
 *     canonical request   METHOD \n /bucket/key \n query \n headers \n names \n UNSIGNED-PAYLOAD
 *     string to sign      AWS4-HMAC-SHA256 \n date \n scope \n SHA-256 of the canonical request */
#include "shared/s3/sign.h"

#include "shared/base/encode.h"

#include <assert.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)
#define TEXT_MAX_BYTES ((size_t)4096) /* of what is made of settings */

bool s3_origin_init(struct s3_origin *origin, const char *endpoint, const char *bucket)
{
    static const struct pr_str http = PR_STR("http://"), https = PR_STR("https://");
    struct pr_str s = pr_str(endpoint);
    bool tls = pr_str_has_prefix(s, https);
    if (!s.p || (!tls && !pr_str_has_prefix(s, http)))
        return false;
    struct pr_str scheme = tls ? https : http;
    struct pr_str host = pr_str_n(s.p + scheme.n, s.n - scheme.n);
    if (pr_str_has_suffix(host, pr_str("/")))
        host.n--;
    /* Clients leave the scheme's own port out of Host. */
    struct pr_str own_port = pr_str(tls ? ":443" : ":80");
    if (pr_str_has_suffix(host, own_port))
        host.n -= own_port.n;
    if (!host.n || strcspn(host.p, "/?#@ ") < host.n)
        return false;

    struct pr_buf url;
    pr_buf_init(&url, TEXT_MAX_BYTES);
    pr_buf_append(&url, scheme);
    pr_buf_append(&url, host);
    pr_lower(url.p + scheme.n, url.n - scheme.n); /* as clients send it */
    if (*bucket)
        pr_buf_puts(&url, "/");
    pr_uri_encode(&url, pr_str(bucket), false);
    if (url.full) {
        pr_buf_fini(&url);
        return false;
    }
    *origin = (struct s3_origin){
        .url = pr_buf_str(&url),
        .host = pr_str_n(url.p + scheme.n, host.n),
    };
    return true;
}

void s3_origin_fini(struct s3_origin *origin)
{
    free((void *)(uintptr_t)origin->url.p);
    *origin = (struct s3_origin){0};
}

void s3_signer_init(struct s3_signer *signer, const char *access_key, const char *secret_key,
                    const char *region)
{
    *signer = (struct s3_signer){
        .access_key = access_key, .secret_key = secret_key, .region = region, .day = INT64_MIN};
    pr_buf_init(&signer->scope, TEXT_MAX_BYTES);
    pr_buf_init(&signer->query, TEXT_MAX_BYTES);
    pr_buf_init(&signer->text, INT32_MAX); /* a little more than the URL, whose buffer bounds it */
}

void s3_signer_fini(struct s3_signer *signer)
{
    crypto_wipe(signer->key, sizeof(signer->key));
    pr_buf_fini(&signer->scope);
    pr_buf_fini(&signer->query);
    pr_buf_fini(&signer->text);
}

/* Four HMACs and the credential: the same for a whole day. date: "20130524T…". */
static void begin_day(struct s3_signer *signer, int64_t day, const char *date)
{
    struct pr_buf *text = &signer->text;
    struct pr_str key = pr_str_n(signer->key, sizeof(signer->key));
    pr_buf_clear(text);
    pr_buf_puts(text, "AWS4");
    pr_buf_puts(text, signer->secret_key);
    hmac_sha256(pr_buf_str(text), pr_str_n(date, 8), signer->key);
    crypto_wipe(text->p, text->n);
    hmac_sha256(key, pr_str(signer->region), signer->key);
    hmac_sha256(key, pr_str("s3"), signer->key);
    hmac_sha256(key, pr_str("aws4_request"), signer->key);

    pr_buf_clear(&signer->scope);
    pr_buf_printf(&signer->scope, "%.8s/%s/s3/aws4_request", date, signer->region);

    pr_buf_clear(&signer->query);
    pr_buf_puts(&signer->query, "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    pr_uri_encode(&signer->query, pr_str(signer->access_key), false);
    pr_buf_puts(&signer->query, "%2F");
    pr_uri_encode(&signer->query, pr_buf_str(&signer->scope), false);
    pr_buf_puts(&signer->query, "&X-Amz-Date=");
    signer->day = day;
}

static void put_number(struct pr_buf *out, int64_t number)
{
    char digits[20], *at = digits + sizeof(digits);
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    pr_buf_append(out, pr_str_n(at, (size_t)(digits + sizeof(digits) - at)));
}

struct row {
    struct pr_str name, value;
};

/* The request's headers with the host in its place. */
static size_t signed_headers(const struct s3_origin *origin, const struct s3_request *request,
                             struct row rows[S3_SIGNED_HEADERS_MAX + 1])
{
    const struct row host = {pr_str("host"), origin->host};
    size_t n = 0, i = 0;
    assert(request->headers_count <= S3_SIGNED_HEADERS_MAX);
    for (; i < request->headers_count && strcmp(request->headers[i].name, "host") < 0; i++)
        rows[n++] =
            (struct row){pr_str(request->headers[i].name), pr_str(request->headers[i].value)};
    rows[n++] = host;
    for (; i < request->headers_count; i++)
        rows[n++] =
            (struct row){pr_str(request->headers[i].name), pr_str(request->headers[i].value)};
    return n;
}

/* The query up to the signature; in its canonical order as it is written. */
static void put_query(struct s3_signer *signer, const struct s3_request *request,
                      const struct row *rows, size_t n, const char *date, int64_t expires_in_s,
                      struct pr_buf *out)
{
    pr_buf_append(out, pr_buf_str(&signer->query));
    pr_buf_puts(out, date);
    pr_buf_puts(out, "&X-Amz-Expires=");
    put_number(out, expires_in_s);
    pr_buf_puts(out, "&X-Amz-SignedHeaders=");
    for (size_t i = 0; i < n; i++) {
        pr_buf_puts(out, i ? "%3B" : "");
        pr_buf_append(out, rows[i].name);
    }
    for (size_t i = 0; i < request->params_count; i++) {
        pr_buf_puts(out, "&");
        pr_buf_puts(out, request->params[i].name);
        pr_buf_puts(out, "=");
        pr_uri_encode(out, request->params[i].value, false);
    }
}

static void put_canonical_request(struct pr_buf *out, const struct s3_request *request,
                                  struct pr_str path, struct pr_str query, const struct row *rows,
                                  size_t n)
{
    pr_buf_clear(out);
    pr_buf_puts(out, request->method);
    pr_buf_puts(out, "\n");
    pr_buf_append(out, path);
    pr_buf_puts(out, "\n");
    pr_buf_append(out, query);
    pr_buf_puts(out, "\n");
    for (size_t i = 0; i < n; i++) {
        pr_buf_append(out, rows[i].name);
        pr_buf_puts(out, ":");
        pr_buf_append(out, rows[i].value);
        pr_buf_puts(out, "\n");
    }
    for (size_t i = 0; i < n; i++) {
        pr_buf_puts(out, i ? ";" : "\n");
        pr_buf_append(out, rows[i].name);
    }
    pr_buf_puts(out, "\nUNSIGNED-PAYLOAD");
}

static void put_string_to_sign(struct pr_buf *out, const char *date, struct pr_str scope,
                               const uint8_t request_digest[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    pr_hex_encode(request_digest, SHA256_BYTES, hex);
    pr_buf_clear(out);
    pr_buf_puts(out, "AWS4-HMAC-SHA256\n");
    pr_buf_puts(out, date);
    pr_buf_puts(out, "\n");
    pr_buf_append(out, scope);
    pr_buf_puts(out, "\n");
    pr_buf_puts(out, hex);
}

bool s3_sign(struct s3_signer *signer, const struct s3_origin *origin,
             const struct s3_request *request, int64_t now_ms, int64_t expires_in_s,
             struct pr_buf *out)
{
    char date[PR_AMZ_DATE_TEXT], hex[2 * SHA256_BYTES + 1];
    uint8_t digest[SHA256_BYTES];
    struct row rows[S3_SIGNED_HEADERS_MAX + 1];
    size_t start = out->n, n = signed_headers(origin, request, rows);
    struct pr_buf *text = &signer->text;

    pr_time_amz(now_ms, date);
    if (now_ms / DAY_MS != signer->day)
        begin_day(signer, now_ms / DAY_MS, date);

    pr_buf_append(out, origin->url);
    if (request->key.n)
        pr_buf_puts(out, "/");
    pr_uri_encode(out, request->key, true);
    size_t query_at = out->n + 1; /* after the '?' */
    put_query(signer, request, rows, n, date, expires_in_s, out);
    if (!out->full) {
        const char *path = out->p + start + (origin->host.p + origin->host.n - origin->url.p);
        put_canonical_request(text, request, pr_str_n(path, (size_t)(out->p + query_at - 1 - path)),
                              pr_str_n(out->p + query_at, out->n - query_at), rows, n);
        sha256(pr_buf_str(text), digest);
        put_string_to_sign(text, date, pr_buf_str(&signer->scope), digest);
        hmac_sha256(pr_str_n(signer->key, sizeof(signer->key)), pr_buf_str(text), digest);
        pr_hex_encode(digest, sizeof(digest), hex);
        pr_buf_puts(out, "&X-Amz-Signature=");
        pr_buf_puts(out, hex);
    }
    if (out->full)
        out->n = start;
    return !out->full;
}
