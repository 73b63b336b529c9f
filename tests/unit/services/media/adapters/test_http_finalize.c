/* Finalizing that takes longer than anybody waits. The store's answers are held by the world's gate. */
#include "services/media/adapters/http_finalize.h"

#include "services/media/adapters/http_media.h"
#include "tests/support/fake_http.h"
#include "tests/support/loop.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdio.h>

struct fixture {
    uv_loop_t loop;
    struct finalizations finalizations;
    struct media_world *world;
    struct media media;
    char body[64];
};

static struct fixture f;

static int setup(void **state)
{
    char id[PR_UUID_TEXT];
    (void)state;
    uv_loop_init(&f.loop);
    f.finalizations = (struct finalizations){.loop = &f.loop, .patience_ms = 20};
    f.world = media_world_create();
    f.world->deps.finalizations = &f.finalizations;
    f.media = media_world_add(f.world, MEDIA_CREATED);
    snprintf(f.body, sizeof f.body, "{\"media_id\":\"%s\"}", pr_uuid_format(&f.media.id, id));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_null(f.finalizations.first);
    media_world_destroy(f.world);
    loop_close_clean(&f.loop);
    return 0;
}

static void ask(struct http_request *req)
{
    *req = (struct http_request){.body = f.body, .identity.account_id = f.world->owner};
    fake_http_run(http_media_routes, "POST", "/media/finalize", &f.world->deps, req);
}

/* Until it is answered with the row as it is. */
static void wait_in_vain(struct http_request *req, size_t held)
{
    loop_until(&f.loop, gate_held(&f.world->gate) == held + 1);
    gate_release(&f.world->gate, held, "load");
    assert_int_equal(req->replies, 1);
    assert_int_equal(req->status, 202);
    assert_string_equal(req->header_name, "retry-after");
    const json_t *media = json_object_get(req->json, "media");
    assert_string_equal(json_string_value(json_object_get(media, "state")), "created");
    fake_http_fini(req);
}

static void begin_slowly(struct http_request *req)
{
    gate_hold(&f.world->gate, true);
    ask(req);
    gate_release(&f.world->gate, 0, "load");
    assert_int_equal(gate_held(&f.world->gate), 1); /* head */
}

static void test_who_asks_again_waits_for_the_same(void **state)
{
    struct http_request req;
    (void)state;
    media_world_upload(f.world, &f.media);
    begin_slowly(&req);
    for (int i = 0; i < 3; i++) {
        wait_in_vain(&req, 1);
        ask(&req);
        assert_int_equal(gate_held(&f.world->gate), 1); /* nothing more is asked of anybody */
    }
    gate_release_all(&f.world->gate);
    assert_int_equal(req.replies, 1);
    assert_int_equal(req.status, 200);
    fake_http_fini(&req);
}

static void test_it_goes_on_while_nobody_waits(void **state)
{
    struct http_request req;
    (void)state;
    media_world_upload(f.world, &f.media);
    begin_slowly(&req);
    wait_in_vain(&req, 1);
    gate_release_all(&f.world->gate);
    assert_int_equal(f.world->repo.rows[0].state, MEDIA_FINALIZED);
    gate_hold(&f.world->gate, false);
    ask(&req);
    assert_int_equal(req.status, 200);
    fake_http_fini(&req);
}

static void test_the_fault_is_told_to_who_waits_then(void **state)
{
    struct http_request req;
    (void)state;
    begin_slowly(&req); /* nothing was uploaded */
    wait_in_vain(&req, 1);
    ask(&req);
    gate_release_all(&f.world->gate);
    assert_int_equal(req.replies, 1);
    assert_int_equal(req.status, 409);
    fake_http_fini(&req);
}

static void test_two_who_wait_have_one_each_and_strangers_none(void **state)
{
    struct http_request first, second, stranger = {.body = f.body};
    (void)state;
    media_world_upload(f.world, &f.media);
    begin_slowly(&first);
    ask(&second);
    gate_release(&f.world->gate, 1, "load");
    stranger.identity.account_id = f.world->stranger;
    fake_http_run(http_media_routes, "POST", "/media/finalize", &f.world->deps, &stranger);
    gate_release(&f.world->gate, 2, "load");
    assert_int_equal(stranger.status, 404);
    fake_http_fini(&stranger);
    gate_release_all(&f.world->gate);
    assert_int_equal(first.status, 200);
    assert_int_equal(second.status, 200);
    fake_http_fini(&first);
    fake_http_fini(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_asks_again_waits_for_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_goes_on_while_nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_fault_is_told_to_who_waits_then, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_who_wait_have_one_each_and_strangers_none, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
