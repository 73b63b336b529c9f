/* What every answer has, files, and the keys of requests that may come twice. */
#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/http/file.h"
#include "tests/integration/shared/http/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define CLOSE "host: t\r\nconnection: close\r\n"

static struct harness h;
static struct http_file page, icon;

static int teardown(void **state)
{
    (void)state;
    harness_free(&h);
    return 0;
}

static void get_hello(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_header(req, "x-frame-options", pr_str("SAMEORIGIN"));
    http_reply_json(req, 200, json_pack("{s:s}", "hello", "world"));
}

static void get_stream(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_start(req, 200, -1);
    http_reply_write(req, pr_str("streamed"), true, (struct pr_done){NULL, NULL});
}

static void get_page(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_file(req, &page);
}

static void get_icon(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_header(req, "cache-control", pr_str("max-age=60"));
    http_reply_file(req, &icon);
}

/* The hashes, or that there is no key. */
static void post_once(void *arg, struct http_request *req)
{
    struct pr_fault fault;
    struct idempotency key;
    (void)arg;
    if (!http_req_idempotency(req, &key, &fault))
        http_reply_fault(req, &fault);
    else if (!key.given)
        http_reply(req, 200, "text/plain", pr_str("no key"));
    else
        http_reply(req, 200, "application/octet-stream", pr_str_n(key.key_hash, 64));
}

static const struct http_route routes[] = {
    {"GET", "/hello", get_hello, HTTP_PUBLIC, 0, NULL},
    {"GET", "/stream", get_stream, HTTP_PUBLIC, 0, NULL},
    {"GET", "/page", get_page, HTTP_PUBLIC, 0, NULL},
    {"GET", "/icon", get_icon, HTTP_PUBLIC, 0, NULL},
    {"POST", "/once", post_once, HTTP_PUBLIC, 100, NULL},
    {"POST", "/other", post_once, HTTP_PUBLIC, 100, NULL},
    {0},
};

static struct answer_text ask(struct harness *t, const char *method, const char *path,
                              const char *headers)
{
    char text[1024];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n" CLOSE "%s\r\n", method, path, headers);
    return talk(t->port, text);
}

static const struct http_header headers[] = {
    {PR_STR("x-content-type-options"), PR_STR("nosniff")},
    {PR_STR("x-frame-options"), PR_STR("DENY")},
    {PR_STR("vary"), PR_STR("origin")},
    {{NULL, 0}, {NULL, 0}},
};

static void ask_for_everything(struct harness *t)
{
    t->answers[0] = ask(t, "GET", "/hello", "");
    t->answers[1] = ask(t, "GET", "/stream", "");
    t->answers[2] = ask(t, "GET", "/nothing", "");
    t->answers[3] = ask(t, "PUT", "/hello", "");
    t->answers[4] = ask(t, "GET", "/hello", "host: u\r\n");
    t->answers[5] = ask(t, "POST", "/once", "content-length: 1000\r\n");
    t->answers[6] = ask(t, "POST", "/once", "content-length: 2\r\nexpect: more\r\n");
    t->answers[7] = ask(t, "HEAD", "/page", "");
    t->answers[8] = ask(t, "GET", "/page", "if-none-match: *\r\n");
}

static unsigned count_of(struct answer_text answer, const char *text)
{
    unsigned n = 0;
    for (const char *at = answer.p; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

static void test_headers_of_every_answer(void **state)
{
    static const int statuses[] = {200, 200, 404, 405, 400, 413, 417, 200, 304};
    (void)state;
    h.options.headers = headers;
    harness_run(&h, routes, 64, ask_for_everything);
    for (size_t i = 0; i < PR_COUNT(statuses); i++) {
        assert_status(h.answers[i], statuses[i]);
        assert_int_equal(count_of(h.answers[i], "\r\nx-content-type-options: nosniff\r\n"), 1);
        assert_int_equal(count_of(h.answers[i], "\r\nx-frame-options: "), 1);
        assert_int_equal(count_of(h.answers[i], "\r\nvary: "), 1);
    }
    assert_contains(h.answers[0], "\r\nx-frame-options: SAMEORIGIN\r\n");
    assert_contains(h.answers[1], "\r\nx-frame-options: DENY\r\n");
    assert_contains(h.answers[2], "\r\nvary: origin\r\n");
}

/* ---- files ---- */

static void ask_for_files(struct harness *t)
{
    char header[128];
    t->answers[0] = ask(t, "GET", "/page", "");
    t->answers[1] = ask(t, "GET", "/page", "accept-encoding: br, gzip\r\n");
    t->answers[2] = ask(t, "GET", "/page", "accept-encoding: gzip;q=0\r\n");
    t->answers[3] = ask(t, "HEAD", "/page", "accept-encoding: gzip\r\n");
    snprintf(header, sizeof header, "if-none-match: \"x\", W/%s\r\n", page.etag);
    t->answers[4] = ask(t, "GET", "/page", header);
    t->answers[5] = ask(t, "HEAD", "/page", header);
    snprintf(header, sizeof header, "accept-encoding: gzip\r\nif-none-match: %s\r\n", page.etag);
    t->answers[6] = ask(t, "GET", "/page", header);
    snprintf(header, sizeof header, "accept-encoding: gzip\r\nif-none-match: %s\r\n",
             page.gzip_etag);
    t->answers[7] = ask(t, "GET", "/page", header);
    t->answers[8] = ask(t, "GET", "/icon", "accept-encoding: gzip\r\n");
}

static struct pr_str body_of(struct answer_text answer)
{
    const char *end = strstr(answer.p, "\r\n\r\n");
    assert_non_null(end);
    return pr_str_n(end + 4, answer.n - (size_t)(end + 4 - answer.p));
}

static void assert_unzips_to(struct pr_str zipped, struct pr_str expected)
{
    static char out[65536];
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)zipped.p, .avail_in = (uInt)zipped.n};
    stream.next_out = (Bytef *)out;
    stream.avail_out = sizeof out;
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_true(pr_str_eq(pr_str_n(out, stream.total_out), expected));
    inflateEnd(&stream);
}

static int prepare_files(void **state)
{
    (void)state;
    static char text[20000], noise[3000];
    memset(text, 'a', sizeof text);
    crypto_random(noise, sizeof noise);
    page = (struct http_file){
        .name = "page",
        .content_type = "text/html; charset=utf-8",
        .bytes = {text, sizeof text},
    };
    icon = (struct http_file){
        .name = "icon",
        .content_type = "image/svg+xml",
        .bytes = {noise, sizeof noise},
    };
    http_file_prepare(&page);
    http_file_prepare(&icon);
    return 0;
}

static int drop_files(void **state)
{
    (void)state;
    http_file_fini(&page);
    http_file_fini(&icon);
    return 0;
}

static void assert_not_modified(struct answer_text answer, const char *etag)
{
    assert_status(answer, 304);
    assert_contains(answer, etag);
    assert_contains(answer, "\r\nvary: accept-encoding\r\n");
    assert_contains(answer, "\r\ncache-control: no-cache\r\n");
    assert_lacks(answer, "\r\ncontent-type");
    assert_int_equal(body_of(answer).n, 0);
}

static void test_files(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, ask_for_files);
    assert_int_equal(page.etag[0], '"');
    assert_string_not_equal(page.etag, page.gzip_etag);
    for (unsigned i = 0; i <= 2; i += 2) {
        assert_status(h.answers[i], 200);
        assert_contains(h.answers[i], "\r\ncontent-type: text/html; charset=utf-8\r\n");
        assert_contains(h.answers[i], "\r\nContent-Length: 20000\r\n");
        assert_contains(h.answers[i], "\r\ncache-control: no-cache\r\n");
        assert_contains(h.answers[i], "\r\nvary: accept-encoding\r\n");
        assert_contains(h.answers[i], page.etag);
        assert_lacks(h.answers[i], "content-encoding");
        assert_true(pr_str_eq(body_of(h.answers[i]), page.bytes));
    }
    assert_status(h.answers[1], 200);
    assert_contains(h.answers[1], "\r\ncontent-encoding: gzip\r\n");
    assert_contains(h.answers[1], page.gzip_etag);
    assert_true(body_of(h.answers[1]).n < 1000);
    assert_unzips_to(body_of(h.answers[1]), page.bytes);
    assert_status(h.answers[3], 200);
    assert_contains(h.answers[3], "\r\ncontent-encoding: gzip\r\n");
    assert_int_equal(body_of(h.answers[3]).n, 0);
    assert_not_modified(h.answers[4], page.etag);
    assert_not_modified(h.answers[5], page.etag);
    assert_status(h.answers[6], 200); /* it has the other form */
    assert_not_modified(h.answers[7], page.gzip_etag);
    assert_status(h.answers[8], 200);
    assert_contains(h.answers[8], "\r\ncache-control: max-age=60\r\n");
    assert_lacks(h.answers[8], "\r\nvary"); /* it does not get smaller */
    assert_true(pr_str_eq(body_of(h.answers[8]), icon.bytes));
}

/* ---- idempotency keys ---- */

static struct answer_text post(struct harness *t, const char *path, const char *header,
                               const char *body)
{
    char text[2048];
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n" CLOSE "%scontent-length: %zu\r\n\r\n%s",
             path, header, strlen(body), body);
    return talk(t->port, text);
}

static void post_with_keys(struct harness *t)
{
    char key[256], header[300];
    t->answers[0] = post(t, "/once", "", "{}");
    t->answers[1] = post(t, "/once", "Idempotency-Key: a\r\n", "{}");
    t->answers[2] = post(t, "/once", "idempotency-key: a\r\nuser-agent: other\r\n", "{}");
    t->answers[3] = post(t, "/once", "idempotency-key: b\r\n", "{}");
    t->answers[4] = post(t, "/once", "idempotency-key: a\r\n", "{ }");
    t->answers[5] = post(t, "/other", "idempotency-key: a\r\n", "{}");
    t->answers[6] = post(t, "/once?x", "idempotency-key: a\r\n", "{}");
    memset(key, 'k', sizeof key);
    snprintf(header, sizeof header, "idempotency-key: %.255s\r\n", key);
    t->answers[7] = post(t, "/once", header, "{}");
    snprintf(header, sizeof header, "idempotency-key: %.256s\r\n", key);
    t->answers[8] = post(t, "/once", header, "{}");
    t->answers[9] = post(t, "/once", "idempotency-key: \r\n", "{}");
    t->answers[10] = post(t, "/once", "idempotency-key: a b\r\n", "{}");
    t->answers[11] = post(t, "/once", "idempotency-key: \xc3\xa4\r\n", "{}");
    t->answers[12] = post(t, "/once", "idempotency-key: a\r\nidempotency-key: b\r\n", "{}");
}

static void assert_key_is_of(struct answer_text answer, const char *key)
{
    uint8_t hash[SHA256_BYTES];
    sha256(pr_str(key), hash);
    assert_int_equal(body_of(answer).n, 64);
    assert_memory_equal(body_of(answer).p, hash, SHA256_BYTES);
}

static bool same_request(unsigned a, unsigned b)
{
    return memcmp(body_of(h.answers[a]).p + 32, body_of(h.answers[b]).p + 32, 32) == 0;
}

static void test_idempotency_keys(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, post_with_keys);
    assert_contains(h.answers[0], "\r\n\r\nno key");
    for (unsigned i = 1; i <= 7; i++) {
        assert_status(h.answers[i], 200);
        if (i != 3 && i != 7)
            assert_key_is_of(h.answers[i], "a");
    }
    assert_key_is_of(h.answers[3], "b");
    assert_true(same_request(1, 2));
    assert_true(same_request(1, 3));
    assert_false(same_request(1, 4));
    assert_false(same_request(1, 5));
    assert_false(same_request(1, 6));
    for (unsigned i = 8; i <= 12; i++) {
        assert_status(h.answers[i], 400);
        assert_contains(h.answers[i], "\"field\":\"idempotency-key\"");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_headers_of_every_answer, teardown),
        cmocka_unit_test_teardown(test_files, teardown),
        cmocka_unit_test_teardown(test_idempotency_keys, teardown),
    };
    return cmocka_run_group_tests(tests, prepare_files, drop_files);
}
