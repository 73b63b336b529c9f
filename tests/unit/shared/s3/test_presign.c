/* The URLs handed to clients: what they bind, and names no header can carry as they are. The
 * expected signatures come from an implementation in another language. */
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/s3/s3.h"
#include "tests/support/test.h"

static int64_t fixed_now_ms(const struct pr_clock *clock)
{
    (void)clock;
    return INT64_C(1795246200000); /* 2026-11-21T07:30:00Z */
}

static const struct pr_clock fixed_clock = {fixed_now_ms};

static const struct s3_options options = {
    .endpoint = "http://127.0.0.1:9000",
    .public_endpoint = "https://media.example.org",
    .region = "us-east-1",
    .bucket = "pierrot",
    .access_key = "AKIAIOSFODNN7EXAMPLE",
    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .clock = &fixed_clock,
};

struct fixture {
    struct s3 *s3;
    struct pr_buf url;
};

static int set_up(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    f->s3 = s3_create(&options);
    pr_buf_init(&f->url, 8192);
    *state = f;
    return f->s3 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    s3_destroy(f->s3);
    pr_buf_fini(&f->url);
    free(f);
    return 0;
}

static void assert_url(struct pr_buf *url, const char *expected)
{
    pr_buf_append(url, pr_str_n("", 1));
    assert_string_equal(url->p, expected);
    pr_buf_clear(url);
}

#define STRANGE_KEY "a b/\xc3\xbc+%~.jpg"
#define STRANGE_PUT                                                                                \
    "https://media.example.org/pierrot/a%20b/%C3%BC%2B%25~.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256"   \
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261121%2Fus-east-1%2Fs3%2Faws4_request"            \
    "&X-Amz-Date=20261121T073000Z&X-Amz-Expires=900&X-Amz-SignedHeaders="

static struct s3_put strange_put(void)
{
    struct s3_put put = {
        .key = pr_str(STRANGE_KEY), .content_type = pr_str("image/jpeg"), .size_bytes = 5};
    sha256(pr_str("hello"), put.sha256);
    return put;
}

static void a_put_binds_length_type_and_checksum(void **state)
{
    struct fixture *f = *state;
    struct s3_put put = strange_put();
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
    assert_true(s3_presign_put(f->s3, &put, 900, &f->url, headers, &count));
    assert_int_equal(count, 3);
    assert_string_equal(headers[0].name, "content-length");
    assert_string_equal(headers[0].value, "5");
    assert_string_equal(headers[1].name, "content-type");
    assert_string_equal(headers[1].value, "image/jpeg");
    assert_string_equal(headers[2].name, "x-amz-checksum-sha256");
    assert_string_equal(headers[2].value, "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    assert_url(&f->url, STRANGE_PUT
               "content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256&X-Amz-Signature="
               "6e363809cc37c851592c5d832fd64c4d4c00f54a34efea2df3adb495101ede79");
}

static void a_put_may_bind_that_nothing_is_there(void **state)
{
    struct fixture *f = *state;
    struct s3_put put = strange_put();
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
    put.if_none_match = true;
    assert_true(s3_presign_put(f->s3, &put, 900, &f->url, headers, &count));
    assert_int_equal(count, 4);
    assert_string_equal(headers[2].name, "if-none-match");
    assert_string_equal(headers[2].value, "*");
    assert_url(&f->url,
               STRANGE_PUT "content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-"
                           "sha256&X-Amz-Signature="
                           "4fc5e6094ef6cf0465b65a4dbce874905a1060df38106598fdb635a323fec60a");
}

static void a_type_that_is_no_header_value_is_refused(void **state)
{
    struct fixture *f = *state;
    char long_type[129];
    memset(long_type, 'a', 128);
    long_type[128] = 0;
    const char *const types[] = {
        "", " image/jpeg", "image/jpeg ", "a  b", "image/jpeg\r\nx: y", "image/\xc3\xbc", long_type,
    };
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        struct s3_put put = strange_put();
        struct s3_header headers[S3_PUT_HEADERS];
        size_t count;
        put.content_type = pr_str(types[i]);
        assert_false(s3_presign_put(f->s3, &put, 900, &f->url, headers, &count));
        assert_int_equal(f->url.n, 0);
    }
    struct s3_put put = strange_put();
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
    put.content_type = pr_str("text/plain; charset=utf-8");
    assert_true(s3_presign_put(f->s3, &put, 900, &f->url, headers, &count));
}

static void a_get_signs_name_and_type_of_the_download(void **state)
{
    struct fixture *f = *state;
    assert_true(
        s3_presign_get(f->s3, pr_str("k/a.jpg"), "image/jpeg", "\xc3\xbc.jpg", 60, &f->url));
    assert_url(&f->url,
               "https://media.example.org/pierrot/k/a.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256"
               "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261121%2Fus-east-1%2Fs3%2Faws4_request"
               "&X-Amz-Date=20261121T073000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
               "&response-content-disposition=attachment%3B%20filename%3D%22_.jpg%22%3B%20filename"
               "%2A%3DUTF-8%27%27%25C3%25BC.jpg&response-content-type=image%2Fjpeg&X-Amz-Signature="
               "177534461ed194303e8404fff0caaae345ad83418c8148a248fdeee940d33f41");
}

static void a_plain_get_shows_the_object_inline(void **state)
{
    struct fixture *f = *state;
    assert_true(s3_presign_get(f->s3, pr_str("k"), NULL, NULL, 60, &f->url));
    pr_buf_append(&f->url, pr_str_n("", 1));
    assert_null(strstr(f->url.p, "response-"));
}

/* The disposition, taken out of the URL and decoded. */
static void assert_disposition(struct fixture *f, const char *name, const char *expected)
{
    pr_buf_clear(&f->url);
    assert_true(s3_presign_get(f->s3, pr_str("k"), NULL, name, 60, &f->url));
    pr_buf_append(&f->url, pr_str_n("", 1));
    const char *value = strstr(f->url.p, "response-content-disposition=");
    assert_non_null(value);
    value += strlen("response-content-disposition=");
    char decoded[4096] = "";
    size_t n;
    assert_true(pr_uri_decode(pr_str_n(value, strcspn(value, "&")), decoded, &n));
    decoded[n] = 0;
    assert_string_equal(decoded, expected);
}

static void names_are_safe_in_both_forms(void **state)
{
    static const struct {
        const char *name, *disposition;
    } rows[] = {
        {"photo 1.jpg", "attachment; filename=\"photo 1.jpg\""},
        {"a\"b\\c.jpg", "attachment; filename=\"a_b_c.jpg\"; filename*=UTF-8''a%22b%5Cc.jpg"},
        {"50%25.jpg", "attachment; filename=\"50_25.jpg\"; filename*=UTF-8''50%2525.jpg"},
        {"a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"},
        {"\xe5\xb1\xb1.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%E5%B1%B1.png"},
        {"it's;a=b.jpg", "attachment; filename=\"it's;a=b.jpg\""},
        {"\xff.jpg", "attachment; filename=\"_.jpg\""}, /* no UTF-8: only the plain form */
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++)
        assert_disposition(*state, rows[i].name, rows[i].disposition);
}

static void a_name_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    char name[5001];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    assert_false(s3_presign_get(f->s3, pr_str("k"), NULL, name, 60, &f->url));
    assert_int_equal(f->url.n, 0);
    assert_disposition(f, "after.jpg", "attachment; filename=\"after.jpg\"");
}

static void bad_settings_are_refused(void **state)
{
    struct s3_options bad[] = {options, options, options, options, options, options};
    (void)state;
    bad[0].endpoint = "127.0.0.1:9000";
    bad[1].public_endpoint = "https://media.example.org/path";
    bad[2].region = "";
    bad[3].bucket = "";
    bad[4].access_key = NULL;
    bad[5].secret_key = "";
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        assert_null(s3_create(&bad[i]));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_put_binds_length_type_and_checksum),
        TEST(a_put_may_bind_that_nothing_is_there),
        TEST(a_type_that_is_no_header_value_is_refused),
        TEST(a_get_signs_name_and_type_of_the_download),
        TEST(a_plain_get_shows_the_object_inline),
        TEST(names_are_safe_in_both_forms),
        TEST(a_name_too_long_is_refused),
        TEST(bad_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
