#include "shared/http/origin.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdio.h>

static void test_origins_are_read(void **state)
{
    static const struct {
        const char *url, *origin; /* NULL: it is none */
    } cases[] = {
        {"https://photos.example.org", "https://photos.example.org"},
        {"https://photos.example.org/", "https://photos.example.org"},
        {"HTTPS://Photos.Example.ORG", "https://photos.example.org"},
        {"https://photos.example.org:443", "https://photos.example.org"},
        {"https://photos.example.org:80", "https://photos.example.org:80"},
        {"http://photos.example.org:80/", "http://photos.example.org"},
        {"http://127.0.0.1:28080", "http://127.0.0.1:28080"},
        {"http://[::1]:28080", "http://[::1]:28080"},
        {"https://[2001:db8::1]", "https://[2001:db8::1]"},
        {"", NULL},
        {"/", NULL},
        {"null", NULL},
        {"https://", NULL},
        {"https:///", NULL},
        {"ftp://example.org", NULL},
        {"photos.example.org", NULL},
        {"https://example.org/path", NULL},
        {"https://example.org//", NULL},
        {"https://example.org?", NULL},
        {"https://user@example.org", NULL},
        {"https://example.org:", NULL},
        {"https://example.org:0", NULL},
        {"https://example.org:65536", NULL},
        {"https://example.org:443x", NULL},
        {"https://ex ample.org", NULL},
        {"https://example.org\r\nx: y", NULL},
        {"https://[]", NULL},
        {"https://[::1", NULL},
        {"https://[::1]8", NULL},
        {"https://[::g]", NULL},
        {"https://*.example.org", NULL},
    };
    struct origin origin;
    (void)state;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        bool is_one = origin_parse(pr_str(cases[i].url), &origin);
        if (is_one != (cases[i].origin != NULL))
            fail_msg("%s", cases[i].url);
        if (is_one)
            assert_string_equal(origin.text, cases[i].origin);
    }
}

static void test_origin_that_is_too_long(void **state)
{
    char url[ORIGIN_MAX + 1];
    struct origin origin;
    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    assert_false(origin_parse(pr_str_n(url, ORIGIN_MAX), &origin));
    assert_true(origin_parse(pr_str_n(url, ORIGIN_MAX - 1), &origin));
    assert_true(origin_is_https(&origin));
}

static void test_lists(void **state)
{
    struct origins origins;
    char list[32 * (ORIGINS_MAX + 1)] = "";
    (void)state;
    assert_true(origins_parse(pr_str(""), &origins));
    assert_int_equal(origins.n, 0);
    assert_true(origins_parse(pr_str(" https://a.example , http://b.example:8080/,"), &origins));
    assert_int_equal(origins.n, 2);
    assert_true(origins_have(&origins, pr_str("http://b.example:8080")));
    assert_false(origins_have(&origins, pr_str("http://b.example")));
    assert_false(origins_have(&origins, pr_str("")));
    assert_false(origins_parse(pr_str("*"), &origins));
    assert_false(origins_parse(pr_str("https://a.example, b.example"), &origins));
    for (int i = 0; i < ORIGINS_MAX; i++)
        snprintf(list + strlen(list), 32, "https://%d.example,", i);
    assert_true(origins_parse(pr_str(list), &origins));
    snprintf(list + strlen(list), 32, "https://more.example");
    assert_false(origins_parse(pr_str(list), &origins));
}

static void test_who_may_write(void **state)
{
    static const char *const ours = "https://photos.example.org";
    static const struct {
        const char *site, *origin, *host;
        bool may;
    } cases[] = {
        {"", "", "photos.example.org", true}, /* a program */
        {"same-origin", "https://photos.example.org", "photos.example.org", true},
        {"none", "", "photos.example.org", true},
        {"same-site", "https://photos.example.org", "photos.example.org", false},
        {"cross-site", "https://photos.example.org", "photos.example.org", false},
        {"cross-site", "", "photos.example.org", false},
        {"SAME-ORIGIN", "", "photos.example.org", false},
        {"", "https://photos.example.org", "other", true},
        {"", "https://evil.example", "photos.example.org", false},
        {"", "null", "photos.example.org", false},
        {"", "https://photos.example.org.evil.example", "photos.example.org", false},
        {"", "http://127.0.0.1:8080", "127.0.0.1:8080", true}, /* asked directly, without a front */
        {"", "http://127.0.0.1:8081", "127.0.0.1:8080", false},
        {"", "http://photos.example.org", "photos.example.org", true}, /* as in Go's protection */
        {"", "https://evil.example", "", false},
    };
    struct origin own;
    (void)state;
    assert_true(origin_parse(pr_str(ours), &own));
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct origin_claim claim = {pr_str(cases[i].site), pr_str(cases[i].origin),
                                     pr_str(cases[i].host)};
        if (origin_may_write(&claim, &own) != cases[i].may)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins_are_read),
        cmocka_unit_test(test_origin_that_is_too_long),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_who_may_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
