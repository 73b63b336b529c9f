#include "services/media/adapters/http_media.h"

#include "shared/base/alloc.h"
#include "tests/support/code_world.h"
#include "tests/support/fake_http.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include <stdio.h>

#define CODES "/events/{id}/codes"
#define CODE "/events/{id}/codes/{code_id}"

static char event_text[PR_UUID_TEXT], code_text[PR_UUID_TEXT];

/* The caller is the owner of the world's event, and asks for its code. */
static struct http_request ask(struct code_world *world, const char *method, const char *path,
                               const char *body)
{
    struct http_request req = {
        .identity.account_id = world->owner,
        .body = body,
        .params = {{"id", pr_uuid_format(&world->event_id, event_text)},
                   {"code_id", pr_uuid_format(&world->key.code_id, code_text)}},
    };
    fake_http_run(http_media_routes, method, path, &world->deps, &req);
    return req;
}

static const json_t *member(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    assert_non_null(value);
    return value;
}

static const char *text_of(const json_t *json, const char *name)
{
    return json_string_value(member(json, name));
}

static void assert_fault(struct http_request *req, int status, const char *field)
{
    assert_int_equal(req->replies, 1);
    assert_int_equal(req->status, status);
    assert_string_equal(req->fault.field, field);
    fake_http_fini(req);
}

static void test_post_makes_one(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct http_request req = ask(world, "POST", CODES, "{\"label\":\"Anna\",\"all\":true}");
    assert_int_equal(req.status, 201);
    assert_null(req.header_name);
    const json_t *code = member(req.json, "code");
    assert_string_equal(text_of(code, "label"), "Anna");
    assert_int_equal(json_string_length(member(code, "access_code")), 6);
    assert_true(json_is_true(member(code, "all")));
    assert_int_equal(json_integer_value(member(code, "photos")), 3);
    assert_string_equal(text_of(code, "created_at"), "2026-11-21T08:00:00.000Z");
    assert_string_equal(text_of(code, "expires_at"), "2026-11-28T08:00:00.000Z");
    assert_true(json_is_null(member(code, "revoked_at")));
    assert_true(json_is_null(member(code, "last_used_at")));
    assert_int_equal(json_integer_value(member(code, "opens")), 0);
    assert_int_equal(json_integer_value(member(code, "downloads")), 0);
    assert_string_equal(text_of(code, "url"), "https://photos.test/anna/wedding");
    fake_http_fini(&req);

    req = ask(world, "POST", CODES,
              "{\"label\":\"Bert\",\"media_ids\":[],\"length\":12,\"expires_in\":3600}");
    code = member(req.json, "code");
    assert_int_equal(json_string_length(member(code, "access_code")), 12);
    assert_false(json_is_true(member(code, "all")));
    assert_string_equal(text_of(code, "expires_at"), "2026-11-21T09:00:00.000Z");
    fake_http_fini(&req);
    code_world_destroy(world);
}

static void test_post_makes_many_and_tells_when_it_did_before(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    for (int i = 0; i < 2; i++) {
        struct http_request req = {
            .identity.account_id = world->owner,
            .body = "{\"labels\":\"Anna\\nBert\"}",
            .idempotency = {true, {1}, {1}},
            .params = {{"id", pr_uuid_format(&world->event_id, event_text)}},
        };
        fake_http_run(http_media_routes, "POST", CODES, &world->deps, &req);
        assert_int_equal(req.status, 201);
        const json_t *codes = member(req.json, "codes");
        assert_int_equal(json_array_size(codes), 2);
        assert_string_equal(text_of(json_array_get(codes, 1), "label"), "Bert");
        if (i == 0)
            assert_null(req.header_name);
        else
            assert_string_equal(req.header_name, "idempotent-replayed");
        fake_http_fini(&req);
    }
    assert_int_equal(world->repo.codes_n, 2);
    code_world_destroy(world);
}

static void test_faults_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body, *field;
        int status;
    } cases[] = {
        {"POST", CODES, "{", "body", 400},
        {"POST", CODES, "{}", "label", 400},
        {"POST", CODES, "{\"label\":\"a\"}", "media_ids", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":1}", "all", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":true,\"media_ids\":[]}", "all", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":true,\"length\":5}", "length", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":true,\"length\":13}", "length", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":true,\"expires_in\":59}", "expires_in", 400},
        {"POST", CODES, "{\"label\":\"a\",\"all\":true,\"access_code\":\"AAAAAA\"}", "access_code",
         400},
        {"POST", CODES, "{\"label\":\"a\",\"media_ids\":[\"x\"]}", "media_ids", 400},
        {"POST", CODES,
         "{\"label\":\"a\",\"media_ids\":[\"0192f0c1-7a00-7000-8000-000000000001\"]}", "media_ids",
         422},
        {"POST", CODES, "{\"labels\":\"\",\"all\":true}", "labels", 400},
        {"PATCH", CODE, "{\"access_code\":\"AAAAAA\"}", "access_code", 400},
        {"PATCH", CODE, "{\"label\":\"\"}", "label", 400},
        {"PATCH", CODE, "{\"revoked\":\"yes\"}", "revoked", 400},
        {"PATCH", CODE, "{\"expires_in\":-1}", "expires_in", 400},
        {"PATCH", CODE, "{\"add\":[],\"media_ids\":[]}", "media_ids", 400},
        {"PATCH", CODE, "{\"add\":[\"0192f0c1-7a00-7000-8000-000000000001\"]}", "add", 422},
        {"PATCH", CODE, "{\"all\":true,\"remove\":[]}", "all", 400},
    };
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct http_request req = ask(world, cases[i].method, cases[i].path, cases[i].body);
        assert_fault(&req, cases[i].status, cases[i].field);
    }
    assert_int_equal(world->repo.codes_n, 1);
    struct http_request req = {.body = "{}", .key_is_bad = true, .params = {{"id", event_text}}};
    fake_http_run(http_media_routes, "POST", CODES, &world->deps, &req);
    assert_fault(&req, 400, "idempotency-key");
    code_world_destroy(world);
}

static void test_ids_that_are_none_or_nobodys(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
    } routes[] = {
        {"POST", CODES, "{\"label\":\"a\",\"all\":true}"},
        {"GET", CODES, NULL},
        {"GET", CODE, NULL},
        {"PATCH", CODE, "{\"revoked\":true}"},
        {"DELETE", CODE, NULL},
        {"GET", "/events/{id}/codes.csv", NULL},
        {"GET", "/events/{id}/cards", NULL},
    };
    struct code_world *world = code_world_create();
    struct pr_uuid owner = world->owner;
    code_world_add(world, "ABC234", "Anna");
    for (size_t i = 0; i < PR_COUNT(routes); i++) {
        struct http_request req = {.body = routes[i].body,
                                   .params = {{"id", "7"}, {"code_id", code_text}}};
        fake_http_run(http_media_routes, routes[i].method, routes[i].path, &world->deps, &req);
        assert_fault(&req, 400, "id");
        world->owner = world->stranger;
        req = ask(world, routes[i].method, routes[i].path, routes[i].body);
        assert_fault(&req, 404, "");
        world->owner = owner;
        if (strcmp(routes[i].path, CODE) != 0)
            continue;
        req = (struct http_request){.body = routes[i].body,
                                    .params = {{"id", event_text}, {"code_id", "7"}}};
        fake_http_run(http_media_routes, routes[i].method, routes[i].path, &world->deps, &req);
        assert_fault(&req, 400, "code_id");
    }
    assert_int_equal(world->repo.codes[0].revoked_at_ms, 0);
    code_world_destroy(world);
}

static void test_failing_ports_are_server_errors(void **state)
{
    (void)state;
    static const char *const gets[] = {CODES, CODE, "/events/{id}/codes.csv", "/events/{id}/cards"};
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    for (size_t i = 0; i < PR_COUNT(gets); i++) {
        gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
        struct http_request req = ask(world, "GET", gets[i], NULL);
        assert_fault(&req, 503, "");
    }
    gate_fail(&world->gate, 1, PR_ERR_TIMEOUT, false);
    struct http_request req = ask(world, "DELETE", CODE, NULL);
    assert_fault(&req, 504, "");
    code_world_destroy(world);
}

static void test_get_patch_and_delete_of_one(void **state)
{
    (void)state;
    char photo[PR_UUID_TEXT], body[256];
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    struct http_request req = ask(world, "GET", CODE, NULL);
    assert_int_equal(req.status, 200);
    assert_string_equal(text_of(member(req.json, "code"), "access_code"), "ABC234");
    assert_int_equal(json_array_size(member(req.json, "media_ids")), 1);
    assert_string_equal(json_string_value(json_array_get(member(req.json, "media_ids"), 0)),
                        pr_uuid_format(&world->photos[0], photo));
    fake_http_fini(&req);

    snprintf(body, sizeof body, "{\"revoked\":true,\"label\":\"Bert\",\"remove\":[\"%s\"]}", photo);
    req = ask(world, "PATCH", CODE, body);
    assert_int_equal(req.status, 200);
    assert_string_equal(text_of(member(req.json, "code"), "label"), "Bert");
    assert_string_equal(text_of(member(req.json, "code"), "revoked_at"),
                        "2026-11-21T08:00:00.001Z");
    assert_int_equal(json_array_size(member(req.json, "media_ids")), 0);
    fake_http_fini(&req);

    req = ask(world, "DELETE", CODE, NULL);
    assert_int_equal(req.status, 204);
    assert_int_equal(world->repo.codes_n, 0);
    fake_http_fini(&req);
    code_world_destroy(world);
}

static void test_list_follows_its_cursor(void **state)
{
    (void)state;
    char cursor[64] = "";
    struct code_world *world = code_world_create();
    for (int i = 0; i < 3; i++)
        code_world_add(world, "ABC234", i == 2 ? "newest" : "older");
    for (int page = 0; page < 2; page++) {
        struct http_request req = {
            .identity.account_id = world->owner,
            .params = {{"id", pr_uuid_format(&world->event_id, event_text)}},
            .query = {{"limit", "2"}, {page ? "cursor" : NULL, cursor}},
        };
        fake_http_run(http_media_routes, "GET", CODES, &world->deps, &req);
        assert_int_equal(req.status, 200);
        const json_t *items = member(req.json, "items");
        assert_int_equal(json_array_size(items), page ? 1 : 2);
        assert_string_equal(text_of(json_array_get(items, 0), "label"), page ? "older" : "newest");
        const json_t *next = member(req.json, "next_cursor");
        assert_int_equal(json_is_null(next), page);
        if (!page)
            assert_true(pr_str_copy(pr_str(json_string_value(next)), cursor, sizeof cursor));
        fake_http_fini(&req);
    }
    code_world_destroy(world);
}

/* ---- exports ---- */

static void test_csv_quotes_and_disarms(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    code_world_add(world, "AAA222", "M\xc3\xbcller, \"Anna\"");
    code_world_add(world, "BBB222", "=HYPERLINK(\"x\")");
    code_world_add(world, "CCC222", "-1+1");
    code_world_add(world, "DDD222", "+1");
    code_world_add(world, "EEE222", "@x")->expires_at_ms = CODE_WORLD_NOW_MS + 3600000;
    code_world_add(world, "FFF222", "gone")->revoked_at_ms = CODE_WORLD_NOW_MS;
    struct http_request req = ask(world, "GET", "/events/{id}/codes.csv", NULL);
    assert_int_equal(req.status, 200);
    assert_string_equal(req.content_type, "text/csv; charset=utf-8; header=present");
    assert_string_equal(req.header_name, "content-disposition");
    assert_string_equal(req.header_value, "attachment; filename=\"codes-wedding.csv\"");
    pr_buf_append(&req.text, pr_str_n("", 1));
#define URL "\"https://photos.test/anna/wedding\""
#define REST "," URL ",1,2026-11-28T08:00:00.000Z\r\n"
    assert_string_equal(req.text.p, "\xef\xbb\xbflabel,access_code,url,photos,expires_at\r\n"
                                    "\"M\xc3\xbcller, \"\"Anna\"\"\",AAA222" REST
                                    "\"'=HYPERLINK(\"\"x\"\")\",BBB222" REST "\"'-1+1\",CCC222" REST
                                    "\"'+1\",DDD222" REST "\"'@x\",EEE222," URL
                                    ",1,2026-11-21T09:00:00.000Z\r\n");
    fake_http_fini(&req);
    code_world_destroy(world);
}

static size_t count(const struct http_request *req, const char *word)
{
    size_t n = 0;
    for (const char *at = req->text.p; (at = strstr(at, word)); at++)
        n++;
    return n;
}

static struct http_request get_cards(struct code_world *world, size_t leaves_after)
{
    struct http_request req = {
        .identity.account_id = world->owner,
        .params = {{"id", pr_uuid_format(&world->event_id, event_text)}},
        .leaves_after = leaves_after,
    };
    fake_http_run(http_media_routes, "GET", "/events/{id}/cards", &world->deps, &req);
    pr_buf_append(&req.text, pr_str_n("", 1));
    return req;
}

static void test_cards_are_ten_a_piece_without_the_revoked(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    for (int i = 0; i < 25; i++)
        code_world_add(world, "ABC234", "<b>Anna & \"Bert\"</b>");
    world->repo.codes[3].revoked_at_ms = CODE_WORLD_NOW_MS;
    struct http_request req = get_cards(world, 0);
    assert_int_equal(req.status, 200);
    assert_string_equal(req.content_type, "text/html; charset=utf-8");
    assert_int_equal(req.pieces, 4); /* the head, and three sheets */
    assert_int_equal(count(&req, "<section class=\"card\">"), 24);
    assert_int_equal(count(&req, "<svg "), 24);
    assert_int_equal(count(&req, "<h2>&lt;b&gt;Anna &amp; &quot;Bert&quot;&lt;/b&gt;</h2>"), 24);
    assert_int_equal(count(&req, "<p class=\"code\">ABC 234</p>"), 24);
    assert_int_equal(count(&req, "<p class=\"link\">photos.test/anna/wedding</p>"), 24);
    assert_int_equal(count(&req, "until 2026-11-28"), 24);
    assert_int_equal(count(&req, "Anna &amp; Bert"), 26); /* the event: title, heading, cards */
    assert_int_equal(count(&req, "</html>"), 1);
    assert_int_equal(count(&req, "<b>"), 0);
    assert_int_equal(count(&req, "style=\""), 0); /* the policy forbids them */
    assert_int_equal(count(&req, "<script"), 0);
    fake_http_fini(&req);
    code_world_destroy(world);
}

static void test_cards_of_codes_of_every_length(void **state)
{
    (void)state;
    static const struct {
        const char *code, *shown;
    } cases[] = {
        {"ABC234", ">ABC 234<"},
        {"ABC2345", ">ABC 234 5<"},
        {"ABCD2345", ">ABC D23 45<"},
        {"ABC234DEF", ">ABC 234 DEF<"},
        {"ABC234DEFG", ">ABC 234 DEF G<"},
        {"ABC2345DEFG", ">ABC 234 5DE FG<"},
        {"ABCD2345EFGH", ">ABC D23 45E FGH<"},
    };
    struct code_world *world = code_world_create();
    for (size_t i = 0; i < PR_COUNT(cases); i++)
        code_world_add(world, cases[i].code, "Anna");
    struct http_request req = get_cards(world, 0);
    for (size_t i = 0; i < PR_COUNT(cases); i++)
        assert_int_equal(count(&req, cases[i].shown), 1);
    fake_http_fini(&req);
    code_world_destroy(world);
}

static void test_no_cards_are_a_page_too(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct http_request req = get_cards(world, 0);
    assert_int_equal(req.status, 200);
    assert_int_equal(count(&req, "0 cards"), 1);
    assert_int_equal(count(&req, "</html>"), 1);
    fake_http_fini(&req);
    code_world_destroy(world);
}

static void test_a_client_that_leaves_ends_the_cards(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    for (int i = 0; i < 25; i++)
        code_world_add(world, "ABC234", "Anna");
    struct http_request req = get_cards(world, 2);
    assert_int_equal(req.pieces, 2);
    fake_http_fini(&req);
    code_world_destroy(world);
}

/* The largest event: names of all characters that grow in HTML, and the longest address. */
static void test_the_largest_card_has_room(void **state)
{
    (void)state;
    char url[256];
    struct code_world *world = code_world_create();
    struct code_event *event = &world->repo.events[0].event;
    struct code *code = code_world_add(world, "ABCD2345EFGH", "");
    memset(event->name, '"', EVENT_NAME_MAX);
    memset(event->owner_name, 'a', sizeof event->owner_name - 1);
    memset(event->slug, 'a', EVENT_SLUG_MAX);
    memset(code->label, '"', CODE_LABEL_MAX);
    memset(url, 'a', sizeof url - 1);
    memcpy(url, "https://", 8);
    url[255] = 0;
    world->deps.public_url = url;
    struct http_request req = get_cards(world, 0);
    assert_false(req.aborted);
    assert_int_equal(count(&req, "</html>"), 1);
    fake_http_fini(&req);
    code_world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_makes_one),
        cmocka_unit_test(test_post_makes_many_and_tells_when_it_did_before),
        cmocka_unit_test(test_faults_name_the_field),
        cmocka_unit_test(test_ids_that_are_none_or_nobodys),
        cmocka_unit_test(test_failing_ports_are_server_errors),
        cmocka_unit_test(test_get_patch_and_delete_of_one),
        cmocka_unit_test(test_list_follows_its_cursor),
        cmocka_unit_test(test_csv_quotes_and_disarms),
        cmocka_unit_test(test_cards_are_ten_a_piece_without_the_revoked),
        cmocka_unit_test(test_cards_of_codes_of_every_length),
        cmocka_unit_test(test_no_cards_are_a_page_too),
        cmocka_unit_test(test_a_client_that_leaves_ends_the_cards),
        cmocka_unit_test(test_the_largest_card_has_room),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
