/* The object store's methods for uploads in parts, against a real S3 server. */
#include "services/media/adapters/media_s3.h"
#include "shared/base/alloc.h"
#include "shared/s3/multipart.h"
#include "tests/integration/shared/s3/fixture.h"
#include "tests/support/test.h"

#include <stdio.h>

struct parts_fixture {
    struct fixture *s3;
    struct media_s3 store;
    struct object_store *port;
    struct media media;
};

static int setup(void **state)
{
    void *s3;
    fixture_setup(&s3);
    struct parts_fixture *f = PR_NEW(struct parts_fixture);
    f->s3 = s3;
    media_s3_init(&f->store, f->s3->s3, f->s3->s3, true);
    f->port = &f->store.port;
    f->media = (struct media){.type = media_type_parse(pr_str("video/mp4")),
                              .size_bytes = MEDIA_PART_MIN_BYTES + 1,
                              .part_size_bytes = MEDIA_PART_MIN_BYTES};
    snprintf(f->media.object_key, sizeof f->media.object_key, "%s", fixture_key(f->s3, "film.mp4"));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct parts_fixture *f = *state;
    void *s3 = f->s3;
    assert_null(f->store.completions);
    fixture_teardown(&s3);
    free(f);
    return 0;
}

static void begin(struct parts_fixture *f, char id[MEDIA_UPLOAD_ID_MAX + 1])
{
    struct outcome outcome = {0};
    f->port->begin_upload(f->port, &f->media, id, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK);
}

static struct stored_parts list(struct parts_fixture *f)
{
    struct outcome outcome = {0};
    struct stored_parts parts = {0};
    f->port->list_parts(f->port, &f->media, &parts, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK);
    return parts;
}

static void abort_upload(struct parts_fixture *f, const char *id)
{
    struct outcome outcome = {0};
    f->port->abort_upload(f->port, f->media.object_key, id, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK);
}

static bool any_is_there(struct parts_fixture *f)
{
    struct outcome outcome = {0};
    struct s3_upload upload;
    s3_upload_find(f->s3->s3, pr_str(f->media.object_key), &upload, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK);
    return upload.found;
}

/* As a client does it. */
static void send_part(struct parts_fixture *f, int64_t number, struct pr_str bytes)
{
    struct pr_arena arena = {0};
    struct signed_upload upload;
    struct s3_header headers[S3_PART_HEADERS];
    struct http_call call;
    uint8_t digest[SHA256_BYTES];
    sha256(bytes, digest);
    assert_int_equal(f->port->sign_part(f->port, &f->media, number, digest, 900, &arena, &upload),
                     PR_OK);
    assert_int_equal(upload.headers_n, S3_PART_HEADERS);
    for (size_t i = 0; i < S3_PART_HEADERS; i++) {
        headers[i].name = i ? "x-amz-checksum-sha256" : "content-length";
        assert_true(pr_str_is(upload.headers[i].name, headers[i].name));
        assert_true(
            pr_str_copy(upload.headers[i].value, headers[i].value, sizeof headers[i].value));
    }
    assert_int_equal(fixture_send(f->s3, "PUT", upload.url, headers, S3_PART_HEADERS, bytes, &call),
                     200);
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);
    pr_arena_fini(&arena);
}

static void send_both(struct parts_fixture *f)
{
    char *bytes = pr_alloc((size_t)MEDIA_PART_MIN_BYTES);
    send_part(f, 2, pr_str("!"));
    send_part(f, 1, pr_str_n(bytes, (size_t)MEDIA_PART_MIN_BYTES));
    free(bytes);
}

static void test_beginning_again_goes_on_with_the_same(void **state)
{
    struct parts_fixture *f = *state;
    char first[MEDIA_UPLOAD_ID_MAX + 1], second[MEDIA_UPLOAD_ID_MAX + 1];
    begin(f, first);
    begin(f, second);
    assert_string_equal(first, second);
    abort_upload(f, first);
    assert_false(any_is_there(f));
}

static void test_all_uploads_of_a_key_are_aborted(void **state)
{
    struct parts_fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        struct outcome outcome = {0};
        struct s3_upload upload;
        s3_upload_create(f->s3->s3, pr_str(f->media.object_key), pr_str("video/mp4"), &upload,
                         outcome_done(&outcome));
        assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK);
    }
    assert_true(any_is_there(f));
    abort_upload(f, NULL);
    assert_false(any_is_there(f));
    abort_upload(f, NULL);
}

/* Three ask at once: the store is asked once, and all get its answer. */
static void test_an_upload_is_completed_once_for_all_who_ask(void **state)
{
    struct parts_fixture *f = *state;
    struct outcome outcomes[3] = {0};
    struct stored_object object;
    begin(f, f->media.upload_id);
    send_both(f);
    struct stored_parts parts = list(f);
    assert_int_equal(parts.n, 2);
    assert_int_equal(parts.items[0].size_bytes, MEDIA_PART_MIN_BYTES);
    assert_int_equal(parts.items[1].size_bytes, 1);
    for (size_t i = 0; i < PR_COUNT(outcomes); i++)
        f->port->complete_upload(f->port, &f->media, parts.items, parts.n,
                                 outcome_done(&outcomes[i]));
    assert_non_null(f->store.completions);
    pr_arena_fini(&parts.arena); /* it was copied */
    for (size_t i = 0; i < PR_COUNT(outcomes); i++)
        assert_int_equal(fixture_wait(f->s3, &outcomes[i]), PR_OK);
    struct outcome headed = {0};
    f->port->head(f->port, f->media.object_key, &object, outcome_done(&headed));
    assert_int_equal(fixture_wait(f->s3, &headed), PR_OK);
    assert_true(object.found && !object.has_sha256);
    assert_int_equal(object.size_bytes, f->media.size_bytes);
    assert_int_equal(fixture_delete(f->s3, f->media.object_key), PR_OK);
}

static void test_completing_what_is_gone_is_no_error(void **state)
{
    struct parts_fixture *f = *state;
    struct outcome outcome = {0};
    begin(f, f->media.upload_id);
    send_both(f);
    struct stored_parts parts = list(f);
    abort_upload(f, f->media.upload_id);
    f->port->complete_upload(f->port, &f->media, parts.items, parts.n, outcome_done(&outcome));
    assert_int_equal(fixture_wait(f->s3, &outcome), PR_OK); /* head tells */
    pr_arena_fini(&parts.arena);
    parts = list(f);
    assert_int_equal(parts.n, 0);
    pr_arena_fini(&parts.arena);
}

static void test_a_store_that_is_away(void **state)
{
    struct parts_fixture *f = *state;
    struct s3_options options = f->s3->options;
    char id[MEDIA_UPLOAD_ID_MAX + 1];
    struct stored_parts parts = {0};
    const struct stored_part part = {.number = 1, .size_bytes = 1, .tag = "t"};
    struct outcome outcomes[6] = {0};
    options.endpoint = "http://127.0.0.1:1";
    fixture_use(f->s3, &options);
    f->store.s3 = f->store.slow = f->s3->s3;
    strcpy(f->media.upload_id, "id");
    f->port->begin_upload(f->port, &f->media, id, outcome_done(&outcomes[0]));
    f->port->list_parts(f->port, &f->media, &parts, outcome_done(&outcomes[1]));
    f->port->complete_upload(f->port, &f->media, &part, 1, outcome_done(&outcomes[2]));
    f->port->complete_upload(f->port, &f->media, &part, 1, outcome_done(&outcomes[3]));
    f->port->abort_upload(f->port, f->media.object_key, "id", outcome_done(&outcomes[4]));
    f->port->abort_upload(f->port, f->media.object_key, NULL, outcome_done(&outcomes[5]));
    for (size_t i = 0; i < PR_COUNT(outcomes); i++)
        assert_int_equal(fixture_wait(f->s3, &outcomes[i]), PR_ERR_UNAVAILABLE);
    pr_arena_fini(&parts.arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_beginning_again_goes_on_with_the_same),
        TEST(test_all_uploads_of_a_key_are_aborted),
        TEST(test_an_upload_is_completed_once_for_all_who_ask),
        TEST(test_completing_what_is_gone_is_no_error),
        TEST(test_a_store_that_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
