/* Uploads in parts against a real S3 server: what the services ask, what clients may send. */
#include "shared/s3/multipart.h"

#include "shared/base/alloc.h"
#include "tests/integration/shared/s3/fixture.h"

#include <stdio.h>

#define MIB ((size_t)1 << 20)
#define PART_BYTES (5 * MIB)

/* ---- calls that wait ---- */

static enum pr_err create(struct fixture *f, const char *key, struct s3_upload *out)
{
    struct outcome outcome = {0};
    memset(out, 0xff, sizeof(*out));
    s3_upload_create(f->s3, pr_str(key), pr_str("video/mp4"), out, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static struct s3_upload created(struct fixture *f, const char *key)
{
    struct s3_upload upload;
    assert_int_equal(create(f, key, &upload), PR_OK);
    assert_true(upload.found && upload.id[0]);
    return upload;
}

static enum pr_err find(struct fixture *f, const char *key, struct s3_upload *out)
{
    struct outcome outcome = {0};
    memset(out, 0xff, sizeof(*out));
    s3_upload_find(f->s3, pr_str(key), out, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static bool is_there(struct fixture *f, const char *key)
{
    struct s3_upload upload;
    assert_int_equal(find(f, key, &upload), PR_OK);
    return upload.found;
}

static enum pr_err list(struct fixture *f, const char *key, const char *id, struct s3_parts *out)
{
    struct outcome outcome = {0};
    *out = (struct s3_parts){0};
    s3_upload_list(f->s3, pr_str(key), pr_str(id), out, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static enum pr_err complete(struct fixture *f, const char *key, const char *id,
                            const struct s3_stored_part *parts, size_t n)
{
    struct outcome outcome = {0};
    s3_upload_complete(f->s3, pr_str(key), pr_str(id), parts, n, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static enum pr_err cancel(struct fixture *f, const char *key, const char *id)
{
    struct outcome outcome = {0};
    s3_upload_abort(f->s3, pr_str(key), pr_str(id), outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

/* ---- what a client does ---- */

static struct pr_str random_bytes(size_t n)
{
    char *bytes = pr_alloc(n);
    crypto_random(bytes, n);
    return pr_str_n(bytes, n);
}

static void free_bytes(struct pr_str bytes)
{
    free((void *)(uintptr_t)bytes.p);
}

/* PUTs `sent` to a URL that was signed for `announced`. */
static int put_part(struct fixture *f, const char *key, const char *id, int64_t number,
                    struct pr_str announced, struct pr_str sent)
{
    struct s3_header headers[S3_PART_HEADERS];
    struct http_call call;
    struct pr_buf url;
    struct s3_part part = {.key = pr_str(key),
                           .upload_id = pr_str(id),
                           .number = number,
                           .size_bytes = (int64_t)announced.n};
    sha256(announced, part.sha256);
    pr_buf_init(&url, 8192);
    assert_true(s3_presign_part(f->s3, &part, 900, &url, headers));
    int status = fixture_send(f, "PUT", pr_buf_str(&url), headers, S3_PART_HEADERS, sent, &call);
    pr_buf_fini(&url);
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);
    return status;
}

static void uploaded(struct fixture *f, const char *key, const char *id, int64_t number,
                     struct pr_str bytes)
{
    assert_int_equal(put_part(f, key, id, number, bytes, bytes), 200);
}

/* ---- the cases ---- */

static void parts_in_any_order_become_the_object(void **state)
{
    struct fixture *f = *state;
    char key[256];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "clip \xc3\xbc+%&<>\".mp4"));
    struct pr_str whole = random_bytes(2 * PART_BYTES + 4);
    struct s3_upload upload = created(f, key), seen;
    struct s3_parts parts;
    struct s3_object object;
    for (int64_t number = 3; number >= 1; number--) {
        size_t at = (size_t)(number - 1) * PART_BYTES;
        size_t n = number == 3 ? 4 : PART_BYTES;
        uploaded(f, key, upload.id, number, pr_str_n(whole.p + at, n));
    }
    assert_int_equal(find(f, key, &seen), PR_OK);
    assert_true(seen.found);
    assert_string_equal(seen.id, upload.id);
    assert_int_equal(list(f, key, upload.id, &parts), PR_OK);
    assert_int_equal(parts.n, 3);
    for (size_t i = 0; i < parts.n; i++) {
        assert_int_equal(parts.items[i].number, i + 1);
        assert_int_equal(parts.items[i].size_bytes, i == 2 ? 4 : PART_BYTES);
    }
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_false(object.found); /* not yet */
    assert_int_equal(complete(f, key, upload.id, parts.items, parts.n), PR_OK);
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_int_equal(object.size_bytes, whole.n);
    assert_string_equal(object.content_type, "video/mp4");
    assert_false(object.has_sha256); /* that of the parts' checksums is none of the bytes */
    assert_int_equal(fixture_get(f, key, (int64_t)whole.n), PR_OK);
    assert_memory_equal(f->body.p, whole.p, whole.n);
    assert_false(is_there(f, key));
    enum pr_err again = complete(f, key, upload.id, parts.items, parts.n);
    assert_true(again == PR_OK || again == PR_ERR_NOT_FOUND); /* some remember what they did */
    assert_int_equal(fixture_delete(f, key), PR_OK);
    s3_parts_fini(&parts);
    free_bytes(whole);
}

static void a_part_unlike_its_signature_is_refused(void **state)
{
    static const struct pr_str good = PR_STR("hello, pierrot"), other = PR_STR("hellO, pierrot"),
                               longer = PR_STR("hello, pierrot!");
    struct fixture *f = *state;
    struct s3_parts parts;
    char key[256];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "wrong.mp4"));
    struct s3_upload upload = created(f, key);
    assert_int_equal(put_part(f, key, upload.id, 1, good, other), 400);
    assert_int_equal(put_part(f, key, upload.id, 1, good, longer), 403);
    assert_int_equal(list(f, key, upload.id, &parts), PR_OK);
    assert_int_equal(parts.n, 0);
    s3_parts_fini(&parts);
    uploaded(f, key, upload.id, 1, good);
    assert_int_equal(put_part(f, key, upload.id, 1, good, other), 400); /* the first one stays */
    assert_int_equal(list(f, key, upload.id, &parts), PR_OK);
    assert_int_equal(parts.n, 1);
    s3_parts_fini(&parts);
    assert_int_equal(cancel(f, key, upload.id), PR_OK);
}

static void a_part_may_be_sent_again(void **state)
{
    struct fixture *f = *state;
    char key[256];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "again.mp4"));
    struct pr_str first = random_bytes(PART_BYTES), second = random_bytes(PART_BYTES);
    struct s3_upload upload = created(f, key);
    struct s3_parts before, parts;
    uploaded(f, key, upload.id, 1, first);
    assert_int_equal(list(f, key, upload.id, &before), PR_OK);
    uploaded(f, key, upload.id, 1, second);
    assert_int_equal(complete(f, key, upload.id, before.items, before.n), PR_ERR_CONFLICT);
    assert_int_equal(list(f, key, upload.id, &parts), PR_OK);
    assert_int_equal(complete(f, key, upload.id, parts.items, parts.n), PR_OK);
    assert_int_equal(fixture_get(f, key, PART_BYTES), PR_OK);
    assert_memory_equal(f->body.p, second.p, second.n);
    assert_int_equal(fixture_delete(f, key), PR_OK);
    s3_parts_fini(&before);
    s3_parts_fini(&parts);
    free_bytes(first);
    free_bytes(second);
}

static void an_aborted_upload_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct s3_parts parts;
    struct s3_object object;
    char key[256];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "aborted.mp4"));
    struct s3_upload upload = created(f, key);
    uploaded(f, key, upload.id, 1, pr_str("hello"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(cancel(f, key, upload.id), PR_OK); /* gone is fine */
    assert_false(is_there(f, key));
    assert_int_equal(list(f, key, upload.id, &parts), PR_OK);
    assert_int_equal(parts.n, 0);
    assert_int_equal(fixture_head(f, key, &object), PR_OK);
    assert_false(object.found);
    assert_int_equal(logs_count(), 0);
}

static void uploads_are_found_by_their_very_key(void **state)
{
    struct fixture *f = *state;
    struct s3_upload seen;
    char key[256], longer[260];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "a.mp4"));
    snprintf(longer, sizeof(longer), "%s2", key);
    struct s3_upload other = created(f, longer);
    assert_false(is_there(f, key));
    struct s3_upload upload = created(f, key);
    assert_int_equal(find(f, key, &seen), PR_OK);
    assert_string_equal(seen.id, upload.id);
    assert_int_equal(cancel(f, key, upload.id), PR_OK);
    assert_int_equal(cancel(f, longer, other.id), PR_OK);
}

static void what_was_never_begun_has_no_parts(void **state)
{
    struct fixture *f = *state;
    struct s3_parts parts;
    char key[256];
    snprintf(key, sizeof(key), "%s", fixture_key(f, "never.mp4"));
    static const char id[] = "00000000-0000-4000-8000-000000000000";
    const struct s3_stored_part part = {.number = 1, .size_bytes = 1, .etag = "\"0\""};
    assert_int_equal(list(f, key, id, &parts), PR_OK);
    assert_int_equal(parts.n, 0);
    assert_int_equal(complete(f, key, id, &part, 1), PR_ERR_NOT_FOUND);
    assert_int_equal(cancel(f, key, id), PR_OK);
}

/* ---- when things are wrong ---- */

static void answers_become_errors(void **state)
{
#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define ERROR(code) HEAD "<Error><Code>" code "</Code></Error>"
    static const struct {
        const char *answer;
        enum pr_err create, find, list, complete, cancel;
    } rows[] = {
        {"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n", PR_ERR_UNAVAILABLE,
         PR_ERR_UNAVAILABLE, PR_ERR_UNAVAILABLE, PR_ERR_UNAVAILABLE, PR_ERR_UNAVAILABLE},
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", PR_ERR_UPSTREAM, PR_ERR_UPSTREAM,
         PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM},
        {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_OK,
         PR_ERR_NOT_FOUND, PR_OK},
        {HEAD "  \n<?xml", PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM,
         PR_OK},
        {ERROR("InternalError"), PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM,
         PR_ERR_UNAVAILABLE, PR_OK},
        {ERROR("NoSuchUpload"), PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_NOT_FOUND,
         PR_OK},
        {ERROR("InvalidPart"), PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_CONFLICT,
         PR_OK},
        /* For ever the same page. */
        {HEAD "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</"
              "NextPartNumberMarker></ListPartsResult>",
         PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_ERR_UPSTREAM, PR_OK},
    };
    (void)state;
    for (size_t i = 0; i < 5 * PR_COUNT(rows); i++) {
        void *each;
        struct s3_upload upload;
        struct s3_parts parts = {0};
        const struct s3_stored_part part = {.number = 1, .size_bytes = 1, .etag = "\"0\""};
        assert_int_equal(fixture_setup(&each), 0);
        struct fixture *f = each;
        fixture_canned(f, rows[i / 5].answer);
        if (i % 5 == 0)
            assert_int_equal(create(f, "k", &upload), rows[i / 5].create);
        else if (i % 5 == 1)
            assert_int_equal(find(f, "k", &upload), rows[i / 5].find);
        else if (i % 5 == 2)
            assert_int_equal(list(f, "k", "u", &parts), rows[i / 5].list);
        else if (i % 5 == 3)
            assert_int_equal(complete(f, "k", "u", &part, 1), rows[i / 5].complete);
        else
            assert_int_equal(cancel(f, "k", "u"), rows[i / 5].cancel);
        assert_false(logs_hold("X-Amz"));
        s3_parts_fini(&parts);
        fixture_teardown(&each);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(parts_in_any_order_become_the_object),
        TEST(a_part_unlike_its_signature_is_refused),
        TEST(a_part_may_be_sent_again),
        TEST(an_aborted_upload_leaves_nothing),
        TEST(uploads_are_found_by_their_very_key),
        TEST(what_was_never_begun_has_no_parts),
        cmocka_unit_test(answers_become_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
