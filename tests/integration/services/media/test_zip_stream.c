/* Archives on their way from a real S3 server to guests that are played here: a clock that is turned by
 * hand says when it is asked whether they may go on, and who has stalled. */
#include "services/media/adapters/zip_stream.h"

#include "shared/base/alloc.h"
#include "tests/integration/shared/s3/fixture.h"
#include "tests/support/fake_http.h"
#include "tests/support/test.h"

#include <stdio.h>

#define OBJECT_BYTES ((size_t)3 << 20)
#define RENEW_MS 300000

static struct fixture *s3;
static struct http_client *client; /* with a connection for each, as the service has it */
static struct zip_store store;
static struct pr_str object;

/* One guest. */
struct guest {
    struct http_request req;
    unsigned asked, released;
    struct pr_done renewed; /* holds the answer to the last question */
    enum pr_err end;        /* PR_OK: all came */
    int64_t size_bytes;
};

static void renew(void *arg, struct pr_done done)
{
    struct guest *guest = arg;
    guest->asked++;
    guest->renewed = done;
}

static void release(void *arg)
{
    struct guest *guest = arg;
    guest->released++;
}

static struct zip_archive *make_archive(void)
{
    struct guest_photo photos[2];
    struct zip_archive *archive = PR_NEW(struct zip_archive);
    for (size_t i = 0; i < PR_COUNT(photos); i++) {
        photos[i] = (struct guest_photo){
            .id = {.b = {(uint8_t)i}},
            .type = media_type_parse(pr_str("image/jpeg")),
            .filename = pr_str("photo.jpg"),
            .original = {.object_key = pr_str(fixture_key(s3, "photo")),
                         .content_type = pr_str("image/jpeg"),
                         .size_bytes = (int64_t)object.n,
                         .crc32 = crc32_update(0, object)},
        };
    }
    assert_true(zip_archive_init(archive, photos, PR_COUNT(photos), true));
    return archive;
}

static void start_of(struct guest *guest, struct pr_uuid code_id)
{
    struct zip_archive *archive = make_archive();
    *guest = (struct guest){.size_bytes = archive->plan.size_bytes, .req.replies = 1};
    pr_buf_init(&guest->req.text, (size_t)guest->size_bytes);
    assert_true(zip_store_has_place(&store, &code_id));
    zip_stream_start(&guest->req, &(struct zip_stream_options){
                                      .store = &store,
                                      .clock = &s3->clock.port,
                                      .code_id = code_id,
                                      .archive = archive,
                                      .size_bytes = guest->size_bytes,
                                      .renew_ms = RENEW_MS,
                                      .renew = renew,
                                      .release = release,
                                      .arg = guest,
                                  });
}

static const struct pr_uuid anna = {{1}}, ben = {{2}}, cleo = {{3}};

static void start(struct guest *guest)
{
    start_of(guest, anna);
}

static bool is_over(const struct guest *guest)
{
    return guest->req.replies == 2;
}

/* Takes the piece on its way; false: there is none yet. */
static bool take_piece(struct guest *guest)
{
    struct pr_done sent = guest->req.sent;
    if (!sent.fn)
        return false;
    guest->req.sent = (struct pr_done){NULL, NULL};
    pr_done_call(sent, PR_OK);
    return true;
}

static bool take_until(struct guest *guest, size_t bytes)
{
    while (take_piece(guest))
        ;
    return guest->req.text.n >= bytes || is_over(guest);
}

static void finish(struct guest *guest)
{
    loop_until(&s3->loop, guest->released);
    assert_true(is_over(guest));
    assert_int_equal(guest->released, 1);
    fake_http_fini(&guest->req);
}

static void assert_whole(struct guest *guest)
{
    loop_until(&s3->loop, take_until(guest, (size_t)guest->size_bytes));
    assert_false(guest->req.aborted);
    assert_int_equal(guest->req.text.n, guest->size_bytes);
    const char *last = guest->req.text.p + guest->req.text.n;
    assert_non_null(memmem(last - 1024, 1024, "PK\5\6", 4));
    assert_memory_equal(guest->req.text.p + 30 + strlen("photo.jpg") + 9, object.p, object.n);
    finish(guest);
}

static int setup(void **state)
{
    char *bytes = pr_alloc(OBJECT_BYTES);
    void *made;
    (void)state;
    fixture_setup(&made);
    s3 = made;
    client = http_client_create(&s3->loop, ZIP_STREAMS_MAX * ZIP_STREAM_CONNECTIONS);
    struct s3_options options = s3->options;
    options.client = client;
    store = (struct zip_store){.s3 = s3_create(&options)};
    assert_non_null(store.s3);
    for (size_t i = 0; i < OBJECT_BYTES; i++)
        bytes[i] = (char)(uint8_t)(i * 2654435761U >> 13);
    object = pr_str_n(bytes, OBJECT_BYTES);
    assert_int_equal(fixture_put(s3, fixture_key(s3, "photo"), object), PR_OK);
    return 0;
}

static int teardown(void **state)
{
    void *made = s3;
    bool closed = false;
    (void)state;
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++)
        assert_null(store.streams[i]);
    assert_int_equal(fixture_delete(s3, fixture_key(s3, "photo")), PR_OK);
    free((char *)(uintptr_t)object.p);
    s3_destroy(store.s3);
    http_client_close(client, loop_set_true, &closed);
    loop_until(&s3->loop, closed);
    return fixture_teardown(&made);
}

static void test_it_is_asked_in_the_middle_of_an_object(void **state)
{
    struct guest guest;
    (void)state;
    start(&guest);
    loop_until(&s3->loop, take_until(&guest, 100000));
    assert_int_equal(guest.asked, 0);
    test_clock_move(&s3->clock, RENEW_MS + 1);
    loop_until(&s3->loop, take_piece(&guest));
    assert_int_equal(guest.asked, 1);
    size_t before = guest.req.text.n;
    assert_true(before < OBJECT_BYTES);
    loop_run_for(&s3->loop, 200);
    assert_int_equal(guest.req.text.n, before); /* nothing more until there is an answer */
    pr_done_call(guest.renewed, PR_OK);
    assert_whole(&guest);
    assert_int_equal(guest.asked, 1);
}

static void test_an_archive_that_may_not_go_on_is_broken_off(void **state)
{
    struct guest guest;
    (void)state;
    start(&guest);
    loop_until(&s3->loop, take_until(&guest, 100000));
    test_clock_move(&s3->clock, RENEW_MS + 1);
    loop_until(&s3->loop, take_piece(&guest));
    size_t before = guest.req.text.n;
    pr_done_call(guest.renewed, PR_ERR_UNAUTHORIZED);
    assert_true(guest.req.aborted);
    assert_int_equal(guest.req.text.n, before);
    finish(&guest);
}

/* The guest leaves, or the archive ends otherwise, while it is asked for. */
static void test_the_guest_leaves_before_the_answer(void **state)
{
    static const enum pr_err answers[] = {PR_OK, PR_ERR_UNAUTHORIZED};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(answers); i++) {
        struct guest guest;
        start(&guest);
        loop_until(&s3->loop, take_until(&guest, 100000));
        loop_until(&s3->loop, guest.req.sent.fn);
        test_clock_move(&s3->clock, RENEW_MS + 1);
        assert_true(take_piece(&guest));
        assert_int_equal(guest.asked, 1);
        assert_null(guest.req.sent.fn);
        /* It waits for the answer with a full buffer; the next write tells that he left. */
        loop_run_for(&s3->loop, 50);
        pr_done_call(guest.renewed, answers[i]);
        if (guest.req.sent.fn) {
            struct pr_done sent = guest.req.sent;
            guest.req.sent = (struct pr_done){NULL, NULL};
            pr_done_call(sent, PR_ERR_UNAVAILABLE);
            guest.req.replies++;
        }
        finish(&guest);
    }
}

static void test_who_stalls_loses_his_place_to_who_comes(void **state)
{
    static struct guest guests[ZIP_STREAMS_MAX], late;
    (void)state;
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        start(&guests[i]);
        loop_until(&s3->loop, guests[i].req.sent.fn);
    }
    test_clock_move(&s3->clock, 59999);
    assert_false(zip_store_has_place(&store, &anna));
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        if (i != 7)
            loop_until(&s3->loop, take_piece(&guests[i]));
    }
    test_clock_move(&s3->clock, 1);
    start(&late); /* in the place of the only one who took nothing */
    assert_true(guests[7].req.aborted);
    finish(&guests[7]);
    assert_false(zip_store_has_place(&store, &anna));
    assert_whole(&late);
    assert_true(zip_store_has_place(&store, &anna));
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        if (i != 7)
            assert_whole(&guests[i]);
    }
}

static void test_who_holds_most_gives_one_up_to_another_code(void **state)
{
    static struct guest guests[ZIP_STREAMS_MAX + 2];
    size_t of_anna = ZIP_STREAMS_MAX / 2 + 1, n = ZIP_STREAMS_MAX;
    (void)state;
    for (size_t i = 0; i < n; i++)
        start_of(&guests[i], i < of_anna ? anna : ben); /* 33 and 31 */
    assert_false(zip_store_has_place(&store, &anna));
    start_of(&guests[n], cleo);
    assert_true(guests[of_anna - 1].req.aborted); /* 32, 31 and 1 */
    assert_false(zip_store_has_place(&store, &ben));
    start_of(&guests[n + 1], cleo);
    assert_true(guests[of_anna - 2].req.aborted);
    for (size_t i = 0; i < n + 2; i++) {
        if (guests[i].req.aborted)
            finish(&guests[i]);
        else
            assert_whole(&guests[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_asked_in_the_middle_of_an_object, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_an_archive_that_may_not_go_on_is_broken_off, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_guest_leaves_before_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_stalls_loses_his_place_to_who_comes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_holds_most_gives_one_up_to_another_code, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
