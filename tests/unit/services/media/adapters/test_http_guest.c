#include "services/media/adapters/http_guest.h"

#include "services/media/adapters/http_media.h"
#include "shared/base/alloc.h"
#include "shared/http/client_seal.h"
#include "tests/support/fake_http.h"
#include "tests/support/guest_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#define EVENT "/guest/{account}/{slug}"

static struct http_request of_guest(struct guest_world *world, struct http_request req)
{
    req.params[0].name = "account";
    req.params[0].value = "ada";
    req.params[1].name = "slug";
    req.params[1].value = "wedding";
    req.headers[0].name = GUEST_TOKEN_HEADER;
    req.headers[0].value = world->token;
    return req;
}

static struct http_request ask(struct guest_world *world, const char *method, const char *path,
                               struct http_request req)
{
    req = of_guest(world, req);
    fake_http_run(http_media_routes, method, path, &world->deps, &req);
    return req;
}

static struct http_request run(struct guest_world *world, const char *method, const char *path,
                               struct http_request req)
{
    req = ask(world, method, path, req);
    assert_int_equal(req.replies, 1);
    return req;
}

static struct http_request enter(struct guest_world *world, const char *body)
{
    return run(world, "POST", EVENT "/access", (struct http_request){.body = body});
}

static struct http_request photo(struct guest_world *world, size_t i, const char *purpose)
{
    static char id[PR_UUID_TEXT];
    struct http_request req = {.params = {[2] = {"id", pr_uuid_format(&world->photos[i], id)}}};
    if (purpose)
        req.query[0].name = "for", req.query[0].value = purpose;
    return run(world, "GET", EVENT "/photos/{id}", req);
}

static const char *text_at(const json_t *json, const char *member, const char *inner)
{
    const char *text = json_string_value(json_object_get(json_object_get(json, member), inner));
    return text ? text : "";
}

/* "a,b": all members and no other. */
static void assert_members(const json_t *json, const char *expected)
{
    char text[256] = "";
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        if (*text)
            strcat(text, ",");
        strcat(text, name);
    }
    assert_string_equal(text, expected);
}

static void assert_fault(struct http_request *req, int status, const char *field)
{
    assert_int_equal(req->status, status);
    assert_string_equal(req->fault.field, field);
    fake_http_fini(req);
}

static void test_entering(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct http_request req = enter(world, "{\"access_code\":\"k7m 2qx\"}");
    assert_int_equal(req.status, 200);
    assert_members(req.json, "token,expires_at,event");
    assert_string_equal(json_string_value(json_object_get(req.json, "token")), world->token);
    assert_string_equal(text_at(req.json, "event", "name"), "Wedding");
    assert_string_equal(text_at(req.json, "event", "expires_at"), "2026-11-28T08:00:00.000Z");
    assert_members(json_object_get(req.json, "event"), "name,expires_at");
    fake_http_fini(&req);
    guest_world_destroy(world);
}

static void test_what_is_wrong_with_a_code(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct http_request req = enter(world, "{}");
    assert_fault(&req, 400, "access_code");
    req = enter(world, "{\"access_code\":7}");
    assert_fault(&req, 400, "access_code");
    req = enter(world, "{\"access_code\":\"K7M2QX\",\"more\":1}");
    assert_fault(&req, 400, "more");
    for (int i = 0; i < GUESS_CLIENT_FREE + 1; i++) {
        req = enter(world, "{\"access_code\":\"AAAAAA\"}");
        assert_fault(&req, 401, "access_code");
    }
    req = enter(world, "{\"access_code\":\"K7M2QX\"}");
    assert_fault(&req, 429, "access_code");
    test_clock_move(&world->clock, INT64_C(604800000));
    req = enter(world, "{\"access_code\":\"K7M2QX\"}");
    assert_fault(&req, 410, "");
    guest_world_destroy(world);
}

static void test_the_photos(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct http_request req = ask(world, "GET", EVENT, (struct http_request){0});
    assert_int_equal(req.status, 200);
    assert_int_equal(req.pieces, 1);
    assert_members(req.json, "event,label,photos");
    assert_members(json_object_get(req.json, "event"), "name,expires_at,download,originals");
    const json_t *photos = json_object_get(req.json, "photos");
    assert_int_equal(json_array_size(photos), 2);
    const json_t *first = json_array_get(photos, 0);
    assert_members(first,
                   "id,kind,filename,content_type,size,width,height,placeholder,preview_url");
    assert_string_equal(json_string_value(json_object_get(first, "filename")), "beach.heic");
    assert_int_equal(json_integer_value(json_object_get(first, "size")), 5000000);
    assert_non_null(
        strstr(json_string_value(json_object_get(first, "preview_url")), "p/preview.webp"));
    fake_http_fini(&req);
    world->token[10] ^= 1;
    req = run(world, "GET", EVENT, (struct http_request){0});
    assert_fault(&req, 401, "");
    guest_world_destroy(world);
}

/* Anna's code opens all of so many. */
static struct guest_world *many_photos(size_t n)
{
    struct guest_world *world = guest_world_create();
    fake_guest_repo_code(&world->repo, &world->anna.id)->opens_all = true;
    for (size_t i = GUEST_WORLD_PHOTOS; i < n; i++) {
        struct guest_photo_row row = world->repo.photos[0];
        row.photo.id = pr_uuid_v7((int64_t)i + 1000);
        fake_guest_repo_put_photo(&world->repo, &row);
    }
    return world;
}

static void test_many_photos_come_in_pieces(void **state)
{
    static const struct {
        size_t photos, pieces;
    } cases[] = {{99, 1}, {100, 1}, {101, 2}, {200, 2}, {450, 5}};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct guest_world *world = many_photos(cases[i].photos);
        struct http_request req = ask(world, "GET", EVENT, (struct http_request){0});
        const json_t *photos = json_object_get(req.json, "photos");
        assert_int_equal(req.pieces, cases[i].pieces);
        assert_int_equal(json_array_size(photos), cases[i].photos);
        for (size_t k = 1; k < cases[i].photos; k++)
            assert_true(
                strcmp(json_string_value(json_object_get(json_array_get(photos, k - 1), "id")),
                       json_string_value(json_object_get(json_array_get(photos, k), "id"))) < 0);
        fake_http_fini(&req);
        guest_world_destroy(world);
    }
}

static void test_a_code_without_photos(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    for (size_t i = 0; i < GUEST_WORLD_PHOTOS; i++)
        fake_guest_repo_remove_photo(&world->repo, &world->photos[i]);
    struct http_request req = ask(world, "GET", EVENT, (struct http_request){0});
    assert_int_equal(req.status, 200);
    assert_int_equal(json_array_size(json_object_get(req.json, "photos")), 0);
    fake_http_fini(&req);
    guest_world_destroy(world);
}

static void test_a_list_that_is_broken_off(void **state)
{
    (void)state;
    struct guest_world *world = many_photos(300);
    struct http_request req = ask(world, "GET", EVENT, (struct http_request){.leaves_after = 1});
    assert_int_equal(req.pieces, 1);
    assert_null(req.json);
    fake_http_fini(&req);
    gate_fail(&world->gate, 1 + 150, PR_ERR_INTERNAL,
              false); /* behind the load, of the second piece */
    req = ask(world, "GET", EVENT, (struct http_request){0});
    assert_true(req.aborted);
    assert_int_equal(req.pieces, 1);
    fake_http_fini(&req);
    guest_world_destroy(world);
}

static void take_piece(struct http_request *req)
{
    struct pr_done sent = req->sent;
    req->sent = (struct pr_done){NULL, NULL};
    pr_done_call(sent, PR_OK);
}

static void test_a_list_that_is_taken_too_slowly(void **state)
{
    (void)state;
    struct guest_world *world = many_photos(300);
    struct http_request req = of_guest(world, (struct http_request){0});
    get_guest_event(&world->deps, &req);
    test_clock_move(&world->clock, 60000);
    take_piece(&req);
    assert_false(req.aborted);
    test_clock_move(&world->clock, 1);
    take_piece(&req);
    assert_true(req.aborted);
    assert_int_equal(req.pieces, 2);
    fake_http_fini(&req);
    guest_world_destroy(world);
}

static void test_one_photo(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct http_request req = photo(world, 0, "view");
    assert_int_equal(req.status, 200);
    assert_members(req.json, "photo,large");
    assert_members(json_object_get(req.json, "large"), "width,height,content_type,url");
    assert_int_equal(fake_guest_repo_code(&world->repo, &world->anna.id)->downloads, 0);
    fake_http_fini(&req);
    req = photo(world, 0, NULL);
    assert_members(req.json, "photo,large,download");
    assert_string_equal(text_at(req.json, "download", "filename"), "beach.heic");
    assert_string_equal(text_at(req.json, "download", "expires_at"), "2026-11-21T08:05:00.000Z");
    assert_non_null(strstr(text_at(req.json, "download", "url"), "o/original.heic"));
    assert_int_equal(fake_guest_repo_code(&world->repo, &world->anna.id)->downloads, 1);
    fake_http_fini(&req);
    req = photo(world, 2, "view");
    assert_fault(&req, 404, "");
    req = photo(world, 0, "fun");
    assert_fault(&req, 400, "for");
    guest_world_destroy(world);
}

/* Then nothing says where they are. */
static void test_without_originals(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    world->event.event.originals = false;
    fake_guest_repo_put_event(&world->repo, &world->event);
    struct http_request req = photo(world, 0, NULL);
    assert_non_null(strstr(text_at(req.json, "download", "url"), "p/large.jpg"));
    assert_string_equal(text_at(req.json, "photo", "filename"), "beach.jpg");
    assert_string_equal(text_at(req.json, "photo", "content_type"), "image/jpeg");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(req.json, "photo"), "size")), 300000);
    char *text = json_dumps(req.json, 0);
    assert_null(strstr(text, "original"));
    free(text);
    fake_http_fini(&req);
    world->event.event.download = false;
    fake_guest_repo_put_event(&world->repo, &world->event);
    req = photo(world, 0, NULL);
    assert_fault(&req, 403, "");
    guest_world_destroy(world);
}

/* It is no download; there is nothing but the original, which who may only look does not get. */
static void test_watching_a_video(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photo_row *film = &world->repo.photos[0];
    film->photo.type = media_type_parse(pr_str("video/mp4"));
    film->photo.original.content_type = pr_str("video/mp4");
    struct http_request req = photo(world, 0, "view");
    assert_members(req.json, "photo,large,video");
    assert_members(json_object_get(req.json, "video"), "width,height,content_type,url");
    assert_non_null(strstr(text_at(req.json, "video", "url"), "o/original.heic"));
    assert_int_equal(fake_guest_repo_code(&world->repo, &world->anna.id)->downloads, 0);
    fake_http_fini(&req);
    world->event.event.download = false;
    fake_guest_repo_put_event(&world->repo, &world->event);
    req = photo(world, 0, "view");
    assert_members(req.json, "photo,large");
    fake_http_fini(&req);
    world->event.event.download = true;
    fake_guest_repo_put_event(&world->repo, &world->event);
    for (unsigned nth = 2; nth <= 4; nth++) { /* preview, large, video */
        gate_fail(&world->gate, nth, PR_ERR_INTERNAL, false);
        req = photo(world, 0, "view");
        assert_fault(&req, 500, "");
    }
    guest_world_destroy(world);
}

static struct http_request select_photos(struct guest_world *world, const char *format)
{
    char ids[2][PR_UUID_TEXT], body[256];
    snprintf(body, sizeof body, format, pr_uuid_format(&world->photos[0], ids[0]),
             pr_uuid_format(&world->photos[1], ids[1]));
    return run(world, "POST", EVENT "/selections", (struct http_request){.body = body});
}

static void test_a_selection(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct http_request req = select_photos(world, "{\"ids\":[\"%s\",\"%s\"]}");
    assert_int_equal(req.status, 201);
    assert_members(json_object_get(req.json, "selection"), "id,zip_url");
    char url[128];
    snprintf(url, sizeof url, "/api/guest/ada/wedding/zip?selection=%s",
             text_at(req.json, "selection", "id"));
    assert_string_equal(text_at(req.json, "selection", "zip_url"), url);
    fake_http_fini(&req);
    req = select_photos(world, "{\"ids\":[]}");
    assert_fault(&req, 400, "ids");
    req = select_photos(world, "{\"ids\":[\"%1$s\",\"%1$s\"]}");
    assert_fault(&req, 400, "ids");
    world->event.event.download = false;
    fake_guest_repo_put_event(&world->repo, &world->event);
    req = select_photos(world, "{\"ids\":[\"%s\"]}");
    assert_fault(&req, 403, "");
    guest_world_destroy(world);
}

static void test_a_url_that_cannot_be_made_is_a_500(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    gate_fail(&world->gate, 2, PR_ERR_INTERNAL, false);
    struct http_request req = run(world, "GET", EVENT, (struct http_request){0});
    assert_fault(&req, 500, "");
    for (unsigned nth = 2; nth <= 5; nth++) { /* the count, preview, large, download */
        gate_fail(&world->gate, nth, PR_ERR_INTERNAL, false);
        req = photo(world, 0, NULL);
        assert_fault(&req, 500, "");
    }
    guest_world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entering),
        cmocka_unit_test(test_what_is_wrong_with_a_code),
        cmocka_unit_test(test_the_photos),
        cmocka_unit_test(test_many_photos_come_in_pieces),
        cmocka_unit_test(test_a_code_without_photos),
        cmocka_unit_test(test_a_list_that_is_broken_off),
        cmocka_unit_test(test_a_list_that_is_taken_too_slowly),
        cmocka_unit_test(test_one_photo),
        cmocka_unit_test(test_without_originals),
        cmocka_unit_test(test_watching_a_video),
        cmocka_unit_test(test_a_selection),
        cmocka_unit_test(test_a_url_that_cannot_be_made_is_a_500),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
