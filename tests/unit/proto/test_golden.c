/* The golden files: what another library wrote, and every build since has to read. Run from the
 * top. */
#include "proto/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FOLDER "0192f0c1-7a00-7000-8000-000000000001/library/0192f0c1-7a00-7000-8000-000000000002"

static char file[MESSAGE_MAX_BYTES];

static struct pr_str read_golden(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/support/golden/%s.msgpack", name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t n = fread(file, 1, sizeof file, in);
    fclose(in);
    return pr_str_n(file, n);
}

static void assert_id(const struct pr_uuid *is, const char *should)
{
    char text[PR_UUID_TEXT];
    assert_string_equal(pr_uuid_format(is, text), should);
}

static void assert_ids(const struct pr_uuid *media_id, const struct pr_uuid *owner_id)
{
    assert_id(media_id, "0192f0c1-7a00-7000-8000-000000000002");
    assert_id(owner_id, "0192f0c1-7a00-7000-8000-000000000001");
}

static void assert_text(struct pr_str is, const char *should)
{
    assert_true(pr_str_is(is, should));
}

static void assert_sha256(struct pr_str is)
{
    assert_int_equal(is.n, 32);
    for (int i = 0; i < 32; i++)
        assert_int_equal(is.p[i], i);
}

static void assert_rendition(const struct rendition_msg *is, const struct rendition_msg *should)
{
    assert_true(pr_str_eq(is->name, should->name));
    assert_true(pr_str_eq(is->object_key, should->object_key));
    assert_true(pr_str_eq(is->content_type, should->content_type));
    assert_int_equal(is->width, should->width);
    assert_int_equal(is->height, should->height);
    assert_int_equal(is->size_bytes, should->size_bytes);
    assert_int_equal(is->has_crc32, should->has_crc32);
    assert_true(is->crc32 == should->crc32);
}

/* Decodes the file into msg, and finds that msg encodes to the very same bytes. */
#define DECODED(name, file_name)                                                                   \
    struct name##_msg msg;                                                                         \
    struct pr_fault fault;                                                                         \
    struct pr_buf again;                                                                           \
    struct pr_str golden = read_golden(file_name);                                                 \
    (void)state;                                                                                   \
    pr_buf_init(&again, MESSAGE_MAX_BYTES);                                                        \
    assert_int_equal(name##_decode(golden, &msg, &fault), PR_OK);                                  \
    assert_int_equal(name##_encode(&msg, &again), PR_OK);                                          \
    assert_true(pr_str_eq(pr_buf_str(&again), golden));                                            \
    pr_buf_fini(&again)

#define GOLDEN(name, file_name)                                                                    \
    DECODED(name, file_name);                                                                      \
    assert_ids(&msg.media_id, &msg.owner_id)

static void test_media_created_v1(void **state)
{
    GOLDEN(media_created, "media_created.v1");
    assert_int_equal(msg.version, 1);
    assert_text(msg.filename, "Été à Sète 🏖.jpg");
    assert_text(msg.content_type, "image/jpeg");
    assert_int_equal(msg.size_bytes, 3482113);
    assert_true(msg.created_at_ms == 1763710200000);
}

static void test_media_finalized_v1(void **state)
{
    GOLDEN(media_finalized, "media_finalized.v1");
    assert_int_equal(msg.version, 2);
    assert_text(msg.filename, "Été à Sète 🏖.jpg");
    assert_text(msg.content_type, "image/jpeg");
    assert_int_equal(msg.size_bytes, 3482113);
    assert_sha256(msg.sha256);
    assert_text(msg.object_key, FOLDER "/_t____S_te_____.jpg");
    assert_true(msg.finalized_at_ms == 1763710203250);
}

static void test_media_rendered_v1(void **state)
{
    GOLDEN(media_rendered, "media_rendered.v1");
    assert_int_equal(msg.version, 2);
    assert_int_equal(msg.width, 4032);
    assert_int_equal(msg.height, 3024);
    assert_false(msg.has_duration_ms);
    assert_false(msg.degraded);
    assert_sha256(msg.sha256);
    assert_true(msg.crc32 == 4294967295);
    assert_int_equal(msg.placeholder.n, 21);
    assert_int_equal((uint8_t)msg.placeholder.p[0], 0xdc);
    assert_int_equal(msg.renditions_count, 2);
    assert_rendition(&msg.renditions[0],
                     &(struct rendition_msg){PR_STR("preview"),
                                             PR_STR(FOLDER "/.renditions/preview.webp"),
                                             PR_STR("image/webp"), 320, 240, 9120, false, 0});
    assert_rendition(&msg.renditions[1],
                     &(struct rendition_msg){PR_STR("large"),
                                             PR_STR(FOLDER "/.renditions/large.jpg"),
                                             PR_STR("image/jpeg"), 1600, 1200, 301444, false, 0});
    assert_true(msg.rendered_at_ms == 1763710203420);
}

/* Since renditions have their CRC-32. */
static void test_media_rendered_v1_with_crc32(void **state)
{
    GOLDEN(media_rendered, "media_rendered_crc32.v1");
    assert_int_equal(msg.renditions_count, 2);
    assert_rendition(&msg.renditions[0],
                     &(struct rendition_msg){PR_STR("preview"),
                                             PR_STR(FOLDER "/.renditions/preview.webp"),
                                             PR_STR("image/webp"), 320, 240, 9120, true, 0});
    assert_rendition(
        &msg.renditions[1],
        &(struct rendition_msg){PR_STR("large"), PR_STR(FOLDER "/.renditions/large.jpg"),
                                PR_STR("image/jpeg"), 1600, 1200, 301444, true, 4294967295});
}

static void test_media_rendered_v1_of_a_video(void **state)
{
    GOLDEN(media_rendered, "media_rendered_video.v1");
    assert_true(msg.version == INT64_C(1) << 53);
    assert_true(msg.has_duration_ms);
    assert_int_equal(msg.duration_ms, 12480);
    assert_true(msg.degraded);
    assert_int_equal(msg.crc32, 0);
    assert_int_equal(msg.placeholder.n, 0);
    assert_int_equal(msg.renditions_count, 0);
}

static void test_media_rejected_v1(void **state)
{
    GOLDEN(media_rejected, "media_rejected.v1");
    assert_int_equal(msg.version, 2);
    assert_text(msg.reason, "checksum_mismatch");
    assert_text(msg.detail, "");
    assert_true(msg.rejected_at_ms == 1763710203420);
}

static void test_media_deleted_v1(void **state)
{
    GOLDEN(media_deleted, "media_deleted.v1");
    assert_int_equal(msg.version, 4);
    assert_text(msg.object_key, FOLDER "/_t____S_te_____.jpg");
    assert_true(msg.deleted_at_ms == 1763796600000);
}

static void test_account_changed_v1(void **state)
{
    DECODED(account_changed, "account_changed.v1");
    assert_id(&msg.account_id, "0192f0c1-7a00-7000-8000-000000000001");
    assert_int_equal(msg.version, 3);
    assert_text(msg.name, "anna-photo");
    assert_text(msg.tier, "business");
    assert_text(msg.role, "admin");
    assert_true(msg.disabled);
    assert_false(msg.deleted);
    assert_true(msg.changed_at_ms == 1763710200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_created_v1),
        cmocka_unit_test(test_media_finalized_v1),
        cmocka_unit_test(test_media_rendered_v1),
        cmocka_unit_test(test_media_rendered_v1_with_crc32),
        cmocka_unit_test(test_media_rendered_v1_of_a_video),
        cmocka_unit_test(test_media_rejected_v1),
        cmocka_unit_test(test_media_deleted_v1),
        cmocka_unit_test(test_account_changed_v1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
