#include "tests/support/logs.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static int before(void **state)
{
    log_init("test", LOG_DEBUG);
    log_context_enter(NULL);
    return logs_setup(state);
}

/* The i-th line as JSON; every line must be an object without a repeated name, short enough. */
static json_t *line(size_t i)
{
    json_error_t error;
    struct pr_str text = logs_line(i);
    assert_true(text.n < 8192);
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!json_is_object(object))
        fail_msg("%s: " PR_STR_FMT, error.text, PR_STR_ARG(text));
    return object;
}

static void assert_member(const json_t *object, const char *name, const char *value)
{
    const json_t *member = json_object_get(object, name);
    if (!value)
        assert_null(member);
    else
        assert_string_equal(json_string_value(member), value);
}

static void test_line_says_when_who_and_what(void **state)
{
    (void)state;
    log_at(LOG_WARN, "cannot reach Postgres", LOG_INT("retry_in_ms", 250), LOG_TEXT("host", "db"),
           LOG_NUM("load", 0.5), LOG_STR("view", pr_str_n("abcdef", 3)), LOG_ERR(PR_ERR_TIMEOUT));
    json_t *object = line(0);
    assert_member(object, "level", "warn");
    assert_member(object, "service", "test");
    assert_member(object, "msg", "cannot reach Postgres");
    assert_member(object, "host", "db");
    assert_member(object, "view", "abc");
    assert_member(object, "error", "timed out");
    assert_int_equal(json_integer_value(json_object_get(object, "retry_in_ms")), 250);
    assert_true(fabs(json_real_value(json_object_get(object, "load")) - 0.5) < 1e-9);
    assert_int_equal(strlen(json_string_value(json_object_get(object, "time"))), 24);
    assert_member(object, "request_id", NULL);
    assert_member(object, "usecase", NULL);
    json_decref(object);
}

static void test_line_without_fields(void **state)
{
    (void)state;
    log_at(LOG_INFO, "alone");
    json_t *object = line(0);
    assert_int_equal(json_object_size(object), 4);
    assert_int_equal(logs_count(), 1);
    json_decref(object);
}

static void test_context_is_told_and_given_back(void **state)
{
    (void)state;
    struct log_context outer = {.request_id = "r1", .usecase = "outer"};
    struct log_context inner = {
        .request_id = "r2", .trace_id = "t", .usecase = "inner", .step = "s"};
    assert_null(log_context_enter(&outer));
    assert_ptr_equal(log_context_enter(&inner), &outer);
    log_at(LOG_INFO, "in");
    assert_ptr_equal(log_context_enter(&outer), &inner);
    log_at(LOG_INFO, "out");
    assert_ptr_equal(log_context_current(), &outer);
    log_context_enter(NULL);
    json_t *in = line(0), *out = line(1);
    assert_member(in, "request_id", "r2");
    assert_member(in, "trace_id", "t");
    assert_member(in, "usecase", "inner");
    assert_member(in, "step", "s");
    assert_member(out, "request_id", "r1");
    assert_member(out, "trace_id", NULL);
    assert_member(out, "step", NULL);
    json_decref(in);
    json_decref(out);
}

static void test_levels_below_are_silent(void **state)
{
    (void)state;
    log_init("test", LOG_WARN);
    log_at(LOG_DEBUG, "a");
    log_at(LOG_INFO, "b");
    assert_int_equal(logs_count(), 0);
    log_at(LOG_WARN, "c");
    log_at(LOG_ERROR, "d");
    assert_int_equal(logs_count(), 2);
}

static void test_names_of_levels(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    enum log_level level;
    for (int i = 0; i < 4; i++) {
        assert_true(log_level_parse(pr_str(names[i]), &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse(pr_str("INFO"), &level));
    assert_false(log_level_parse(pr_str(""), &level));
    assert_false(log_level_parse(pr_str("warning"), &level));
}

static void test_valid_text_comes_back_as_it_was(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain",
        "\"quoted\" \\ back/slash",
        "two\nlines\r\n\tand a tab",
        "\x01\x1f\x1b[31m",
        "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8e\xad",
        "{\"json\":[1,2]}",
        "%s%n%d",
        "</script>",
        "\x7f",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        log_at(LOG_INFO, "m", LOG_TEXT("field", texts[i]));
        json_t *object = line(i);
        assert_member(object, "field", texts[i]);
        json_decref(object);
    }
    assert_int_equal(logs_count(), sizeof texts / sizeof *texts); /* each is one line */
}

/* Bytes that are no text, or would turn it, are shown as \u00XX each: only ASCII reaches the
 * terminal. */
static void test_hostile_bytes_are_escaped(void **state)
{
    (void)state;
    static const struct pr_str texts[] = {
        PR_STR("caf\xe9"),
        PR_STR("\xff\xfe\x00"),
        PR_STR("a\xc3"),
        PR_STR("\xed\xa0\x80"),
        PR_STR("\xc2\x9b"
               "31m"),
        PR_STR("gpj.\xe2\x80\xae"
               "exe"),
        PR_STR("\xf0\x9f\x8e\xad\n"),
        PR_STR("a\0b"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        log_at(LOG_INFO, "m", LOG_STR("field", texts[i]));
        struct pr_str text = logs_line(i);
        for (size_t k = 0; k < text.n; k++)
            assert_in_range((unsigned char)text.p[k], 0x20, 0x7e);
        json_decref(line(i));
    }
}

static void test_every_byte_alone_and_after_another(void **state)
{
    (void)state;
    size_t n = 0;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b += 5, n++)
            log_at(LOG_INFO, "m", LOG_STR("field", pr_str_n((char[]){(char)a, (char)b}, 2)));
    }
    assert_int_equal(logs_count(), n);
    struct pr_str first = logs_line(0);
    const char *p = first.p; /* they lie one behind the other */
    for (size_t i = 0; i < n; i++) {
        const char *end = strchr(p, '\n');
        json_t *object = json_loadb(p, (size_t)(end - p), JSON_ALLOW_NUL, NULL);
        assert_non_null(object);
        json_decref(object);
        p = end + 1;
    }
}

static void test_long_fields_are_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text);
    log_at(LOG_INFO, "m", LOG_STR("field", pr_str_n(text, sizeof text)), LOG_INT("after", 1));
    json_t *object = line(0);
    assert_int_equal(json_string_length(json_object_get(object, "field")), 1024);
    assert_int_equal(json_integer_value(json_object_get(object, "after")), 1);
    json_decref(object);

    for (size_t i = 0; i < sizeof text; i += 2) /* the cut falls into a character */
        memcpy(text + i, "\xc3\xa9", 2);
    log_at(LOG_INFO, "m", LOG_STR("field", pr_str_n(text + 1, sizeof text - 1)));
    log_at(LOG_INFO, "m", LOG_STR("field", pr_str_n(text, sizeof text)));
    json_decref(line(1));
    json_decref(line(2));
}

static void test_fields_that_do_not_fit_are_left_out_whole(void **state)
{
    (void)state;
    char zeros[1024] = {0}; /* six bytes each when escaped */
    struct pr_str long_text = pr_str_n(zeros, sizeof zeros);
    log_at(LOG_INFO, "m", LOG_STR("f1", long_text), LOG_STR("f2", long_text), LOG_INT("small", 7));
    json_t *object = line(0);
    assert_int_equal(json_string_length(json_object_get(object, "f1")), 1024);
    assert_null(json_object_get(object, "f2"));
    assert_int_equal(json_integer_value(json_object_get(object, "small")), 7);
    json_decref(object);
}

/* Every length around the end of the line, so that each append is once the one that does not fit.
 */
static void test_line_stays_json_at_every_length(void **state)
{
    (void)state;
    char text[1024];
    memset(text, 1, sizeof text);
    for (size_t n = 0; n < 400; n++) {
        logs_catch();
        log_at(LOG_INFO, "m", LOG_STR("a", pr_str_n(text, 1000)), LOG_STR("b", pr_str_n(text, n)),
               LOG_STR("c", pr_str_n("xxxxxxxxxxx", n % 12)), LOG_INT("d", 1), LOG_NUM("e", 1));
        json_decref(line(0));
    }
}

static void test_numbers_at_the_edges(void **state)
{
    (void)state;
    log_at(LOG_INFO, "m", LOG_INT("min", INT64_MIN), LOG_INT("max", INT64_MAX),
           LOG_NUM("nan", (double)NAN), LOG_NUM("inf", (double)INFINITY), LOG_NUM("big", 1e300),
           LOG_NUM("neg", -0.0005));
    json_t *object = line(0);
    assert_int_equal(json_integer_value(json_object_get(object, "min")), INT64_MIN);
    assert_int_equal(json_integer_value(json_object_get(object, "max")), INT64_MAX);
    assert_true(json_is_null(json_object_get(object, "nan")));
    assert_true(json_is_null(json_object_get(object, "inf")));
    assert_true(json_is_real(json_object_get(object, "big")));
    json_decref(object);
}

static void test_level_follows_the_class(void **state)
{
    (void)state;
    assert_int_equal(log_level_of(PR_OK), LOG_INFO);
    assert_int_equal(log_level_of(PR_ERR_NOT_FOUND), LOG_INFO);
    assert_int_equal(log_level_of(PR_ERR_UNAVAILABLE), LOG_WARN);
    assert_int_equal(log_level_of(PR_ERR_DECODE), LOG_ERROR);
}

static void test_without_a_sink_lines_go_to_stdout(void **state)
{
    (void)state;
    int ends[2], out = dup(STDOUT_FILENO);
    char text[1024];
    assert_int_equal(pipe(ends), 0);
    log_set_sink(NULL, NULL);
    dup2(ends[1], STDOUT_FILENO);
    log_at(LOG_INFO, "out");
    dup2(out, STDOUT_FILENO);
    ssize_t n = read(ends[0], text, sizeof text);
    assert_true(n > 2);
    assert_memory_equal(text, "{\"time\":\"", 9);
    assert_memory_equal(text + n - 2, "}\n", 2);
    close(ends[0]);
    close(ends[1]);
    close(out);
}

/* What has come out of the pipe that stands for stdout; its lines counted. */
static size_t lines_out(int pipe_end, char *text, size_t size)
{
    ssize_t n = read(pipe_end, text, size - 1);
    size_t lines = 0;
    text[n > 0 ? n : 0] = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    return lines;
}

static void test_held_lines_come_at_the_flush_or_with_a_warning(void **state)
{
    (void)state;
    int ends[2], out = dup(STDOUT_FILENO);
    char text[65536];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    log_set_sink(NULL, NULL);
    dup2(ends[1], STDOUT_FILENO);

    log_hold(true);
    log_at(LOG_INFO, "first");
    log_at(LOG_INFO, "second");
    size_t before = lines_out(ends[0], text, sizeof text);
    log_flush();
    size_t flushed = lines_out(ends[0], text, sizeof text);
    log_at(LOG_INFO, "third");
    log_at(LOG_WARN, "fourth");
    size_t warned = lines_out(ends[0], text, sizeof text);
    bool in_order = strstr(text, "third") && strstr(text, "third") < strstr(text, "fourth");
    size_t full = 0;
    for (int i = 0; i < 1000 && full == 0; i++) {
        log_at(LOG_INFO, "many");
        full = lines_out(ends[0], text, sizeof text);
    }
    log_hold(false);
    size_t rest = lines_out(ends[0], text, sizeof text);
    log_at(LOG_INFO, "last");
    size_t last = lines_out(ends[0], text, sizeof text);

    dup2(out, STDOUT_FILENO);
    assert_int_equal(before, 0);
    assert_int_equal(flushed, 2);
    assert_int_equal(warned, 2);
    assert_true(in_order);
    assert_in_range(full, 2, 999);
    assert_int_equal(rest, 1);
    assert_int_equal(last, 1);
    close(ends[0]);
    close(ends[1]);
    close(out);
}

static void test_context_of_a_trace(void **state)
{
    static const char *const none[] = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",  /* too short */
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", /* no dash */
        "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01", /* no digit */
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
    };
    struct log_context context =
        log_context_of_trace(pr_str("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    (void)state;
    assert_string_equal(context.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_int_equal(strlen(context.span_id), 16);
    assert_string_not_equal(context.span_id, "b7ad6b7169203331"); /* our own */
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        context = log_context_of_trace(pr_str(none[i]));
        assert_string_equal(context.trace_id, "");
        assert_string_equal(context.span_id, "");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, logs_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context_of_a_trace),
        TEST(test_line_says_when_who_and_what),
        TEST(test_line_without_fields),
        TEST(test_context_is_told_and_given_back),
        TEST(test_levels_below_are_silent),
        TEST(test_names_of_levels),
        TEST(test_valid_text_comes_back_as_it_was),
        TEST(test_hostile_bytes_are_escaped),
        TEST(test_every_byte_alone_and_after_another),
        TEST(test_long_fields_are_cut),
        TEST(test_fields_that_do_not_fit_are_left_out_whole),
        TEST(test_line_stays_json_at_every_length),
        TEST(test_numbers_at_the_edges),
        TEST(test_level_follows_the_class),
        TEST(test_without_a_sink_lines_go_to_stdout),
        TEST(test_held_lines_come_at_the_flush_or_with_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
