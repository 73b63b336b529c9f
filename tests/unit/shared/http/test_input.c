#include "shared/http/input.h"

#include "tests/support/fake_http.h"
#include "tests/support/test.h"

struct body {
    struct pr_str name, words;
    struct pr_uuid id;
    int64_t count;
    int flag;
    struct input_ids ids;
};

#define ID_1 "0192f0c1-7a00-7000-8000-000000000001"
#define ID_2 "0192f0c1-7a00-7000-8000-000000000002"
#define ID_3 "0192f0c1-7a00-7000-8000-000000000003"

static const struct input_field fields[] = {
    INPUT_FIXED_FIELD("role"),
    INPUT_FIELD(struct body, name, "name", INPUT_TEXT, true, 0, 8),
    INPUT_FIELD(struct body, words, "words", INPUT_WORDS, false, 0, 16),
    INPUT_FIELD(struct body, id, "id", INPUT_ID, false, 0, 0),
    INPUT_FIELD(struct body, count, "count", INPUT_INTEGER, false, 1, 10),
    INPUT_FIELD(struct body, flag, "flag", INPUT_BOOLEAN, false, 0, 0),
    INPUT_FIELD(struct body, ids, "ids", INPUT_IDS, false, 1, 2),
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

static void test_ids_are_read_as_they_were_sent(void **state)
{
    struct http_request req = {.body = "{\"name\": \"\", \"ids\": [\"" ID_2 "\", \"" ID_1 "\"]}"};
    struct body body = {0};
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&req, fields, &body, &fault));
    assert_int_equal(body.ids.n, 2);
    assert_int_equal(body.ids.items[0].b[15], 2);
    assert_int_equal(body.ids.items[1].b[15], 1);
    fake_http_fini(&req);
}

/* Where min is 0: an empty array was sent, none was not. */
static void test_no_ids_are_other_than_an_empty_array(void **state)
{
    static const struct input_field any[] = {
        INPUT_FIELD(struct body, ids, "ids", INPUT_IDS, false, 0, 2),
        INPUT_END,
    };
    struct http_request empty = {.body = "{\"ids\": []}"}, none = {.body = "{}"};
    struct body body = {0};
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&none, any, &body, &fault));
    assert_null(body.ids.items);
    assert_true(input_read(&empty, any, &body, &fault));
    assert_non_null(body.ids.items);
    assert_int_equal(body.ids.n, 0);
    fake_http_fini(&empty);
    fake_http_fini(&none);
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
        {"{\"name\": \"a\", \"ids\": null}", "ids"},
        {"{\"name\": \"a\", \"ids\": \"" ID_1 "\"}", "ids"},
        {"{\"name\": \"a\", \"ids\": []}", "ids"},
        {"{\"name\": \"a\", \"ids\": [1]}", "ids"},
        {"{\"name\": \"a\", \"ids\": [\"x\"]}", "ids"},
        {"{\"name\": \"a\", \"ids\": [\"" ID_1 "\\u0000\"]}", "body"},
        {"{\"name\": \"a\", \"ids\": [[\"" ID_1 "\"]]}", "ids"},
        {"{\"name\": \"a\", \"ids\": [\"" ID_1 "\", \"" ID_2 "\", \"" ID_3 "\"]}", "ids"},
        {"{\"name\": \"a\", \"ids\": [\"" ID_1 "\", \"" ID_1 "\"]}", "ids"},
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

struct thing {
    struct pr_str name;
    int64_t count;
};

static const struct input_field thing_fields[] = {
    INPUT_FIELD(struct thing, name, "name", INPUT_TEXT, true, 0, 8),
    INPUT_FIELD(struct thing, count, "count", INPUT_INTEGER, false, 1, 10),
    INPUT_END,
};

struct list {
    struct input_objects things;
};

static const struct input_field list_fields[] = {
    INPUT_FIELD(struct list, things, "things", INPUT_OBJECTS, true, 1, 3),
    INPUT_END,
};

static void test_objects_are_read(void **state)
{
    struct http_request req = {
        .body = "{\"things\": [{\"name\": \"a\"}, {\"name\": \"b\", \"count\": 10}]}"};
    struct list list = {{.fields = thing_fields, .size = sizeof(struct thing)}};
    const struct thing *things;
    struct pr_fault fault;
    (void)state;
    assert_true(input_read(&req, list_fields, &list, &fault));
    things = list.things.items;
    assert_int_equal(list.things.n, 2);
    assert_true(pr_str_is(things[0].name, "a") && pr_str_is(things[1].name, "b"));
    assert_int_equal(things[0].count, 0);
    assert_int_equal(things[1].count, 10);
    fake_http_fini(&req);
}

static void test_faults_name_the_object_and_its_member(void **state)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{}", "things"},
        {"{\"things\": {}}", "things"},
        {"{\"things\": []}", "things"},
        {"{\"things\": [{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"}]}",
         "things"},
        {"{\"things\": [{\"name\": \"a\"}, null]}", "things[1]"},
        {"{\"things\": [[]]}", "things[0]"},
        {"{\"things\": [{}]}", "things[0].name"},
        {"{\"things\": [{\"name\": \"a\", \"count\": 11}]}", "things[0].count"},
        {"{\"things\": [{\"name\": \"a\", \"another-member-of-quite-some-length\": 1}]}",
         "things[0].another-member-of-quite-"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_request req = {.body = cases[i].body};
        struct list list = {{.fields = thing_fields, .size = sizeof(struct thing)}};
        struct pr_fault fault = {0};
        assert_false(input_read(&req, list_fields, &list, &fault));
        assert_int_equal(fault.err, PR_ERR_INVALID);
        assert_string_equal(fault.field, cases[i].field);
        fake_http_fini(&req);
    }
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
    json_t *page = input_page_to_json(json_array(), &last);
    json_t *end = input_page_to_json(json_array(), NULL);
    req.query[0].name = "limit";
    req.query[0].value = "100";
    req.query[1].name = "cursor";
    req.query[1].value = json_string_value(json_object_get(page, "next_cursor"));
    assert_true(input_page(&req, &limit, &before, &fault));
    assert_int_equal(limit, 100);
    assert_true(pr_uuid_eq(&before, &last));
    assert_true(json_is_null(json_object_get(end, "next_cursor")));
    assert_true(json_is_array(json_object_get(end, "items")));
    json_decref(page);
    json_decref(end);
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
        cmocka_unit_test(test_ids_are_read_as_they_were_sent),
        cmocka_unit_test(test_no_ids_are_other_than_an_empty_array),
        cmocka_unit_test(test_what_is_absent_stays),
        cmocka_unit_test(test_faults_name_the_member),
        cmocka_unit_test(test_other_members_where_they_are_ignored),
        cmocka_unit_test(test_objects_are_read),
        cmocka_unit_test(test_faults_name_the_object_and_its_member),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
