#include "tests/unit/shared/service/child.h"

#include <stdio.h>
#include <stdlib.h>

struct own {
    int64_t depth;
};

static struct own own;

static const struct config_setting own_settings[] = {
    CONFIG_INT_SETTING(struct own, depth, "PIERROT_TEST_DEPTH", "3", 1, 9, NULL, "How deep."),
    CONFIG_END,
};

static int say(struct service *service, int argc, char **argv)
{
    printf("%s %d %s depth=%lld\n", service->spec->name, argc, argc > 0 ? argv[0] : "-",
           (long long)own.depth);
    return 5;
}

static const struct pg_migration no_migrations[] = {{0}};
static const struct service_settings_group groups[] = {{own_settings, &own}, {NULL, NULL}};
static const struct service_command commands[] = {{"say", "Says something.", say},
                                                  {NULL, NULL, NULL}};
static const struct service_spec spec = {
    .name = "test",
    .about = "a service for tests",
    .settings = groups,
    .migrations = no_migrations,
    .commands = commands,
};

static struct child child;

#define RUN(...) child_run(&child, &spec, (const char *const[]){__VA_ARGS__, NULL})

static int before(void **state)
{
    (void)state;
    child_environment();
    unsetenv("PIERROT_TEST_DEPTH");
    return 0;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_help_needs_no_settings_and_shows_them_all(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "pierrot-test: a service for tests\n",
        "serve ",
        "migrate ",
        "republish --since N ",
        "say ",
        "Says something.",
        "PIERROT_LISTEN",
        "PIERROT_DATABASE_URL",
        "PIERROT_KAFKA_BROKERS",
        "PIERROT_IDENTITY_SECRET",
        "PIERROT_STOP_LIMIT_S",
        "PIERROT_TEST_DEPTH",
        "How deep.",
    };
    unsetenv("PIERROT_LISTEN");
    assert_int_equal(RUN("--help"), 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_says(child.stdout_text, parts[i]);
    assert_null(strstr(child.stdout_text, "topsecret"));
    assert_string_equal(child.stderr_text, "");
    assert_int_equal(RUN("-h"), 0);
}

static void test_version(void **state)
{
    (void)state;
    int major, minor, patch, end = 0;
    assert_int_equal(RUN("--version"), 0);
    sscanf(child.stdout_text, "pierrot-test %d.%d.%d\n%n", &major, &minor, &patch, &end);
    assert_true(end > 0);
}

static void test_unknown_commands_are_refused(void **state)
{
    (void)state;
    assert_int_equal(RUN("sevre"), 2);
    assert_says(child.stderr_text, "usage: pierrot-test serve");
    assert_int_equal(RUN("serve", "now"), 2);
    assert_int_equal(RUN("migrate", "now"), 2);
    assert_int_equal(RUN("--help", "me"), 2);
    assert_int_equal(child_run(&child, &spec, (const char *const[]){NULL}), 2);
    assert_int_equal(RUN(""), 2);
    assert_string_equal(child.stdout_text, "");
}

static void test_all_wrong_settings_are_told_at_once(void **state)
{
    (void)state;
    unsetenv("PIERROT_KAFKA_BROKERS");
    setenv("PIERROT_DATABASE_CONNECTIONS", "0", 1);
    setenv("PIERROT_IDENTITY_SECRET", "c0ffee", 1);
    setenv("PIERROT_TEST_DEPTH", "ten", 1);
    int status = RUN("serve");
    unsetenv("PIERROT_DATABASE_CONNECTIONS");
    assert_int_equal(status, 2);
    assert_says(child.stderr_text, "pierrot-test: wrong settings");
    assert_says(child.stderr_text, "\nPIERROT_KAFKA_BROKERS is not set");
    assert_says(child.stderr_text, "\nPIERROT_DATABASE_CONNECTIONS must be");
    assert_says(child.stderr_text, "\nPIERROT_IDENTITY_SECRET must be");
    assert_says(child.stderr_text,
                "\nPIERROT_TEST_DEPTH must be a whole number from 1 to 9, not 'ten'\n");
    assert_null(strstr(child.stderr_text, "c0ffee"));
    assert_string_equal(child.stdout_text, "");
}

static void test_unknown_log_level(void **state)
{
    (void)state;
    setenv("PIERROT_LOG_LEVEL", "loud", 1);
    assert_int_equal(RUN("serve"), 2);
    assert_says(child.stderr_text, "PIERROT_LOG_LEVEL must be debug, info, warn or error\n");
}

static void test_own_commands_run_with_settings(void **state)
{
    (void)state;
    setenv("PIERROT_TEST_DEPTH", "7", 1);
    assert_int_equal(RUN("say", "hello"), 5);
    assert_says(child.stdout_text, "test 1 hello depth=7\n");
    assert_int_equal(RUN("say"), 5);
    assert_says(child.stdout_text, "test 0 - depth=7\n");
}

static void test_republish_wants_a_number_of_seconds(void **state)
{
    (void)state;
    assert_int_equal(RUN("republish"), 2);
    assert_says(child.stderr_text, "usage: pierrot-test republish --since SECONDS\n");
    assert_int_equal(RUN("republish", "--since"), 2);
    assert_int_equal(RUN("republish", "--since", "0"), 2);
    assert_int_equal(RUN("republish", "--since", "1h"), 2);
    assert_int_equal(RUN("republish", "--since", "99999999999"), 2);
    assert_int_equal(RUN("republish", "--until", "60"), 2);
}

static void test_republish_without_postgres_fails(void **state)
{
    (void)state;
    assert_int_equal(RUN("republish", "--since", "60"), 1);
    assert_says(child.stderr_text, "pierrot-test: Postgres: ");
    assert_null(strstr(child.stdout_text, "topsecret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_help_needs_no_settings_and_shows_them_all, before),
        cmocka_unit_test_setup(test_version, before),
        cmocka_unit_test_setup(test_unknown_commands_are_refused, before),
        cmocka_unit_test_setup(test_all_wrong_settings_are_told_at_once, before),
        cmocka_unit_test_setup(test_unknown_log_level, before),
        cmocka_unit_test_setup(test_own_commands_run_with_settings, before),
        cmocka_unit_test_setup(test_republish_wants_a_number_of_seconds, before),
        cmocka_unit_test_setup(test_republish_without_postgres_fails, before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
