#include "services/media/adapters/http_media.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/support/fake_http.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdio.h>

#define ONE "/events/{id}"
#define PHOTOS "/events/{id}/media"
#define PHOTO "/events/{id}/media/{media_id}"

/* The caller is the owner of the world's events; body may be NULL. */
static struct http_request run(struct media_world *world, const char *method, const char *path,
                               const char *id, const char *body)
{
    struct http_request req = {.body = body, .params = {{"id", id}}};
    req.identity.account_id = world->owner;
    strcpy(req.identity.name, "anna-photo");
    fake_http_run(http_media_routes, method, path, &world->deps, &req);
    assert_int_equal(req.replies, 1);
    return req;
}

/* Of the event the test is about. */
static struct http_request run_one(struct media_world *world, const char *method, const char *path,
                                   const char *body)
{
    char id[PR_UUID_TEXT];
    return run(world, method, path, pr_uuid_format(&world->event_id, id), body);
}

static void assert_fault(struct http_request req, int status, const char *field)
{
    assert_int_equal(req.status, status);
    assert_string_equal(req.fault.field, field);
    fake_http_fini(&req);
}

static void assert_text(const json_t *json, const char *member, const char *expected)
{
    const char *text = json_string_value(json_object_get(json, member));
    assert_string_equal(text ? text : "(none)", expected);
}

static struct media_world *wedding(void)
{
    struct media_world *world = media_world_create();
    world->event_id = media_world_add_event(world, "Wedding").id;
    return world;
}

static void test_post(void **state)
{
    (void)state;
    char prefix[128], owner[PR_UUID_TEXT], id[PR_UUID_TEXT];
    struct media_world *world = media_world_create();
    struct http_request req =
        run(world, "POST", "/events", NULL, "{\"name\":\"Wedding\",\"download\":false}");
    assert_int_equal(req.status, 201);
    const json_t *event = json_object_get(req.json, "event");
    const struct event *row = &world->events.rows[0].event;
    assert_text(event, "id", pr_uuid_format(&row->id, id));
    assert_text(event, "name", "Wedding");
    assert_text(event, "slug", "wedding");
    assert_text(event, "public_url", "https://photos.test/anna-photo/wedding");
    snprintf(prefix, sizeof prefix, "%s/%s/", pr_uuid_format(&world->owner, owner), id);
    assert_text(event, "prefix", prefix);
    assert_text(event, "created_at", "2026-11-21T08:00:00.000Z");
    assert_text(event, "expires_at", "2026-11-28T08:00:00.000Z");
    assert_int_equal(json_integer_value(json_object_get(event, "seconds_to_live")), 604800);
    assert_int_equal(json_integer_value(json_object_get(event, "photos")), 0);
    assert_true(json_is_false(json_object_get(event, "expired")));
    assert_true(json_is_false(json_object_get(event, "download")));
    assert_true(json_is_true(json_object_get(event, "originals")));
    assert_true(json_is_null(json_object_get(event, "cover_id")));
    assert_null(json_object_get(event, "cover_url"));
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_post_again_with_its_key(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    for (int i = 0; i < 2; i++) {
        struct http_request req = {.body = "{\"name\":\"Wedding\"}",
                                   .idempotency = {true, {1}, {1}}};
        req.identity.account_id = world->owner;
        fake_http_run(http_media_routes, "POST", "/events", &world->deps, &req);
        assert_int_equal(req.status, 201);
        assert_string_equal(req.header_name ? req.header_name : "", i ? "idempotent-replayed" : "");
        fake_http_fini(&req);
    }
    assert_int_equal(world->events.rows_n, 1);
    media_world_destroy(world);
}

static void test_bodies_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body, *field;
    } cases[] = {
        {"POST", "/events", "{}", "name"},
        {"POST", "/events", "{\"name\":1}", "name"},
        {"POST", "/events", "{\"name\":\"a\",\"slug\":\"A\"}", "slug"},
        {"POST", "/events", "{\"name\":\"a\",\"slug\":null}", "slug"},
        {"POST", "/events", "{\"name\":\"a\",\"seconds_to_live\":0}", "seconds_to_live"},
        {"POST", "/events", "{\"name\":\"a\",\"originals\":1}", "originals"},
        {"POST", "/events", "{\"name\":\"a\",\"more\":1}", "more"},
        {"PATCH", ONE, "{\"name\":\" \"}", "name"},
        {"PATCH", ONE, "{\"seconds_to_live\":1.5}", "seconds_to_live"},
        {"PATCH", ONE, "{\"cover_id\":\"x\"}", "cover_id"},
        {"PATCH", ONE, "{\"cover_id\":\"00000000-0000-0000-0000-000000000000\"}", "cover_id"},
        {"PATCH", ONE, "{\"owner_id\":\"x\"}", "owner_id"},
        {"PUT", PHOTOS, "{}", "media_ids"},
        {"PUT", PHOTOS, "{\"media_ids\":[]}", "media_ids"},
        {"PUT", PHOTOS, "{\"media_ids\":[\"x\"]}", "media_ids"},
        {"PUT", PHOTOS, "{\"media_ids\":\"x\"}", "media_ids"},
    };
    struct media_world *world = wedding();
    unsigned before = world->gate.passed;
    for (size_t i = 0; i < PR_COUNT(cases); i++)
        assert_fault(run_one(world, cases[i].method, cases[i].path, cases[i].body), 400,
                     cases[i].field);
    assert_int_equal(world->gate.passed, before);
    media_world_destroy(world);
}

static void test_ids_that_are_none_or_nobodys(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
    } routes[] = {
        {"GET", ONE, NULL},
        {"PATCH", ONE, "{}"},
        {"DELETE", ONE, NULL},
        {"GET", PHOTOS, NULL},
        {"PUT", PHOTOS, "{\"media_ids\":[\"0192f0c1-7a00-7000-8000-000000000002\"]}"},
    };
    struct media_world *world = wedding();
    for (size_t i = 0; i < PR_COUNT(routes); i++) {
        assert_fault(run(world, routes[i].method, routes[i].path, "x", routes[i].body), 400, "id");
        struct http_request req = run(world, routes[i].method, routes[i].path,
                                      "0192f0c1-7a00-7000-8000-000000000001", routes[i].body);
        assert_int_equal(req.status, 404);
        fake_http_fini(&req);
    }
    media_world_destroy(world);
}

static void test_get_with_a_cover(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    struct media media = media_world_add_to_event(world, &world->event_id);
    struct media *row = fake_media_repo_find(&world->repo, &media.id);
    row->renditions_n = 1;
    strcpy(row->renditions[0].name, "preview");
    strcpy(row->renditions[0].object_key, "a/b/.renditions/preview.webp");
    world->clock.now_ms += EVENT_TTL_DEFAULT_S * 1000;
    struct http_request req = run_one(world, "GET", ONE, NULL);
    assert_int_equal(req.status, 200);
    const json_t *event = json_object_get(req.json, "event");
    assert_non_null(strstr(json_string_value(json_object_get(event, "cover_url")),
                           "a/b/.renditions/preview.webp"));
    assert_int_equal(json_integer_value(json_object_get(event, "photos")), 1);
    assert_true(json_is_true(json_object_get(event, "expired")));
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_patch(void **state)
{
    (void)state;
    char body[128], id[PR_UUID_TEXT];
    struct media_world *world = wedding();
    struct media media = media_world_add_to_event(world, &world->event_id);
    snprintf(body, sizeof body, "{\"name\":\"Party\",\"cover_id\":\"%s\"}",
             pr_uuid_format(&media.id, id));
    struct http_request req = run_one(world, "PATCH", ONE, body);
    assert_int_equal(req.status, 200);
    assert_text(json_object_get(req.json, "event"), "name", "Party");
    assert_text(json_object_get(req.json, "event"), "cover_id", id);
    fake_http_fini(&req);
    req = run_one(world, "PATCH", ONE, "{\"originals\":false}"); /* the cover stays */
    assert_text(json_object_get(req.json, "event"), "cover_id", id);
    assert_true(json_is_false(json_object_get(json_object_get(req.json, "event"), "originals")));
    fake_http_fini(&req);
    req = run_one(world, "PATCH", ONE, "{\"cover_id\":null}");
    assert_true(json_is_null(json_object_get(json_object_get(req.json, "event"), "cover_id")));
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_lists_follow_their_cursor(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    media_world_add_event(world, "Second");
    for (int i = 0; i < 2; i++)
        media_world_add_to_event(world, &world->event_id);
    for (int photos = 0; photos < 2; photos++) {
        char id[PR_UUID_TEXT], cursor[64] = "";
        for (int page = 0; page < 2; page++) {
            struct http_request req = {
                .params = {{"id", pr_uuid_format(&world->event_id, id)}},
                .query = {{"limit", "1"}, {page ? "cursor" : NULL, cursor}},
            };
            req.identity.account_id = world->owner;
            fake_http_run(http_media_routes, "GET", photos ? PHOTOS : "/events", &world->deps,
                          &req);
            assert_int_equal(req.status, 200);
            assert_int_equal(json_array_size(json_object_get(req.json, "items")), 1);
            const char *next = json_string_value(json_object_get(req.json, "next_cursor"));
            assert_int_equal(next != NULL, page == 0);
            snprintf(cursor, sizeof cursor, "%s", next ? next : "");
            fake_http_fini(&req);
        }
    }
    media_world_destroy(world);
}

static void test_list_names_the_parameter_that_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name, *value;
    } cases[] = {
        {"/events", "limit", "0"},  {"/events", "cursor", "x"}, {PHOTOS, "limit", "101"},
        {PHOTOS, "state", "happy"}, {PHOTOS, "cursor", "!"},
    };
    struct media_world *world = wedding();
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        char id[PR_UUID_TEXT];
        struct http_request req = {
            .params = {{"id", pr_uuid_format(&world->event_id, id)}},
            .query = {{cases[i].name, cases[i].value}},
        };
        req.identity.account_id = world->owner;
        fake_http_run(http_media_routes, "GET", cases[i].path, &world->deps, &req);
        assert_fault(req, 400, cases[i].name);
    }
    media_world_destroy(world);
}

static void test_link_unlink_delete(void **state)
{
    (void)state;
    char body[128], event_id[PR_UUID_TEXT], id[PR_UUID_TEXT];
    struct media_world *world = wedding();
    struct media media = media_world_add(world, MEDIA_READY);
    snprintf(body, sizeof body, "{\"media_ids\":[\"%s\"]}", pr_uuid_format(&media.id, id));
    for (int fresh = 1; fresh >= 0; fresh--) {
        struct http_request req = run_one(world, "PUT", PHOTOS, body);
        assert_int_equal(req.status, 200);
        assert_int_equal(json_integer_value(json_object_get(req.json, "linked")), fresh);
        fake_http_fini(&req);
    }
    for (int status = 204; status <= 404; status += 200) {
        struct http_request req = {
            .params = {{"id", pr_uuid_format(&world->event_id, event_id)}, {"media_id", id}}};
        req.identity.account_id = world->owner;
        fake_http_run(http_media_routes, "DELETE", PHOTO, &world->deps, &req);
        assert_int_equal(req.status, status);
        fake_http_fini(&req);
    }
    for (int status = 204; status <= 404; status += 200) {
        struct http_request req = run_one(world, "DELETE", ONE, NULL);
        assert_int_equal(req.status, status);
        assert_null(req.json);
        fake_http_fini(&req);
    }
    media_world_destroy(world);
}

static void test_failing_ports_are_server_errors(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
    } routes[] = {
        {"POST", "/events", "{\"name\":\"a\"}"},
        {"GET", "/events", NULL},
        {"GET", ONE, NULL},
        {"PATCH", ONE, "{\"name\":\"a\"}"},
        {"DELETE", ONE, NULL},
        {"GET", PHOTOS, NULL},
        {"PUT", PHOTOS, "{\"media_ids\":[\"0192f0c1-7a00-7000-8000-000000000002\"]}"},
    };
    for (size_t i = 0; i < PR_COUNT(routes); i++) {
        struct media_world *world = wedding();
        gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
        struct http_request req = run_one(world, routes[i].method, routes[i].path, routes[i].body);
        assert_int_equal(req.status, 503);
        fake_http_fini(&req);
        media_world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_post_again_with_its_key),
        cmocka_unit_test(test_bodies_that_are_wrong),
        cmocka_unit_test(test_ids_that_are_none_or_nobodys),
        cmocka_unit_test(test_get_with_a_cover),
        cmocka_unit_test(test_patch),
        cmocka_unit_test(test_lists_follow_their_cursor),
        cmocka_unit_test(test_list_names_the_parameter_that_is_wrong),
        cmocka_unit_test(test_link_unlink_delete),
        cmocka_unit_test(test_failing_ports_are_server_errors),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
