#include "services/media/domain/event.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char *make_slug(const char *name, const char *suffix)
{
    static struct event event;
    struct pr_fault fault;
    assert_int_equal(event_set_name(&event, pr_str(name), &fault), PR_OK);
    memset(event.slug, 'x', sizeof event.slug);
    event_make_slug(&event, pr_str(suffix));
    assert_int_equal(event_set_slug(&event, pr_str(event.slug), &fault), PR_OK); /* it is a slug */
    return event.slug;
}

static void assert_refused(enum pr_err err, const struct pr_fault *fault, const char *field)
{
    assert_int_equal(err, PR_ERR_INVALID);
    assert_int_equal(fault->err, PR_ERR_INVALID);
    assert_string_equal(fault->field, field);
}

static void test_names(void **state)
{
    (void)state;
    struct event event;
    struct pr_fault fault;
    char longest[EVENT_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    assert_int_equal(
        event_set_name(&event, pr_str(" \tA & B \xe2\x80\x94 1. \xe6\x97\xa5 "), &fault), PR_OK);
    assert_string_equal(event.name, "A & B \xe2\x80\x94 1. \xe6\x97\xa5");
    assert_int_equal(event_set_name(&event, pr_str_n(longest, EVENT_NAME_MAX), &fault), PR_OK);
    assert_int_equal(strlen(event.name), EVENT_NAME_MAX);
    assert_refused(event_set_name(&event, pr_str_n(longest, EVENT_NAME_MAX + 1), &fault), &fault,
                   "name");
    static const struct pr_str bad[] = {PR_STR(""),
                                        PR_STR("  \t"),
                                        PR_STR("a\nb"),
                                        PR_STR("a\0b"),
                                        PR_STR("a\xff"),
                                        PR_STR("\xe2\x80\xae"
                                               "a")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(event_set_name(&event, bad[i], &fault), &fault, "name");
    assert_int_equal(strlen(event.name), EVENT_NAME_MAX); /* it is as it was */
}

static void test_slugs(void **state)
{
    (void)state;
    struct event event;
    struct pr_fault fault;
    char longest[EVENT_SLUG_MAX + 1];
    memset(longest, 's', sizeof longest);
    static const char *const good[] = {"a", "0", "a-b", "a--b", "2026-06-wedding"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(event_set_slug(&event, pr_str(good[i]), &fault), PR_OK);
        assert_string_equal(event.slug, good[i]);
    }
    assert_int_equal(event_set_slug(&event, pr_str_n(longest, EVENT_SLUG_MAX), &fault), PR_OK);
    assert_refused(event_set_slug(&event, pr_str_n(longest, EVENT_SLUG_MAX + 1), &fault), &fault,
                   "slug");
    static const struct pr_str bad[] = {PR_STR(""),    PR_STR("-"),        PR_STR("-a"),
                                        PR_STR("a-"),  PR_STR("A"),        PR_STR("a b"),
                                        PR_STR("a/b"), PR_STR("a."),       PR_STR("_"),
                                        PR_STR("a\0"), PR_STR("\xc3\xa9"), PR_STR("a\n")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(event_set_slug(&event, bad[i], &fault), &fault, "slug");
}

static void test_slugs_from_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *slug;
    } cases[] = {
        {"Wedding of Anna & Ben", "wedding-of-anna-ben"},
        {"  --2026--06--  ", "2026-06"},
        {"\xc3\x89t\xc3\xa9 \xc3\xa0 la plage", "ete-a-la-plage"}, /* Été à la plage */
        {"Gr\xc3\xbc\xc3\x9f"
         "e 3\xc3\x97"
         "4",
         "gruse-3-4"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "event"},
        {"a\xe6\x97\xa5"
         "b",
         "a-b"},
        {"...", "event"},
        {"Z", "z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(make_slug(cases[i].name, ""), cases[i].slug);
    assert_string_equal(make_slug("Party", "1a2b3c"), "party-1a2b3c");
    assert_string_equal(make_slug("!", "1a2b3c"), "event-1a2b3c");
}

static void test_slugs_from_long_names(void **state)
{
    (void)state;
    char name[EVENT_NAME_MAX + 1] = "", expected[EVENT_SLUG_MAX + 1] = "";
    memset(name, 'n', EVENT_NAME_MAX);
    memset(expected, 'n', EVENT_SLUG_MAX);
    assert_string_equal(make_slug(name, ""), expected);
    strcpy(expected + EVENT_SLUG_MAX - 7, "-123456");
    assert_string_equal(make_slug(name, "123456"), expected);
    name[EVENT_SLUG_MAX - 1] = ' '; /* the cut leaves no dash at the end */
    assert_int_equal(strlen(make_slug(name, "")), EVENT_SLUG_MAX - 1);
}

static void test_the_end_counts_from_the_creation(void **state)
{
    (void)state;
    struct event event = {.created_at_ms = 1000000};
    struct pr_fault fault;
    assert_int_equal(event_set_ttl(&event, 7200, &fault), PR_OK);
    assert_int_equal(event.expires_at_ms, 1000000 + 7200000);
    assert_int_equal(event_set_ttl(&event, 7200, &fault), PR_OK);
    assert_int_equal(event.expires_at_ms, 1000000 + 7200000);
    assert_int_equal(event_set_ttl(&event, EVENT_TTL_MIN_S, &fault), PR_OK);
    assert_true(event_is_open(&event, event.expires_at_ms - 1));
    assert_false(event_is_open(&event, event.expires_at_ms));
    assert_int_equal(event_set_ttl(&event, EVENT_TTL_MAX_S, &fault), PR_OK);
    static const int64_t bad[] = {INT64_MIN,           -1,       0, EVENT_TTL_MIN_S - 1,
                                  EVENT_TTL_MAX_S + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(event_set_ttl(&event, bad[i], &fault), &fault, "seconds_to_live");
    assert_int_equal(event.seconds_to_live, EVENT_TTL_MAX_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_slugs),
        cmocka_unit_test(test_slugs_from_names),
        cmocka_unit_test(test_slugs_from_long_names),
        cmocka_unit_test(test_the_end_counts_from_the_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
