/* Against a real S3 server: what the services ask of it, what it must refuse to browsers, and how
 * its answers, and its silence, become errors. */
#include "tests/integration/shared/s3/fixture.h"

#include "shared/base/alloc.h"

#include <stdio.h>

static const struct pr_str hello = PR_STR("hello, pierrot");

static void assert_body(struct fixture *f, struct pr_str expected)
{
    assert_int_equal(f->body.n, expected.n);
    if (expected.n)
        assert_memory_equal(f->body.p, expected.p, expected.n);
}

/* ---- the services' own requests ---- */

static void what_is_put_can_be_looked_at_read_and_deleted(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    uint8_t digest[SHA256_BYTES];
    const char *key = fixture_key(f, "photo.jpg");
    sha256(hello, digest);
    assert_int_equal(fixture_put(f, key, hello), PR_OK);
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_true(object.found);
    assert_int_equal(object.size_bytes, hello.n);
    assert_string_equal(object.content_type, "image/jpeg");
    assert_true(object.has_sha256);
    assert_memory_equal(object.sha256, digest, SHA256_BYTES);
    assert_int_equal(fixture_get(f, key, 1000), PR_OK);
    assert_body(f, hello);
    assert_int_equal(fixture_delete(f, key), PR_OK);
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_false(object.found);
    assert_int_equal(logs_count(), 0);
}

static void strange_keys_are_one_key_each(void **state)
{
    static const char *const names[] = {
        "a b.jpg",
        "a+b.jpg",
        "a%20b.jpg",
        "a%b.jpg",
        "a%2Fb.jpg",
        "a&b=c?d#e.jpg",
        "a;b:c,d@e!$'()*[]~.jpg",
        "quote\"back\\slash.jpg",
        "Sk\xc3\xb3gafoss \xe5\xb1\xb1 \xf0\x9f\x99\x82.jpg",
        "e\xcc\x81 decomposed.jpg",
        "\xc3\xa9 composed.jpg",
        "trailing dot.",
        "..hidden",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < PR_COUNT(names); i++)
        assert_int_equal(fixture_put(f, fixture_key(f, names[i]), pr_str(names[i])), PR_OK);
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        assert_int_equal(fixture_get(f, fixture_key(f, names[i]), 1000), PR_OK);
        assert_body(f, pr_str(names[i]));
        assert_int_equal(fixture_delete(f, fixture_key(f, names[i])), PR_OK);
        assert_int_equal(fixture_get(f, fixture_key(f, names[i]), 1000), PR_ERR_NOT_FOUND);
    }
}

static void empty_and_large_objects_arrive_whole(void **state)
{
    struct fixture *f = *state;
    size_t n = (size_t)8 << 20;
    char *bytes = pr_alloc(n);
    crypto_random(bytes, n);
    const char *key = fixture_key(f, "large");
    assert_int_equal(fixture_put(f, key, pr_str_n(bytes, n)), PR_OK);
    assert_int_equal(fixture_get(f, key, (int64_t)n), PR_OK);
    assert_body(f, pr_str_n(bytes, n));
    assert_int_equal(fixture_get(f, key, (int64_t)n - 1), PR_ERR_TOO_LARGE);
    free(bytes);
    key = fixture_key(f, "empty");
    assert_int_equal(fixture_put(f, key, pr_str("")), PR_OK);
    assert_int_equal(fixture_get(f, key, 0), PR_OK);
    assert_body(f, pr_str(""));
}

static void what_is_missing_is_told_by_each_call_in_its_way(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    const char *key = fixture_key(f, "missing");
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_false(object.found);
    assert_int_equal(fixture_get(f, key, 10), PR_ERR_NOT_FOUND); /* its error text is longer */
    assert_int_equal(fixture_delete(f, key), PR_OK);
    assert_int_equal(logs_count(), 0);
}

static bool refuse(void *arg, struct pr_str bytes)
{
    (void)bytes;
    ++*(int *)arg;
    return false;
}

static void a_sink_may_stop_a_get(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    int pieces = 0;
    const char *key = fixture_key(f, "k");
    assert_int_equal(fixture_put(f, key, hello), PR_OK);
    s3_get(f->s3, pr_str(key), 1000, refuse, &pieces, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f, &outcome), PR_ERR_INTERNAL);
    assert_int_equal(pieces, 1);
}

static bool append(void *arg, struct pr_str bytes)
{
    pr_buf_append(arg, bytes);
    return true;
}

static enum pr_err get_range(struct fixture *f, const char *key, int64_t first, int64_t size_bytes,
                             int64_t total_bytes)
{
    struct outcome outcome = {0};
    struct s3_range range = {.first = first,
                             .size_bytes = size_bytes,
                             .total_bytes = total_bytes,
                             .sink = append,
                             .sink_arg = &f->body};
    pr_buf_clear(&f->body);
    s3_get_range(f->s3, pr_str(key), &range, outcome_done(&outcome));
    enum pr_err err = fixture_wait(f, &outcome);
    assert_null(range.call);
    s3_range_resume(&range); /* nothing is under way */
    s3_range_cancel(&range);
    return err;
}

static void ranges_of_an_object(void **state)
{
    struct fixture *f = *state;
    static char bytes[300000];
    int64_t n = sizeof bytes;
    const char *key = fixture_key(f, "k");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i >> 7);
    assert_int_equal(fixture_put(f, key, pr_str_n(bytes, sizeof bytes)), PR_OK);
    const int64_t parts[][2] = {{0, n}, {0, 1}, {n - 1, 1}, {1, n - 1}, {70000, 100000}};
    for (size_t i = 0; i < PR_COUNT(parts); i++) {
        assert_int_equal(get_range(f, key, parts[i][0], parts[i][1], n), PR_OK);
        assert_int_equal(f->body.n, parts[i][1]);
        assert_memory_equal(f->body.p, bytes + parts[i][0], f->body.n);
    }
}

/* Not one byte of an object that is not what it should be. */
static void range_of_another_object_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    const char *key = fixture_key(f, "k");
    assert_int_equal(get_range(f, key, 0, 5, 5), PR_ERR_NOT_FOUND);
    assert_int_equal(fixture_put(f, key, hello), PR_OK);
    int64_t n = (int64_t)hello.n;
    assert_int_equal(get_range(f, key, 0, n + 1, n + 1), PR_ERR_CONFLICT);
    assert_int_equal(get_range(f, key, 0, n - 1, n - 1), PR_ERR_CONFLICT);
    assert_int_equal(get_range(f, key, 1, 2, n + 1), PR_ERR_CONFLICT);
    assert_int_equal(get_range(f, key, n + 1, 2, n + 9), PR_ERR_CONFLICT);
    assert_int_equal(f->body.n, 0);
    assert_int_equal(fixture_put(f, key, pr_str("")), PR_OK);
    assert_int_equal(get_range(f, key, 0, 5, 5), PR_ERR_CONFLICT);
    assert_int_equal(get_range(f, key, 1, 2, 5), PR_ERR_CONFLICT);
}

static void store_without_ranges_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    fixture_canned(f, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    assert_int_equal(get_range(f, "k", 1, 2, 5), PR_ERR_CONFLICT);
    assert_int_equal(f->body.n, 0);
}

static void range_that_breaks_off_is_unavailable(void **state)
{
    struct fixture *f = *state;
    fixture_canned(f, "HTTP/1.1 206 Partial Content\r\ncontent-length: 4\r\n"
                      "content-range: bytes 1-4/9\r\n\r\nhe");
    assert_int_equal(get_range(f, "k", 1, 4, 9), PR_ERR_UNAVAILABLE);
    assert_int_equal(f->body.n, 2); /* which are good */
}

static void a_conditional_put_keeps_what_is_there(void **state)
{
    struct fixture *f = *state;
    const char *key = fixture_key(f, "k");
    struct s3_put put = fixture_put_of(pr_str(key), hello);
    put.if_none_match = true;
    for (int i = 0; i < 2; i++) {
        struct outcome outcome = {0};
        s3_put(f->s3, &put, hello, outcome_done(&outcome));
        assert_int_equal(fixture_wait(f, &outcome), i == 0 ? PR_OK : PR_ERR_CONFLICT);
    }
}

static void bytes_of_another_digest_are_not_stored(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    struct s3_object object;
    const char *key = fixture_key(f, "k");
    struct s3_put put = fixture_put_of(pr_str(key), hello);
    put.sha256[0] ^= 1;
    s3_put(f->s3, &put, hello, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f, &outcome), PR_ERR_UPSTREAM);
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_false(object.found);
    assert_int_equal(logs_count(), 1);
}

static void a_key_too_long_for_a_url_is_invalid(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    char *key = pr_alloc(9000);
    memset(key, 'k', 8999);
    assert_int_equal(fixture_head(f, key, &object), PR_ERR_INVALID);
    free(key);
}

/* ---- what a browser is given ---- */

struct upload {
    struct pr_buf url;
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
};

static void presign(struct fixture *f, struct upload *upload, const char *key, bool if_none_match)
{
    struct s3_put put = fixture_put_of(pr_str(key), hello);
    put.if_none_match = if_none_match;
    pr_buf_init(&upload->url, 8192);
    assert_true(s3_presign_put(f->s3, &put, 900, &upload->url, upload->headers, &upload->count));
}

static int send_upload(struct fixture *f, const struct upload *upload, struct pr_str body)
{
    struct http_call call;
    int status = fixture_send(f, "PUT", pr_buf_str(&upload->url), upload->headers, upload->count,
                              body, &call);
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);
    return status;
}

static void assert_stored(struct fixture *f, const char *key, bool stored)
{
    struct s3_object object;
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_int_equal(object.found, stored);
}

static void an_upload_as_signed_is_stored(void **state)
{
    struct fixture *f = *state;
    struct upload upload;
    const char *key = fixture_key(f, "up \xc3\xbc+%.jpg");
    presign(f, &upload, key, true);
    assert_int_equal(send_upload(f, &upload, hello), 200);
    assert_stored(f, key, true);
    assert_int_equal(send_upload(f, &upload, hello), 412); /* replayed */
    pr_buf_fini(&upload.url);
}

static void an_upload_unlike_its_signature_is_refused(void **state)
{
    static const struct pr_str other = PR_STR("hellO, pierrot"), longer = PR_STR("hello, pierrot!");
    struct fixture *f = *state;
    struct upload upload;
    const char *key = fixture_key(f, "up.jpg");
    presign(f, &upload, key, false);
    assert_int_equal(send_upload(f, &upload, other) / 100, 4);
    assert_int_equal(send_upload(f, &upload, longer), 403);
    assert_int_equal(send_upload(f, &upload, pr_str("")), 403);

    struct upload changed = upload;
    assert_string_equal(changed.headers[1].name, "content-type");
    snprintf(changed.headers[1].value, sizeof(changed.headers[1].value), "text/html");
    assert_int_equal(send_upload(f, &changed, hello), 403);

    changed = upload;
    changed.count--; /* the checksum left out */
    assert_int_equal(send_upload(f, &changed, hello), 403);

    struct s3_put lie = fixture_put_of(pr_str(key), other);
    changed = upload;
    struct pr_buf unused;
    pr_buf_init(&unused, 8192);
    assert_true(s3_presign_put(f->s3, &lie, 900, &unused, changed.headers, &changed.count));
    assert_int_equal(send_upload(f, &changed, other), 403); /* the checksum of other bytes */
    pr_buf_fini(&unused);

    assert_stored(f, key, false);
    pr_buf_fini(&upload.url);
}

static void an_expired_upload_is_refused(void **state)
{
    struct fixture *f = *state;
    struct upload upload;
    const char *key = fixture_key(f, "late.jpg");
    test_clock_move(&f->clock, -901 * 1000);
    presign(f, &upload, key, false);
    test_clock_move(&f->clock, 901 * 1000);
    assert_int_equal(send_upload(f, &upload, hello), 403);
    assert_stored(f, key, false);
    pr_buf_fini(&upload.url);
}

static void a_download_has_the_name_and_type_that_were_signed(void **state)
{
    struct fixture *f = *state;
    struct http_call call;
    const char *key = fixture_key(f, "down.jpg");
    assert_int_equal(fixture_put(f, key, hello), PR_OK);
    pr_buf_clear(&f->body);
    assert_true(
        s3_presign_get(f->s3, pr_str(key), "image/webp", "Sk\xc3\xb3ga \"1\".webp", 900, &f->body));
    assert_int_equal(
        fixture_send(f, "GET", pr_buf_str(&f->body), NULL, 0, pr_str_n(NULL, 0), &call), 200);
    assert_true(pr_str_eq(pr_buf_str(&call.answer_body), hello));
    assert_true(pr_str_is(http_call_header(&call, "content-type"), "image/webp"));
    assert_true(pr_str_is(http_call_header(&call, "content-disposition"),
                          "attachment; filename=\"Sk_ga _1_.webp\"; "
                          "filename*=UTF-8''Sk%C3%B3ga%20%221%22.webp"));
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);

    f->body.p[f->body.n - 1] ^= 1; /* the signature's last digit */
    assert_int_equal(
        fixture_send(f, "GET", pr_buf_str(&f->body), NULL, 0, pr_str_n(NULL, 0), &call), 403);
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);
}

/* ---- when things are wrong ---- */

static enum pr_err probe(struct fixture *f)
{
    struct outcome outcome = {0};
    s3_probe(f->s3, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static void a_probe_knows_a_good_bucket_from_a_bad(void **state)
{
    struct fixture *f = *state;
    struct s3_options options = f->options;
    assert_int_equal(probe(f), PR_OK);
    options.bucket = "no-such-bucket-here";
    fixture_use(f, &options);
    assert_int_equal(probe(f), PR_ERR_UPSTREAM);
    assert_int_equal(fixture_get(f, "k", 1000), PR_ERR_UPSTREAM); /* not: the object is missing */
    assert_true(logs_hold("NoSuchBucket"));
}

static void wrong_keys_are_told_without_the_query(void **state)
{
    struct fixture *f = *state;
    struct s3_options options = f->options;
    options.secret_key = "not-the-secret";
    fixture_use(f, &options);
    assert_int_equal(fixture_get(f, "k", 1000), PR_ERR_UPSTREAM);
    assert_int_equal(logs_count(), 1);
    assert_true(logs_hold("SignatureDoesNotMatch"));
    assert_true(logs_hold("\"status\":403"));
    assert_false(logs_hold("X-Amz"));
    assert_false(logs_hold("not-the-secret"));
}

static void a_server_that_is_away_is_unavailable(void **state)
{
    struct fixture *f = *state;
    struct s3_options options = f->options;
    struct s3_object object;
    options.endpoint = "http://127.0.0.1:1";
    fixture_use(f, &options);
    assert_int_equal(probe(f), PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_head(f, "k", &object), PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_get(f, "k", 1000), PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_put(f, "k", hello), PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_delete(f, "k"), PR_ERR_UNAVAILABLE);
    assert_false(logs_hold("X-Amz"));
}

static void a_server_that_is_silent_times_out(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    fixture_canned(f, NULL);
    assert_int_equal(fixture_head(f, "k", &object), PR_ERR_TIMEOUT);
}

static void answers_become_errors(void **state)
{
    static const struct {
        const char *answer;
        enum pr_err head, get;
    } rows[] = {
        {"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n", PR_ERR_UNAVAILABLE,
         PR_ERR_UNAVAILABLE},
        {"HTTP/1.1 500 Internal\r\nContent-Length: 0\r\n\r\n", PR_ERR_UNAVAILABLE,
         PR_ERR_UNAVAILABLE},
        {"HTTP/1.1 429 Many\r\nContent-Length: 0\r\n\r\n", PR_ERR_UNAVAILABLE, PR_ERR_UNAVAILABLE},
        {"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         PR_ERR_UPSTREAM, PR_ERR_UPSTREAM},
        {"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n", PR_OK, PR_ERR_NOT_FOUND},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\nhalf", PR_OK, PR_ERR_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf", PR_OK, PR_ERR_UNAVAILABLE},
        {"HTTP/1.1 200 OK\r\n\r\n", PR_ERR_UPSTREAM, PR_OK},
        {"no HTTP at all\r\n\r\n", PR_ERR_UNAVAILABLE, PR_ERR_UNAVAILABLE},
    };
    /* Each request on a connection of its own: the canned server closes them as it likes. */
    for (size_t i = 0; i < 2 * PR_COUNT(rows); i++) {
        void *each;
        assert_int_equal(fixture_setup(&each), 0);
        struct fixture *f = each;
        struct s3_object object;
        fixture_canned(f, rows[i / 2].answer);
        if (i % 2 == 0)
            assert_int_equal(fixture_head(f, "k", &object), rows[i / 2].head);
        else
            assert_int_equal(fixture_get(f, "k", 1000), rows[i / 2].get);
        fixture_teardown(&each);
    }
    (void)state;
}

static void only_a_whole_objects_digest_counts(void **state)
{
    static const struct {
        const char *value;
        bool taken;
    } rows[] = {
        {"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", true},
        {"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=-3", false}, /* of parts */
        {"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOL", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        void *each;
        char answer[256];
        snprintf(answer, sizeof(answer),
                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-amz-checksum-sha256: %s\r\n\r\n",
                 rows[i].value);
        assert_int_equal(fixture_setup(&each), 0);
        struct s3_object object;
        fixture_canned(each, answer);
        assert_int_equal(fixture_head(each, "k", &object), PR_OK);
        assert_int_equal(object.size_bytes, 5);
        assert_int_equal(object.has_sha256, rows[i].taken);
        fixture_teardown(&each);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_can_be_looked_at_read_and_deleted),
        TEST(strange_keys_are_one_key_each),
        TEST(empty_and_large_objects_arrive_whole),
        TEST(what_is_missing_is_told_by_each_call_in_its_way),
        TEST(a_sink_may_stop_a_get),
        TEST(ranges_of_an_object),
        TEST(range_of_another_object_is_a_conflict),
        TEST(store_without_ranges_is_a_conflict),
        TEST(range_that_breaks_off_is_unavailable),
        TEST(a_conditional_put_keeps_what_is_there),
        TEST(bytes_of_another_digest_are_not_stored),
        TEST(a_key_too_long_for_a_url_is_invalid),
        TEST(an_upload_as_signed_is_stored),
        TEST(an_upload_unlike_its_signature_is_refused),
        TEST(an_expired_upload_is_refused),
        TEST(a_download_has_the_name_and_type_that_were_signed),
        TEST(a_probe_knows_a_good_bucket_from_a_bad),
        TEST(wrong_keys_are_told_without_the_query),
        TEST(a_server_that_is_away_is_unavailable),
        TEST(a_server_that_is_silent_times_out),
        cmocka_unit_test(answers_become_errors),
        cmocka_unit_test(only_a_whole_objects_digest_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
