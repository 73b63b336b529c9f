#include "services/media/adapters/http_media.h"

#include "services/media/adapters/http_finalize.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/support/fake_http.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdio.h>

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define GOOD                                                                                       \
    "{\"filename\":\"beach.jpg\",\"content_type\":\"image/"                                        \
    "jpeg\",\"size\":4321,\"sha256\":\"" SHA256 "\"}"

/* The caller is the owner of the world's media. */
static void run(struct media_world *world, const char *method, const char *path,
                struct http_request *req)
{
    uv_loop_t loop;
    struct finalizations finalizations = {.loop = &loop, .patience_ms = 60000};
    uv_loop_init(&loop);
    world->deps.finalizations = &finalizations;
    req->identity.account_id = world->owner;
    fake_http_run(http_media_routes, method, path, &world->deps, req);
    world->deps.finalizations = NULL;
    loop_close_clean(&loop);
}

static struct http_request post(struct media_world *world, const char *path, const char *body)
{
    struct http_request req = {.body = body};
    run(world, "POST", path, &req);
    return req;
}

/* GET or DELETE of one media. */
static struct http_request one(struct media_world *world, const char *method, const char *id)
{
    struct http_request req = {.params = {{"id", id}}};
    run(world, method, "/media/{id}", &req);
    return req;
}

static const char *id_text(const struct pr_uuid *id)
{
    static char text[PR_UUID_TEXT];
    return pr_uuid_format(id, text);
}

/* The text at a path of members: "media.id"; "" when there is none. */
static const char *text_at(const json_t *json, const char *path)
{
    struct pr_str name, rest = pr_str(path);
    char member[32];
    while (pr_str_cut(rest, '.', &name, &rest) || name.n) {
        assert_true(pr_str_copy(name, member, sizeof member));
        json = json_object_get(json, member);
    }
    const char *text = json_string_value(json);
    return text ? text : "";
}

static void assert_fault(struct http_request *req, int status, const char *field)
{
    assert_int_equal(req->replies, 1);
    assert_int_equal(req->status, status);
    assert_string_equal(req->fault.field, field);
    fake_http_fini(req);
}

static void test_post_answers_media_and_upload(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct http_request req = post(world, "/media", GOOD);
    assert_int_equal(req.status, 201);
    const struct media *row = &world->repo.rows[0];
    assert_string_equal(text_at(req.json, "media.id"), id_text(&row->id));
    assert_string_equal(text_at(req.json, "media.state"), "created");
    assert_string_equal(text_at(req.json, "media.kind"), "image");
    assert_string_equal(text_at(req.json, "media.filename"), "beach.jpg");
    assert_string_equal(text_at(req.json, "media.content_type"), "image/jpeg");
    assert_string_equal(text_at(req.json, "media.sha256"), SHA256);
    assert_string_equal(text_at(req.json, "media.created_at"), "2026-11-21T08:00:00.000Z");
    assert_string_equal(text_at(req.json, "upload.method"), "PUT");
    assert_non_null(strstr(text_at(req.json, "upload.url"), row->object_key));
    assert_string_equal(text_at(req.json, "upload.expires_at"), "2026-11-21T09:00:00.000Z");
    assert_string_equal(text_at(req.json, "upload.headers.content-type"), "image/jpeg");
    const json_t *media = json_object_get(req.json, "media");
    assert_int_equal(json_integer_value(json_object_get(media, "size")), 4321);
    assert_null(json_object_get(media, "download")); /* nothing is there yet */
    fake_http_fini(&req);
    media_world_destroy(world);
}

#define OTHER                                                                                      \
    "{\"filename\":\"a/b\",\"content_type\":\"image/jpeg\",\"size\":1,\"sha256\":\"" SHA256 "\"}"

static const json_t *item(const struct http_request *req, size_t i)
{
    return json_array_get(json_object_get(req->json, "items"), i);
}

static void test_batch_answers_each(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct http_request req =
        post(world, "/media/batch", "{\"items\":[" GOOD "," OTHER "," GOOD "]}");
    assert_int_equal(req.status, 201);
    const struct media *row = &world->repo.rows[0];
    assert_int_equal(json_array_size(json_object_get(req.json, "items")), 3);
    assert_string_equal(text_at(item(&req, 0), "media.id"), id_text(&row->id));
    assert_string_equal(text_at(item(&req, 0), "upload.method"), "PUT");
    assert_non_null(strstr(text_at(item(&req, 0), "upload.url"), row->object_key));
    assert_null(json_object_get(item(&req, 0), "existing"));
    assert_string_equal(text_at(item(&req, 1), "error.field"), "filename");
    assert_string_equal(text_at(item(&req, 1), "error.detail"), "must be a name, not a path");
    assert_int_equal(json_object_size(item(&req, 1)), 1);
    assert_string_equal(text_at(item(&req, 2), "media.id"), id_text(&row->id));
    assert_true(json_is_true(json_object_get(item(&req, 2), "existing")));
    assert_null(json_object_get(item(&req, 2), "upload"));
    assert_int_equal(world->repo.rows_n, 1);
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_batch_that_is_none(void **state)
{
    static const struct {
        const char *body, *field;
        int status;
    } cases[] = {
        {"{}", "items", 400},
        {"{\"items\":{}}", "items", 400},
        {"{\"items\":[]}", "items", 400},
        {"{\"items\":[" GOOD ",1]}", "items[1]", 400},
        {"{\"items\":[" GOOD ",{}]}", "items[1].filename", 400},
        {"{\"items\":[{\"filename\":\"a\",\"content_type\":\"b\",\"size\":\"1\"}]}",
         "items[0].size", 400},
        {"{\"event_id\":1,\"items\":[" GOOD "]}", "event_id", 400},
        {"{\"event_id\":\"0192f0c1-7a00-7000-8000-000000000001\",\"items\":[" GOOD "]}", "event_id",
         404},
    };
    (void)state;
    struct media_world *world = media_world_create();
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct http_request req = post(world, "/media/batch", cases[i].body);
        assert_fault(&req, cases[i].status, cases[i].field);
    }
    struct pr_buf many;
    pr_buf_init(&many, 1 << 20);
    pr_buf_puts(&many, "{\"items\":[" GOOD);
    for (int i = 1; i < BATCH_MAX + 1; i++)
        pr_buf_puts(&many, "," GOOD);
    pr_buf_puts(&many, "]}");
    pr_buf_append(&many, pr_str_n("", 1));
    struct http_request req = post(world, "/media/batch", many.p);
    assert_fault(&req, 400, "items");
    pr_buf_fini(&many);
    assert_int_equal(world->repo.rows_n, 0);
    media_world_destroy(world);
}

static void test_post_again_with_its_key(void **state)
{
    (void)state;
    const struct idempotency key = {true, {1}, {1}}, mismatch = {true, {1}, {2}};
    struct media_world *world = media_world_create();
    struct http_request req = {.body = GOOD, .idempotency = key};
    run(world, "POST", "/media", &req);
    assert_int_equal(req.status, 201);
    assert_null(req.header_name);
    fake_http_fini(&req);

    req = (struct http_request){.body = GOOD, .idempotency = key};
    run(world, "POST", "/media", &req);
    assert_int_equal(req.status, 201);
    assert_string_equal(req.header_name, "idempotent-replayed");
    assert_string_equal(req.header_value, "true");
    assert_string_equal(text_at(req.json, "media.id"), id_text(&world->repo.rows[0].id));
    assert_string_equal(text_at(req.json, "upload.method"), "PUT");
    fake_http_fini(&req);

    world->repo.rows[0].state = MEDIA_FINALIZED;
    req = (struct http_request){.body = GOOD, .idempotency = key};
    run(world, "POST", "/media", &req);
    assert_int_equal(req.status, 201);
    assert_string_equal(text_at(req.json, "media.state"), "finalized");
    assert_null(json_object_get(req.json, "upload"));
    fake_http_fini(&req);

    req = (struct http_request){.body = GOOD, .idempotency = mismatch};
    run(world, "POST", "/media", &req);
    assert_null(req.header_name);
    assert_fault(&req, 422, "idempotency-key");
    req = (struct http_request){.body = GOOD, .key_is_bad = true};
    run(world, "POST", "/media", &req);
    assert_fault(&req, 400, "idempotency-key");
    assert_int_equal(world->repo.rows_n, 1);
    media_world_destroy(world);
}

static void test_post_names_the_field_that_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{", "body"},
        {"{}", "filename"},
        {"{\"filename\":7}", "filename"},
        {"{\"filename\":null}", "filename"},
        {"{\"filename\":[\"a\"]}", "filename"},
        {"{\"filename\":\"a\"}", "content_type"},
        {"{\"filename\":\"a\",\"content_type\":{}}", "content_type"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\"}", "size"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":\"5\"}", "size"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":5.0}", "size"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":true}", "size"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":5}", "sha256"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":5,\"sha256\":5}", "sha256"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":5,\"sha256\":\"ff\"}",
         "sha256"},
        {"{\"filename\":\"a/b\",\"content_type\":\"image/png\",\"size\":5,\"sha256\":\"" SHA256
         "\"}",
         "filename"},
        {"{\"filename\":\"a\",\"content_type\":\"image/svg\",\"size\":5,\"sha256\":\"" SHA256 "\"}",
         "content_type"},
        {"{\"filename\":\"a\",\"content_type\":\"image/png\",\"size\":-5,\"sha256\":\"" SHA256
         "\"}",
         "size"},
    };
    struct media_world *world = media_world_create();
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct http_request req = post(world, "/media", cases[i].body);
        assert_fault(&req, 400, cases[i].field);
    }
    assert_int_equal(world->repo.rows_n, 0);
    media_world_destroy(world);
}

static void test_failing_ports_are_server_errors(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    gate_fail(&world->gate, 1, PR_ERR_INTERNAL, false); /* sign */
    struct http_request req = post(world, "/media", GOOD);
    assert_fault(&req, 500, "");
    gate_fail(&world->gate, 2, PR_ERR_UNAVAILABLE, false); /* insert */
    req = post(world, "/media", GOOD);
    assert_fault(&req, 503, "");

    struct media media = media_world_add(world, MEDIA_READY);
    gate_fail(&world->gate, 2, PR_ERR_INTERNAL, false); /* sign the download */
    req = one(world, "GET", id_text(&media.id));
    assert_fault(&req, 500, "");
    gate_fail(&world->gate, 2, PR_ERR_INTERNAL, false);
    req = (struct http_request){0};
    run(world, "GET", "/media", &req);
    assert_fault(&req, 500, "");
    gate_fail(&world->gate, 1, PR_ERR_TIMEOUT, false); /* list */
    req = (struct http_request){0};
    run(world, "GET", "/media", &req);
    assert_fault(&req, 504, "");
    media_world_destroy(world);
}

static void test_answer_comes_when_the_ports_have_answered(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct http_request req = {.body = GOOD};
    gate_hold(&world->gate, true);
    run(world, "POST", "/media", &req);
    assert_int_equal(req.replies, 0);
    gate_release(&world->gate, 0, "insert");
    assert_int_equal(req.status, 201);
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_finalize(void **state)
{
    (void)state;
    char body[128];
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    struct http_request req = post(world, "/media/finalize", "{}");
    assert_fault(&req, 400, "media_id");
    req = post(world, "/media/finalize", "{\"media_id\":1}");
    assert_fault(&req, 400, "media_id");
    req = post(world, "/media/finalize", "{\"media_id\":\"1\"}");
    assert_fault(&req, 400, "media_id");
    snprintf(body, sizeof body, "{\"media_id\":\"%s\"}", id_text(&media.id));
    req = post(world, "/media/finalize", body);
    assert_fault(&req, 409, "media_id");
    media_world_upload(world, &media);
    req = post(world, "/media/finalize", body);
    assert_int_equal(req.status, 200);
    assert_string_equal(text_at(req.json, "media.state"), "finalized");
    assert_true(*text_at(req.json, "media.finalized_at"));
    assert_true(*text_at(req.json, "media.download.url"));
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_get_of_a_ready_video(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    struct media *row = fake_media_repo_find(&world->repo, &media.id);
    row->width = 1920;
    row->height = 1080;
    row->duration_ms = 12480;
    row->placeholder_n = 3;
    memcpy(row->placeholder, "\xfb\xff\xbf", 3);
    row->renditions[0] =
        (struct media_rendition){"preview", "the/preview.webp", "image/webp", 320, 180, 9, 1};
    row->renditions_n = 1;
    struct http_request req = one(world, "GET", id_text(&media.id));
    assert_int_equal(req.status, 200);
    const json_t *json = json_object_get(req.json, "media");
    assert_int_equal(json_integer_value(json_object_get(json, "width")), 1920);
    assert_int_equal(json_integer_value(json_object_get(json, "height")), 1080);
    assert_int_equal(json_integer_value(json_object_get(json, "duration_ms")), 12480);
    assert_true(json_is_false(json_object_get(json, "degraded")));
    assert_string_equal(text_at(json, "placeholder"), "+/+/");
    assert_non_null(strstr(text_at(json, "download.url"), "save-as=beach.jpg"));
    assert_string_equal(text_at(json, "download.expires_at"), "2026-11-21T08:05:00.001Z");
    const json_t *rendition = json_array_get(json_object_get(json, "renditions"), 0);
    assert_string_equal(text_at(rendition, "name"), "preview");
    assert_string_equal(text_at(rendition, "content_type"), "image/webp");
    assert_non_null(strstr(text_at(rendition, "url"), "the/preview.webp"));
    assert_int_equal(json_integer_value(json_object_get(rendition, "width")), 320);
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_get_of_rejected_media_tells_why_and_offers_nothing(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_REJECTED);
    struct http_request req = one(world, "GET", id_text(&media.id));
    assert_string_equal(text_at(req.json, "media.reject_reason"), "unreadable");
    assert_null(json_object_get(json_object_get(req.json, "media"), "download"));
    assert_null(json_object_get(json_object_get(req.json, "media"), "width"));
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_ids_that_are_none_or_nobodys(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "DELETE"};
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    for (size_t i = 0; i < 2; i++) {
        struct http_request req = one(world, methods[i], "");
        assert_fault(&req, 400, "id");
        req = one(world, methods[i], "../../etc");
        assert_fault(&req, 400, "id");
        req = one(world, methods[i], "00000000-0000-0000-0000-000000000000");
        assert_fault(&req, 404, "");
        req = (struct http_request){.identity.account_id = world->stranger,
                                    .params = {{"id", id_text(&media.id)}}};
        fake_http_run(http_media_routes, methods[i], "/media/{id}", &world->deps, &req);
        assert_fault(&req, 404, "");
    }
    assert_int_equal(world->repo.rows_n, 1);
    media_world_destroy(world);
}

static void test_delete(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    struct http_request req = one(world, "DELETE", id_text(&media.id));
    assert_int_equal(req.status, 204);
    assert_null(req.json);
    fake_http_fini(&req);
    req = one(world, "DELETE", id_text(&media.id));
    assert_fault(&req, 404, "");
    media_world_destroy(world);
}

static void test_list_follows_its_cursor_to_the_end(void **state)
{
    (void)state;
    char cursor[64] = "";
    size_t seen = 0;
    struct media_world *world = media_world_create();
    struct media media[7];
    for (size_t i = 0; i < PR_COUNT(media); i++)
        media[PR_COUNT(media) - 1 - i] = media_world_add(world, MEDIA_READY);
    for (int pages = 0; pages < 3; pages++) {
        struct http_request req = {
            .query = {{"limit", "3"}, {pages ? "cursor" : "unknown", cursor}}};
        run(world, "GET", "/media", &req);
        assert_int_equal(req.status, 200);
        const json_t *items = json_object_get(req.json, "items");
        for (size_t i = 0; i < json_array_size(items); i++)
            assert_string_equal(text_at(json_array_get(items, i), "id"),
                                id_text(&media[seen++].id));
        const json_t *next = json_object_get(req.json, "next_cursor");
        assert_int_equal(json_is_null(next), pages == 2);
        snprintf(cursor, sizeof cursor, "%s", pages < 2 ? json_string_value(next) : "");
        fake_http_fini(&req);
    }
    assert_int_equal(seen, PR_COUNT(media));
    media_world_destroy(world);
}

static size_t count_listed(struct media_world *world, const char *name, const char *value)
{
    struct http_request req = {.query = {{name, value}}};
    run(world, "GET", "/media", &req);
    assert_int_equal(req.status, 200);
    size_t n = json_array_size(json_object_get(req.json, "items"));
    fake_http_fini(&req);
    return n;
}

static void test_list_limits_and_filters(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    for (int i = 0; i < 120; i++)
        media_world_add(world, i < 5 ? MEDIA_CREATED : MEDIA_READY);
    assert_int_equal(count_listed(world, "unknown", "x"), 20);
    assert_int_equal(count_listed(world, "limit", "1"), 1);
    assert_int_equal(count_listed(world, "limit", "100"), 100);
    assert_int_equal(count_listed(world, "state", "created"), 5);
    assert_int_equal(count_listed(world, "kind", "image"), 20);
    assert_int_equal(count_listed(world, "kind", "video"), 0);
    media_world_destroy(world);
}

static void test_list_names_the_parameter_that_is_wrong(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"limit", "0"},
        {"limit", "101"},
        {"limit", "-1"},
        {"limit", ""},
        {"limit", "ten"},
        {"limit", "99999999999999999999"},
        {"state", "gone"},
        {"state", ""},
        {"kind", "audio"},
        {"linkable_to", "x"},
        {"linkable_to", "00000000-0000-0000-0000-000000000000"},
        {"cursor", ""},
        {"cursor", "abc"},
        {"cursor", "AZLwwXoAcACAAAAAAAAAAg=="},
        {"cursor", "AZLwwXoAcACAAAAAAAAA"},
        {"cursor", "AZLwwXoAcACAAAAAAAAAAgAA"},
        {"cursor", "AZLwwXoAcACAAAAAAAAA+/"},
        {"cursor", "AZLwwXoAcACAAAAAAAAAAh"},
    };
    struct media_world *world = media_world_create();
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        struct http_request req = {.query = {{bad[i][0], bad[i][1]}}};
        run(world, "GET", "/media", &req);
        assert_fault(&req, 400, bad[i][0]);
    }
    assert_int_equal(world->gate.passed, 0);
    media_world_destroy(world);
}

/* ---- uploads in parts ---- */

static struct http_request parts(struct media_world *world, const char *method,
                                 const struct pr_uuid *id, const char *body)
{
    struct http_request req = {.params = {{"id", id_text(id)}}, .body = body};
    run(world, method, "/media/{id}/parts", &req);
    return req;
}

static void test_post_in_parts_answers_how_many(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    world->deps.limits.max_bytes[MEDIA_VIDEO] = INT64_C(50) << 30;
    struct http_request req =
        post(world, "/media",
             "{\"filename\":\"a.mp4\",\"content_type\":\"video/mp4\",\"size\":67108865,"
             "\"sha256\":\"" SHA256 "\",\"multipart\":true}");
    assert_int_equal(req.status, 201);
    const json_t *multipart = json_object_get(req.json, "multipart");
    assert_int_equal(json_integer_value(json_object_get(multipart, "part_size")), 16777216);
    assert_int_equal(json_integer_value(json_object_get(multipart, "parts")), 5);
    assert_string_equal(text_at(multipart, "expires_at"), "2026-11-28T08:00:00.000Z");
    assert_null(json_object_get(req.json, "upload"));
    fake_http_fini(&req);
    req = post(world, "/media",
               "{\"filename\":\"a.mp4\",\"content_type\":\"video/mp4\",\"size\":1,"
               "\"sha256\":\"" SHA256 "\",\"multipart\":true}");
    assert_fault(&req, 400, "multipart");
    req = post(world, "/media",
               "{\"filename\":\"a.mp4\",\"content_type\":\"video/mp4\",\"size\":1,"
               "\"sha256\":\"" SHA256 "\",\"multipart\":1}");
    assert_fault(&req, 400, "multipart");
    media_world_destroy(world);
}

static void test_parts_are_signed_and_listed(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    struct http_request req = parts(world, "POST", &media.id,
                                    "{\"parts\":[{\"number\":3,\"sha256\":\"" SHA256
                                    "\"},{\"number\":1,\"sha256\":\"" SHA256 "\"}]}");
    assert_int_equal(req.status, 200);
    const json_t *list = json_object_get(req.json, "parts"), *part = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(json_integer_value(json_object_get(part, "number")), 3);
    assert_string_equal(text_at(part, "method"), "PUT");
    assert_string_equal(text_at(part, "headers.content-length"), "1");
    assert_string_equal(text_at(part, "headers.x-amz-checksum-sha256"),
                        "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=");
    assert_string_equal(text_at(part, "expires_at"), "2026-11-21T09:00:00.001Z");
    fake_http_fini(&req);

    media = world->repo.rows[0];
    media_world_put_part(world, &media, 3);
    req = parts(world, "GET", &media.id, NULL);
    assert_int_equal(req.status, 200);
    list = json_object_get(req.json, "parts");
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "number")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "size")), 1);
    const json_t *multipart = json_object_get(req.json, "multipart");
    assert_int_equal(json_integer_value(json_object_get(multipart, "parts")), 3);
    fake_http_fini(&req);
    media_world_destroy(world);
}

static void test_parts_that_are_wrong(void **state)
{
    (void)state;
#define ONE "{\"number\":1,\"sha256\":\"" SHA256 "\"}"
    static const char *const bad[] = {
        "{}",
        "{\"parts\":null}",
        "{\"parts\":{}}",
        "{\"parts\":[]}",
        "{\"parts\":[1]}",
        "{\"parts\":[{}]}",
        "{\"parts\":[{\"number\":1}]}",
        "{\"parts\":[{\"number\":\"1\",\"sha256\":\"" SHA256 "\"}]}",
        "{\"parts\":[{\"number\":1.5,\"sha256\":\"" SHA256 "\"}]}",
        "{\"parts\":[{\"number\":0,\"sha256\":\"" SHA256 "\"}]}",
        "{\"parts\":[{\"number\":4,\"sha256\":\"" SHA256 "\"}]}",
        "{\"parts\":[{\"number\":1,\"sha256\":\"00\"}]}",
        "{\"parts\":[{\"number\":1,\"sha256\":null}]}",
        "{\"parts\":[" ONE ",null]}",
    };
    struct pr_buf many;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    struct http_request req;
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        req = parts(world, "POST", &media.id, bad[i]);
        assert_fault(&req, 400, "parts");
    }
    for (int n = 100; n <= 101; n++) {
        pr_buf_init(&many, 16384);
        pr_buf_puts(&many, "{\"parts\":[" ONE);
        for (int i = 1; i < n; i++)
            pr_buf_puts(&many, "," ONE);
        pr_buf_puts(&many, "]}");
        pr_buf_append(&many, pr_str_n("", 1));
        assert_false(many.full);
        req = parts(world, "POST", &media.id, many.p);
        pr_buf_fini(&many);
        if (n == 101) {
            assert_fault(&req, 400, "parts");
            continue;
        }
        assert_int_equal(req.status, 200);
        fake_http_fini(&req);
    }
    req = parts(world, "POST", &media.id, "[");
    assert_fault(&req, 400, "body");
    media_world_destroy(world);
}

static void test_parts_of_media_that_take_none(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST"};
    struct media_world *world = media_world_create();
    struct media plain = media_world_add(world, MEDIA_CREATED);
    struct media media = media_world_add_in_parts(world, false);
    const char *body = "{\"parts\":[" ONE "]}";
    for (size_t i = 0; i < 2; i++) {
        struct http_request req = parts(world, methods[i], &plain.id, body);
        assert_fault(&req, 409, "id");
        req = (struct http_request){.params = {{"id", "x"}}, .body = body};
        run(world, methods[i], "/media/{id}/parts", &req);
        assert_fault(&req, 400, "id");
        req = (struct http_request){.identity.account_id = world->stranger,
                                    .params = {{"id", id_text(&media.id)}},
                                    .body = body};
        fake_http_run(http_media_routes, methods[i], "/media/{id}/parts", &world->deps, &req);
        assert_fault(&req, 404, "");
    }
    world->clock.now_ms = media.upload_expires_at_ms;
    struct http_request req = parts(world, "POST", &media.id, body);
    assert_fault(&req, 410, "id");
    media_world_destroy(world);
#undef ONE
}

static void test_every_route_wants_an_identity_and_bounds_its_body(void **state)
{
    (void)state;
    for (const struct http_route *route = http_media_routes; route->method; route++) {
        bool guest = strncmp(route->path, "/guest/", 7) == 0; /* whose code is asked for */
        assert_int_equal(route->auth, guest ? HTTP_CLIENT : HTTP_IDENTITY);
        assert_in_range(route->max_body_bytes, 0, 524288);
        assert_int_equal(route->max_body_bytes > 0, route->method[0] == 'P'); /* POST, PUT, PATCH */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_answers_media_and_upload),
        cmocka_unit_test(test_batch_answers_each),
        cmocka_unit_test(test_batch_that_is_none),
        cmocka_unit_test(test_post_again_with_its_key),
        cmocka_unit_test(test_post_names_the_field_that_is_wrong),
        cmocka_unit_test(test_failing_ports_are_server_errors),
        cmocka_unit_test(test_answer_comes_when_the_ports_have_answered),
        cmocka_unit_test(test_finalize),
        cmocka_unit_test(test_get_of_a_ready_video),
        cmocka_unit_test(test_get_of_rejected_media_tells_why_and_offers_nothing),
        cmocka_unit_test(test_ids_that_are_none_or_nobodys),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_list_follows_its_cursor_to_the_end),
        cmocka_unit_test(test_list_limits_and_filters),
        cmocka_unit_test(test_list_names_the_parameter_that_is_wrong),
        cmocka_unit_test(test_every_route_wants_an_identity_and_bounds_its_body),
        cmocka_unit_test(test_post_in_parts_answers_how_many),
        cmocka_unit_test(test_parts_are_signed_and_listed),
        cmocka_unit_test(test_parts_that_are_wrong),
        cmocka_unit_test(test_parts_of_media_that_take_none),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
