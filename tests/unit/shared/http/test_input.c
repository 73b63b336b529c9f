#include "shared/http/input.h"

#include "tests/support/fake_http.h"
#include "tests/support/test.h"

struct body {
    struct pr_str name, words;
    struct pr_uuid id;
    int64_t count;
    int flag;
};

static const struct input_field fields[] = {
    INPUT_FIXED_FIELD("role"),
    INPUT_FIELD(struct body, name, "name", INPUT_TEXT, true, 0, 8),
    INPUT_FIELD(struct body, words, "words", INPUT_WORDS, false, 0, 16),
    INPUT_FIELD(struct body, id, "id", INPUT_ID, false, 0, 0),
    INPUT_FIELD(struct body, count, "count", INPUT_INTEGER, false, 1, 10),
    INPUT_FIELD(struct body, flag, "flag", INPUT_BOOLEAN, false, 0, 0),
    INPUT_END,
};

static void test_members_are_read(void **state)
{
    struct http_request req = {.body = "{\"name\": \"caf\\u00e9\", \"words\": [\"read\", "
                                       "\"write\"], \"count\": 10, \"flag\": true,"
                                       "\"id\": \"0192F0C1-7a00-7000-8000-000000000001\"}"};
    struct body body = {0};
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&req, fields, &body, &fault));
    assert_true(pr_str_is(body.name, "caf\xc3\xa9"));
    assert_true(pr_str_is(body.words, "read write"));
    assert_int_equal(body.count, 10);
    assert_int_equal(body.flag, 1);
    assert_int_equal(body.id.b[1], 0x92);
    fake_http_fini(&req);
}

static void test_what_is_absent_stays(void **state)
{
    struct http_request req = {.body = "{\"name\": \"\"}"};
    struct body body = {.count = 7, .flag = -1};
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&req, fields, &body, &fault));
    assert_int_equal(body.name.n, 0);
    assert_null(body.words.p);
    assert_int_equal(body.count, 7);
    assert_int_equal(body.flag, -1);
    fake_http_fini(&req);
}

static void test_faults_name_the_member(void **state)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{}", "name"},
        {"{\"name\": null}", "name"},
        {"{\"name\": 1}", "name"},
        {"{\"name\": \"123456789\"}", "name"},
        {"{\"name\": \"a\", \"role\": \"admin\"}", "role"},
        {"{\"name\": \"a\", \"nmae\": \"b\"}", "nmae"},
        {"{\"name\": \"a\", \"words\": \"read\"}", "words"},
        {"{\"name\": \"a\", \"words\": [1]}", "words"},
        {"{\"name\": \"a\", \"words\": [\"\"]}", "words"},
        {"{\"name\": \"a\", \"words\": [\"read write\"]}", "words"},
        {"{\"name\": \"a\", \"words\": [\"12345678\", \"12345678\"]}", "words"},
        {"{\"name\": \"a\", \"id\": \"x\"}", "id"},
        {"{\"name\": \"a\", \"id\": 5}", "id"},
        {"{\"name\": \"a\", \"count\": 0}", "count"},
        {"{\"name\": \"a\", \"count\": 11}", "count"},
        {"{\"name\": \"a\", \"count\": 2.0}", "count"},
        {"{\"name\": \"a\", \"count\": \"2\"}", "count"},
        {"{\"name\": \"a\", \"flag\": 1}", "flag"},
        {"[", "body"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_request req = {.body = cases[i].body};
        struct body body = {0};
        struct pr_fault fault = {0};
        assert_false(input_read(&req, fields, &body, &fault));
        assert_int_equal(fault.err, PR_ERR_INVALID);
        assert_string_equal(fault.field, cases[i].field);
        fake_http_fini(&req);
    }
}

static void test_other_members_where_they_are_ignored(void **state)
{
    static const struct input_field open[] = {
        INPUT_FIELD(struct body, name, "name", INPUT_TEXT, true, 0, 8),
        INPUT_END_OPEN,
    };
    struct http_request req = {.body = "{\"name\": \"a\", \"more\": {}}"};
    struct body body = {0};
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&req, open, &body, &fault));
    fake_http_fini(&req);
}

static void test_pages(void **state)
{
    static const struct {
        const char *name, *value;
    } wrong[] = {
        {"limit", "0"}, {"limit", "101"}, {"limit", ""}, {"cursor", ""}, {"cursor", "AAAA"}};
    struct pr_uuid last = {{1, 2, 3}}, before;
    struct pr_fault fault;
    struct http_request req = {0};
    size_t limit;
    (void)state;
    assert_true(input_page(&req, &limit, &before, &fault));
    assert_int_equal(limit, 20);
    assert_true(pr_uuid_is_nil(&before));
    json_t *cursor = input_next_cursor(&last), *end = input_next_cursor(NULL);
    req.query[0].name = "limit";
    req.query[0].value = "100";
    req.query[1].name = "cursor";
    req.query[1].value = json_string_value(cursor);
    assert_true(input_page(&req, &limit, &before, &fault));
    assert_int_equal(limit, 100);
    assert_true(pr_uuid_eq(&before, &last));
    assert_true(json_is_null(end));
    json_decref(cursor);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        req = (struct http_request){.query = {{wrong[i].name, wrong[i].value}}};
        assert_false(input_page(&req, &limit, &before, &fault));
        assert_string_equal(fault.field, wrong[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_read),
        cmocka_unit_test(test_what_is_absent_stays),
        cmocka_unit_test(test_faults_name_the_member),
        cmocka_unit_test(test_other_members_where_they_are_ignored),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
