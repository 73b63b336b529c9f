#include "shared/config/config.h"

#include "tests/support/test.h"

#include <stdlib.h>

struct settings {
    const char *url, *password, *proxy;
    int64_t ttl_s, port;
    struct config_key key;
    struct config_rate rate;
};

static const struct config_setting table[] = {
    CONFIG_STR_SETTING(struct settings, url, "T_URL", NULL, 3, 20, "Where it is."),
    CONFIG_SECRET_SETTING(struct settings, password, "T_PASSWORD", NULL, 8, 64, "The password."),
    CONFIG_STR_SETTING(struct settings, proxy, "T_PROXY", "", 0, 20, "A proxy, or none."),
    CONFIG_INT_SETTING(struct settings, ttl_s, "T_TTL_S", "3600", 60, 86400, "seconds",
                       "Life of a thing."),
    CONFIG_INT_SETTING(struct settings, port, "T_PORT", "8080", 1, 65535, NULL, "The port."),
    CONFIG_KEY_SETTING(struct settings, key, "T_KEY", 2, 4, "A key."),
    CONFIG_RATE_SETTING(struct settings, rate, "T_RATE", "10/60", 500, "How many."),
    CONFIG_END,
};

static const char *const names[] = {"T_URL",  "T_PASSWORD", "T_PROXY", "T_TTL_S",
                                    "T_PORT", "T_KEY",      "T_RATE"};

static struct settings settings;
static char faults[4096];

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

/* A good environment. */
static int before(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    set("T_URL", "tcp://db");
    set("T_PASSWORD", "correct horse");
    set("T_KEY", "00ffA0");
    settings = (struct settings){0};
    return 0;
}

static enum pr_err load(void)
{
    struct pr_buf out;
    pr_buf_init(&out, sizeof faults - 1);
    enum pr_err err = config_load(table, &settings, &out);
    assert_false(out.full);
    assert_true(pr_str_copy(pr_buf_str(&out), faults, sizeof faults));
    pr_buf_fini(&out);
    return err;
}

static size_t count_lines(void)
{
    size_t n = 0;
    for (const char *c = faults; *c; c++)
        n += *c == '\n';
    return n;
}

static void test_environment_and_defaults_fill_the_struct(void **state)
{
    (void)state;
    set("T_PORT", "65535");
    assert_int_equal(load(), PR_OK);
    assert_string_equal(faults, "");
    assert_string_equal(settings.url, "tcp://db");
    assert_string_equal(settings.password, "correct horse");
    assert_string_equal(settings.proxy, "");
    assert_int_equal(settings.ttl_s, 3600);
    assert_int_equal(settings.port, 65535);
    assert_int_equal(settings.key.n, 3);
    assert_memory_equal(settings.key.bytes, "\x00\xff\xa0", 3);
    assert_int_equal(settings.rate.count, 10);
    assert_int_equal(settings.rate.period_s, 60);
}

static void test_empty_counts_as_not_set(void **state)
{
    (void)state;
    set("T_TTL_S", "");
    assert_int_equal(load(), PR_OK);
    assert_int_equal(settings.ttl_s, 3600);
    set("T_URL", "");
    assert_int_equal(load(), PR_ERR_INVALID);
    assert_non_null(strstr(faults, "T_URL is not set: Where it is."));
}

static void test_all_faults_are_told_at_once(void **state)
{
    (void)state;
    unsetenv("T_URL");
    set("T_PASSWORD", "short");
    set("T_PROXY", "a proxy with too long a name");
    set("T_TTL_S", "an hour");
    set("T_PORT", "65536");
    set("T_KEY", "xyz");
    set("T_RATE", "10");
    assert_int_equal(load(), PR_ERR_INVALID);
    assert_int_equal(count_lines(), 7);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(strstr(faults, names[i]));
    assert_non_null(strstr(faults, "T_PORT must be a whole number from 1 to 65535, not '65536'\n"));
    assert_non_null(
        strstr(faults, "T_TTL_S must be a whole number from 60 to 86400, not 'an hour'\n"));
    assert_non_null(strstr(faults, "T_RATE must be COUNT/SECONDS with a count from 1 to 500, "
                                   "a day at most, or 0, not '10'\n"));
}

static void test_secrets_are_never_shown(void **state)
{
    (void)state;
    set("T_PASSWORD", "hunter2");
    set("T_KEY", "deadbeefdeadbeef");
    assert_int_equal(load(), PR_ERR_INVALID);
    assert_null(strstr(faults, "hunter2"));
    assert_null(strstr(faults, "deadbeef"));
    assert_non_null(strstr(faults, "T_PASSWORD must be a text of 8 to 64 bytes\n"));
    assert_non_null(strstr(faults, "T_KEY must be hexadecimal digits for 2 to 4 bytes\n"));
}

static void test_bounds_are_included(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum pr_err err;
    } cases[] = {
        {"T_TTL_S", "60", PR_OK},
        {"T_TTL_S", "59", PR_ERR_INVALID},
        {"T_TTL_S", "86400", PR_OK},
        {"T_TTL_S", "86401", PR_ERR_INVALID},
        {"T_TTL_S", "-60", PR_ERR_INVALID},
        {"T_TTL_S", "60 ", PR_ERR_INVALID},
        {"T_TTL_S", "60s", PR_ERR_INVALID},
        {"T_TTL_S", "99999999999999999999", PR_ERR_INVALID},
        {"T_URL", "abc", PR_OK},
        {"T_URL", "ab", PR_ERR_INVALID},
        {"T_URL", "12345678901234567890", PR_OK},
        {"T_URL", "123456789012345678901", PR_ERR_INVALID},
        {"T_KEY", "0000", PR_OK},
        {"T_KEY", "00", PR_ERR_INVALID},
        {"T_KEY", "00000", PR_ERR_INVALID}, /* half a byte */
        {"T_KEY", "00000000", PR_OK},
        {"T_KEY", "000000000", PR_ERR_INVALID},
        {"T_KEY", "0000000000", PR_ERR_INVALID},
        {"T_RATE", "1/1", PR_OK},
        {"T_RATE", "500/86400", PR_OK},
        {"T_RATE", "501/60", PR_ERR_INVALID},
        {"T_RATE", "-1/60", PR_ERR_INVALID},
        {"T_RATE", "1/86401", PR_ERR_INVALID},
        {"T_RATE", "1/0", PR_ERR_INVALID},
        {"T_RATE", "0/0", PR_ERR_INVALID},
        {"T_RATE", "1/-1", PR_ERR_INVALID},
        {"T_RATE", "1", PR_ERR_INVALID},
        {"T_RATE", "1/", PR_ERR_INVALID},
        {"T_RATE", "/60", PR_ERR_INVALID},
        {"T_RATE", "0/", PR_ERR_INVALID},
        {"T_RATE", "1/1/1", PR_ERR_INVALID},
        {"T_RATE", "1 / 1", PR_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        before(NULL);
        set(cases[i].name, cases[i].value);
        assert_int_equal(load(), cases[i].err);
        assert_int_equal(count_lines(), cases[i].err ? 1 : 0);
    }
}

static void test_a_rate_may_be_none(void **state)
{
    static const char *const none[] = {"0", "0/1", "0/3600"};
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        set("T_RATE", none[i]);
        assert_int_equal(load(), PR_OK);
        assert_int_equal(settings.rate.count, 0);
        assert_true(settings.rate.period_s > 0);
    }
}

static void test_endless_values_are_cut_and_stay_in_the_struct(void **state)
{
    (void)state;
    char *value = malloc(100001);
    memset(value, '0', 100000);
    value[100000] = 0;
    set("T_KEY", value);
    set("T_URL", value);
    assert_int_equal(load(), PR_ERR_INVALID);
    assert_int_equal(count_lines(), 2);
    assert_true(strlen(faults) < 400);
    free(value);
}

static void test_help_shows_every_setting_and_no_secret(void **state)
{
    (void)state;
    struct pr_buf out;
    char text[4096];
    pr_buf_init(&out, sizeof text - 1);
    config_help(table, &out);
    assert_true(pr_str_copy(pr_buf_str(&out), text, sizeof text));
    pr_buf_fini(&out);
    for (const struct config_setting *setting = table; setting->name; setting++) {
        assert_non_null(strstr(text, setting->name));
        assert_non_null(strstr(text, setting->help));
    }
    assert_non_null(strstr(text, "default: 3600, 60 to 86400, seconds\n"));
    assert_non_null(strstr(text, "default: 10/60, count/seconds\n"));
    assert_non_null(strstr(text, "required, secret\n"));
    assert_non_null(strstr(text, "default: none\n"));
    assert_null(strstr(text, "correct horse"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_environment_and_defaults_fill_the_struct, before),
        cmocka_unit_test_setup(test_empty_counts_as_not_set, before),
        cmocka_unit_test_setup(test_all_faults_are_told_at_once, before),
        cmocka_unit_test_setup(test_secrets_are_never_shown, before),
        cmocka_unit_test_setup(test_bounds_are_included, before),
        cmocka_unit_test_setup(test_a_rate_may_be_none, before),
        cmocka_unit_test_setup(test_endless_values_are_cut_and_stay_in_the_struct, before),
        cmocka_unit_test_setup(test_help_shows_every_setting_and_no_secret, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
