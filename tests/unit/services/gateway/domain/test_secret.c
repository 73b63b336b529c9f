#include "services/gateway/domain/secret.h"
#include "tests/support/test.h"

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char *const prefixes[] = {"prs_", "prt_", "pri_"};

static void test_a_formatted_secret_is_of_its_kind_alone(void **state)
{
    (void)state;
    uint8_t random[SECRET_RANDOM_BYTES];
    char text[SECRET_TEXT];
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i * 37);
    for (unsigned kind = 0; kind < 3; kind++) {
        secret_format((enum secret_kind)kind, random, text);
        assert_int_equal(strlen(text), SECRET_TEXT - 1);
        assert_memory_equal(text, prefixes[kind], 4);
        for (unsigned other = 0; other < 3; other++)
            assert_int_equal(secret_is((enum secret_kind)other, pr_str(text)), kind == other);
    }
}

static void test_what_cannot_be_ours_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "prs_",
        A43,
        "prs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "prs_" A43 "A",
        ("PRS_" A43),
        "prs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
        "prs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=A",
        "prs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* bits beyond the last byte */
    };
    assert_true(secret_is(SECRET_SESSION, pr_str("prs_" A43)));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(secret_is(SECRET_SESSION, pr_str(bad[i])));
    assert_false(secret_is(SECRET_SESSION, pr_str_n("prs_" A43 "\0", SECRET_TEXT)));
}

static void test_the_token_of_an_authorization(void **state)
{
    (void)state;
    static const char *const good[] = {"Bearer prt_" A43, "bearer prt_" A43, "BEARER prt_" A43};
    static const char *const bad[] = {
        "",
        "Bearer",
        "Bearer ",
        "Basic cHJ0Xw==",
        "prt_" A43,
        "Bearer prs_" A43,
        "Bearer pri_" A43,
        "Bearer  prt_" A43,
        "Bearer prt_" A43 " ",
    };
    struct pr_str token;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(secret_from_authorization(pr_str(good[i]), SECRET_TOKEN, &token));
        assert_true(pr_str_is(token, "prt_" A43));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(secret_from_authorization(pr_str(bad[i]), SECRET_TOKEN, &token));
}

static void test_the_session_of_a_cookie_header(void **state)
{
    (void)state;
    static const char *const good[] = {
        "s=prs_" A43,         "a=b; s=prs_" A43,     "s=prs_" A43 "; s=prs_other; t=x",
        "a;  s=prs_" A43 ";", "as=prs_x;s=prs_" A43, ";;s=prs_" A43,
    };
    static const char *const bad[] = {
        "",
        "s",
        "s=",
        "S=prs_" A43,
        "as=prs_" A43,
        "s=prt_" A43,
        "s=\"prs_" A43 "\"",
        "s=prs_" A43 " ; t=x",
        "s=first; s=prs_" A43, /* the first of that name */
        "t=s=prs_" A43,
    };
    struct pr_str session, name = pr_str("s");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(secret_from_cookie(pr_str(good[i]), name, SECRET_SESSION, &session));
        assert_true(pr_str_is(session, "prs_" A43));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(secret_from_cookie(pr_str(bad[i]), name, SECRET_SESSION, &session));
}

#define B48 A43 "-_-_-"

/* Of another length than ours, and never taken for one of them. */
static void test_the_token_of_a_guest(void **state)
{
    (void)state;
    struct pr_str token, name = pr_str("pierrot_guest");
    assert_true(secret_from_authorization(pr_str("Bearer prg_" B48), SECRET_GUEST, &token));
    assert_true(pr_str_is(token, "prg_" B48));
    assert_true(
        secret_from_cookie(pr_str("a=b; pierrot_guest=prg_" B48), name, SECRET_GUEST, &token));
    assert_true(pr_str_is(token, "prg_" B48));
    assert_false(secret_from_authorization(pr_str("Bearer prg_" A43), SECRET_GUEST, &token));
    assert_false(secret_from_authorization(pr_str("Bearer prt_" A43), SECRET_GUEST, &token));
    assert_false(secret_from_authorization(pr_str("Bearer prg_" B48), SECRET_TOKEN, &token));
    assert_false(secret_from_cookie(pr_str("pierrot_guest=prs_" A43), name, SECRET_GUEST, &token));
    assert_false(
        secret_from_cookie(pr_str("pierrot_guest=prg_" B48), name, SECRET_SESSION, &token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_formatted_secret_is_of_its_kind_alone),
        cmocka_unit_test(test_what_cannot_be_ours_is_none),
        cmocka_unit_test(test_the_token_of_an_authorization),
        cmocka_unit_test(test_the_session_of_a_cookie_header),
        cmocka_unit_test(test_the_token_of_a_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
