/* The signer against the example Amazon publishes, and where an endpoint is well or badly formed.
 */
#include "shared/base/alloc.h"
#include "shared/s3/sign.h"
#include "tests/support/test.h"

#define ACCESS_KEY "AKIAIOSFODNN7EXAMPLE"
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define NOW_MS INT64_C(1369353600000) /* 2013-05-24T00:00:00Z */
#define DAY_MS INT64_C(86400000)

static const struct s3_request get_test_txt = {.method = "GET", .key = PR_STR("test.txt")};

/* "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference. */
static const char published[] =
    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

struct fixture {
    struct s3_origin origin;
    struct s3_signer signer;
    struct pr_buf url;
};

static int set_up(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    if (!s3_origin_init(&f->origin, "https://examplebucket.s3.amazonaws.com", ""))
        return -1;
    s3_signer_init(&f->signer, ACCESS_KEY, SECRET_KEY, "us-east-1");
    pr_buf_init(&f->url, 4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    s3_signer_fini(&f->signer);
    s3_origin_fini(&f->origin);
    pr_buf_fini(&f->url);
    free(f);
    return 0;
}

static void assert_url(const struct pr_buf *url, const char *expected)
{
    char *text = pr_str_dup(pr_buf_str(url));
    assert_string_equal(text, expected);
    free(text);
}

static void signs_the_published_example(void **state)
{
    struct fixture *f = *state;
    assert_true(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS, 86400, &f->url));
    assert_url(&f->url, published);
}

static void appends_to_what_is_there(void **state)
{
    struct fixture *f = *state;
    pr_buf_puts(&f->url, "url=");
    assert_true(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS, 86400, &f->url));
    pr_buf_consume(&f->url, 4);
    assert_url(&f->url, published);
}

static void the_next_day_has_its_own_key(void **state)
{
    struct fixture *f = *state;
    assert_true(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS - 1, 86400, &f->url));
    pr_buf_clear(&f->url);
    assert_true(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS + DAY_MS, 86400, &f->url));
    pr_buf_clear(&f->url);
    assert_true(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS, 86400, &f->url));
    assert_url(&f->url, published);
}

static void a_url_that_does_not_fit_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    for (size_t room = 0; room <= sizeof(published) - 1; room++) {
        struct pr_buf url;
        pr_buf_init(&url, room + 1);
        pr_buf_puts(&url, "x");
        bool fits = room == sizeof(published) - 1;
        assert_int_equal(s3_sign(&f->signer, &f->origin, &get_test_txt, NOW_MS, 86400, &url), fits);
        assert_int_equal(url.n, fits ? room + 1 : 1);
        pr_buf_fini(&url);
    }
}

static void headers_are_signed_in_order_around_the_host(void **state)
{
    static const struct {
        struct s3_header headers[2];
        size_t count;
        const char *names;
    } rows[] = {
        {{{"accept", "x"}, {"x-amz-a", "y"}}, 2, "SignedHeaders=accept%3Bhost%3Bx-amz-a&"},
        {{{"accept", "x"}}, 1, "SignedHeaders=accept%3Bhost&"},
        {{{"x-amz-a", "y"}}, 1, "SignedHeaders=host%3Bx-amz-a&"},
        {{{0}}, 0, "SignedHeaders=host&"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        struct s3_request request = get_test_txt;
        request.headers = rows[i].headers;
        request.headers_count = rows[i].count;
        pr_buf_clear(&f->url);
        assert_true(s3_sign(&f->signer, &f->origin, &request, NOW_MS, 86400, &f->url));
        pr_buf_append(&f->url, pr_str_n("", 1));
        assert_non_null(strstr(f->url.p, rows[i].names));
    }
}

static void every_part_of_a_request_changes_the_signature(void **state)
{
    struct fixture *f = *state;
    const struct s3_header one = {"x-amz-a", "1"}, two = {"x-amz-a", "2"};
    const struct s3_param type = {"response-content-type", PR_STR("text/plain")};
    const struct s3_request requests[] = {
        get_test_txt,
        {.method = "HEAD", .key = get_test_txt.key},
        {.method = "GET", .key = pr_str("test.tx")},
        {.method = "GET", .key = get_test_txt.key, .headers = &one, .headers_count = 1},
        {.method = "GET", .key = get_test_txt.key, .headers = &two, .headers_count = 1},
        {.method = "GET", .key = get_test_txt.key, .params = &type, .params_count = 1},
    };
    char signatures[PR_COUNT(requests)][65];
    for (size_t i = 0; i < PR_COUNT(requests); i++) {
        pr_buf_clear(&f->url);
        assert_true(s3_sign(&f->signer, &f->origin, &requests[i], NOW_MS, 86400, &f->url));
        assert_true(pr_str_copy(pr_str_n(f->url.p + f->url.n - 64, 64), signatures[i], 65));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(signatures[i], signatures[j]);
    }
}

static void endpoints_become_origins(void **state)
{
    static const struct {
        const char *endpoint, *bucket, *url, *host;
    } rows[] = {
        {"http://127.0.0.1:9000", "b", "http://127.0.0.1:9000/b", "127.0.0.1:9000"},
        {"http://127.0.0.1:9000/", "b", "http://127.0.0.1:9000/b", "127.0.0.1:9000"},
        {"http://[::1]:9000", "b", "http://[::1]:9000/b", "[::1]:9000"},
        {"http://s3.local:80", "b", "http://s3.local/b", "s3.local"},
        {"https://s3.local:443/", "b", "https://s3.local/b", "s3.local"},
        {"https://s3.local:80", "b", "https://s3.local:80/b", "s3.local:80"},
        {"https://S3.Example.ORG", "Bucket", "https://s3.example.org/Bucket", "s3.example.org"},
        {"https://s3.local", "", "https://s3.local", "s3.local"},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        struct s3_origin origin;
        assert_true(s3_origin_init(&origin, rows[i].endpoint, rows[i].bucket));
        assert_true(pr_str_is(origin.url, rows[i].url));
        assert_true(pr_str_is(origin.host, rows[i].host));
        s3_origin_fini(&origin);
    }
}

static void malformed_endpoints_are_refused(void **state)
{
    static const char *const endpoints[] = {
        "",
        "s3.local",
        "ftp://s3.local",
        "http://",
        "http:///",
        "http://:80",
        "https://s3.local/path",
        "https://s3.local?x",
        "https://s3.local#x",
        "https://user@s3.local",
        "https://s3.local evil",
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(endpoints); i++) {
        struct s3_origin origin;
        assert_false(s3_origin_init(&origin, endpoints[i], "b"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signs_the_published_example, set_up, tear_down),
        cmocka_unit_test_setup_teardown(appends_to_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_next_day_has_its_own_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_url_that_does_not_fit_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_are_signed_in_order_around_the_host, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_part_of_a_request_changes_the_signature, set_up,
                                        tear_down),
        cmocka_unit_test(endpoints_become_origins),
        cmocka_unit_test(malformed_endpoints_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
