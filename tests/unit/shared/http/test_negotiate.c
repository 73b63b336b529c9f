#include "shared/http/negotiate.h"

#include "shared/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *header;
    bool listed;
} if_none_match[] = {
    {"\"abc\"", true},
    {"W/\"abc\"", true},
    {"*", true},
    {" * ", true},
    {"\"x\", \"abc\"", true},
    {"\"x\",W/\"abc\"", true},
    {"\"x\" ,, \"abc\" , \"y\"", true},
    {"\"a,b\", \"abc\"", true},
    {"", false},
    {"\"x\"", false},
    {"abc", false},
    {"\"abc", false},
    {"\"", false},
    {"W/", false},
    {"w/\"abc\"", false},
    {"\"x\", *", false},
    {"\"x\" \"", false},
    {"\"ABC\"", false},
    {"\", \"abc\"", false}, /* a tag `, ` and then nonsense */
};

static void test_entity_tags(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(if_none_match); i++) {
        if (etag_listed(pr_str(if_none_match[i].header), pr_str("\"abc\"")) !=
            if_none_match[i].listed)
            fail_msg("%s", if_none_match[i].header);
    }
    assert_false(etag_listed((struct pr_str){NULL, 0}, pr_str("\"abc\"")));
}

static const struct {
    const char *header;
    bool accepted;
} accept_encoding[] = {
    {"gzip", true},
    {"GZIP", true},
    {"x-gzip", true},
    {"br, gzip, deflate", true},
    {"gzip;q=0.5", true},
    {"gzip; q=0.001", true},
    {"gzip ;Q=1", true},
    {"*", true},
    {"br, *;q=0.1", true},
    {"*;q=0, gzip", true},
    {"", false},
    {"br", false},
    {"identity", false},
    {"gzip;q=0", false},
    {"gzip; q=0.000", false},
    {"*;q=0", false},
    {"gzip;q=0, *", false},
    {"*, gzip;q=0", false},
    {"gzipped", false},
};

static void test_gzip(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(accept_encoding); i++) {
        if (gzip_accepted(pr_str(accept_encoding[i].header)) != accept_encoding[i].accepted)
            fail_msg("%s", accept_encoding[i].header);
    }
    assert_false(gzip_accepted((struct pr_str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entity_tags),
        cmocka_unit_test(test_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
