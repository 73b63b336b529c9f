#include "services/media/domain/media.h"

#include "tests/support/test.h"

#include <stdio.h>

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static const struct media_limits limits = {{[MEDIA_IMAGE] = 1000, [MEDIA_VIDEO] = 5000}};

/* The name of the field that is refused; "" when nothing is. */
static const char *refused(struct pr_str filename, const char *content_type, struct pr_str sha256,
                           int64_t size_bytes)
{
    static struct pr_fault fault;
    struct media media = {0};
    fault = (struct pr_fault){0};
    enum pr_err err = media_announce(
        &media, &(struct media_announcement){filename, pr_str(content_type), sha256, size_bytes, 0},
        &limits, &fault);
    assert_int_equal(err, fault.err);
    if (err) {
        assert_int_equal(err, PR_ERR_INVALID);
        assert_true(fault.detail[0]);
    }
    return fault.field;
}

static const char *refused_name(const char *name, size_t n)
{
    return refused(pr_str_n(name, n), "image/png", pr_str(SHA256), 1);
}

static const char *refused_size(const char *content_type, int64_t size_bytes)
{
    return refused(pr_str("a"), content_type, pr_str(SHA256), size_bytes);
}

static const char *refused_sha256(struct pr_str sha256)
{
    return refused(pr_str("a"), "image/png", sha256, 1);
}

static void test_announcement_fills_the_media(void **state)
{
    (void)state;
    static const uint8_t sha256[] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                     0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    struct media media = {.version = 7};
    struct pr_fault fault = {0};
    struct media_announcement announcement = {PR_STR("Strand \xc3\xa4\xf0\x9f\x8f\x96.jpg"),
                                              PR_STR("video/mp4"), PR_STR(SHA256), 5000, 0};
    assert_int_equal(media_announce(&media, &announcement, &limits, &fault), PR_OK);
    assert_string_equal(media.filename, "Strand \xc3\xa4\xf0\x9f\x8f\x96.jpg");
    assert_string_equal(media.type->name, "video/mp4");
    assert_int_equal(media.type->kind, MEDIA_VIDEO);
    assert_int_equal(media.size_bytes, 5000);
    assert_memory_equal(media.sha256, sha256, 16);
    assert_memory_equal(media.sha256 + 16, sha256, 16);
    assert_int_equal(media.version, 7); /* the rest is left alone */
}

static void test_filename_length(void **state)
{
    (void)state;
    char name[MEDIA_FILENAME_MAX + 1];
    memset(name, 'a', sizeof name);
    assert_string_equal(refused_name("", 0), "filename");
    assert_string_equal(refused_name(NULL, 0), "filename");
    assert_string_equal(refused_name(name, 1), "");
    assert_string_equal(refused_name(name, MEDIA_FILENAME_MAX), "");
    assert_string_equal(refused_name(name, MEDIA_FILENAME_MAX + 1), "filename");
}

static void test_filename_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a.jpg",
        " ",
        "...",
        "..a",
        ".hidden",
        "a b (1).jpg",
        "\"quoted\"'<>&%.png",
        "\xc3\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac.heic",
        "\xf0\x9f\x8e\xad.gif",
        "~",
        "C:",
        "a\xc2\xa0z",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_string_equal(refused_name(good[i], strlen(good[i])), "");
}

static void test_filename_bad(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        PR_STR("."),
        PR_STR(".."),
        PR_STR("/"),
        PR_STR("a/b"),
        PR_STR("../a"),
        PR_STR("a\\b"),
        PR_STR("/etc/passwd"),
        PR_STR("..\\a"),
        PR_STR("a/"),
        PR_STR("a\nb"),
        PR_STR("\t"),
        PR_STR("a\0b"),
        PR_STR("\0"),
        PR_STR("a\x1b[31m"),
        PR_STR("\x7f"),
        PR_STR("a\xc2\x85"),
        PR_STR("a\xc2\x9f"), /* C1 */
        PR_STR("gpj.\xe2\x80\xae.exe"),
        PR_STR("\xe2\x80\x8e"), /* direction of text */
        PR_STR("\xe2\x81\xa6"),
        PR_STR("\xd8\x9c"),
        PR_STR("\xff"),
        PR_STR("a\xc3"),
        PR_STR("\xc0\xaf"),
        PR_STR("\xed\xa0\x80"), /* not UTF-8 */
        PR_STR("\xf4\x90\x80\x80"),
        PR_STR("\xe0\x80\xaf"),
        PR_STR("\x80"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(refused_name(bad[i].p, bad[i].n), "filename");
}

static void test_content_types(void **state)
{
    (void)state;
    static const char *const good[] = {"image/jpeg", "image/png",       "image/webp",
                                       "image/gif",  "image/avif",      "image/heic",
                                       "video/mp4",  "video/quicktime", "video/webm"};
    static const char *const bad[] = {"",
                                      "image",
                                      "image/",
                                      "image/svg+xml",
                                      "image/jpg",
                                      "IMAGE/JPEG",
                                      "image/jpeg ",
                                      " image/jpeg",
                                      "image/jpeg; charset=x",
                                      "text/html",
                                      "video/x-matroska",
                                      "application/octet-stream",
                                      "image/jpeg,image/png"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_string_equal(refused_size(good[i], 1), "");
        assert_int_equal(media_type_parse(pr_str(good[i]))->kind, good[i][0] == 'v');
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(refused_size(bad[i], 1), "content_type");
}

static void test_sizes(void **state)
{
    (void)state;
    assert_string_equal(refused_size("image/gif", INT64_MIN), "size");
    assert_string_equal(refused_size("image/gif", -1), "size");
    assert_string_equal(refused_size("image/gif", 0), "size");
    assert_string_equal(refused_size("image/gif", 1), "");
    assert_string_equal(refused_size("image/gif", 1000), "");
    assert_string_equal(refused_size("image/gif", 1001), "size");
    assert_string_equal(refused_size("video/webm", 1001), "");
    assert_string_equal(refused_size("video/webm", 5000), "");
    assert_string_equal(refused_size("video/webm", 5001), "size");
    assert_string_equal(refused_size("video/webm", INT64_MAX), "size");
}

static void test_checksums(void **state)
{
    (void)state;
    char text[65] = SHA256;
    assert_string_equal(refused_sha256(pr_str_n(text, 64)), "");
    assert_string_equal(refused_sha256(pr_str_n(text, 63)), "sha256");
    assert_string_equal(refused_sha256(pr_str_n(text, 65)), "sha256");
    assert_string_equal(refused_sha256(pr_str_n(NULL, 0)), "sha256");
    static const char bad[] = {'g', 'G', '/', ':', '@', '`', ' ', 0, '\x80', '+', '-'};
    for (size_t at = 0; at < 64; at += 21) {
        for (size_t i = 0; i < sizeof bad; i++) {
            char c = text[at];
            text[at] = bad[i];
            assert_string_equal(refused_sha256(pr_str_n(text, 64)), "sha256");
            text[at] = c;
        }
    }
}

static void test_names_of_states_and_kinds(void **state)
{
    (void)state;
    enum media_state s;
    enum media_kind k;
    for (int i = 0; i < MEDIA_STATES; i++) {
        assert_true(media_state_parse(pr_str(media_state_name((enum media_state)i)), &s));
        assert_int_equal(s, i);
    }
    for (int i = 0; i < MEDIA_KINDS; i++) {
        assert_true(media_kind_parse(pr_str(media_kind_name((enum media_kind)i)), &k));
        assert_int_equal(k, i);
    }
    assert_false(media_state_parse(pr_str(""), &s));
    assert_false(media_state_parse(pr_str("Ready"), &s));
    assert_false(media_state_parse(pr_str("ready "), &s));
    assert_false(media_state_parse(pr_str("deleted"), &s));
    assert_false(media_kind_parse(pr_str("images"), &k));
    assert_false(media_kind_parse(pr_str_n(NULL, 0), &k));
}

/* ---- object keys ---- */

/* The key's last part. */
static const char *key_name(const char *filename)
{
    static struct media media;
    static const char prefix[] =
        "01000000-0000-0000-0000-000000000000/library/02000000-0000-0000-0000-000000000000/";
    media = (struct media){.id = {{2}}, .owner_id = {{1}}};
    snprintf(media.filename, sizeof media.filename, "%s", filename);
    media_set_object_key(&media);
    assert_memory_equal(media.object_key, prefix, sizeof prefix - 1);
    const char *name = media.object_key + sizeof prefix - 1;
    assert_true(strlen(name) >= 1 && strlen(name) <= 100);
    assert_int_not_equal(name[0], '.');
    for (const char *c = name; *c; c++)
        assert_non_null(
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", *c));
    return name;
}

static void test_object_key_is_plain(void **state)
{
    (void)state;
    assert_string_equal(key_name("IMG_0412.JPG"), "IMG_0412.JPG");
    assert_string_equal(key_name("a b&c?d=e#f%2e.jpg"), "a_b_c_d_e_f_2e.jpg");
    assert_string_equal(key_name("\xc3\xa4.png"), "__.png");
    assert_string_equal(key_name("\xf0\x9f\x8e\xad"), "____");
    assert_string_equal(key_name("a.j\xc3\xa4g"), "a.j__g");
    assert_string_equal(key_name("archive.tar.gz"), "archive.tar.gz");
    assert_string_equal(key_name("x"), "x");
    assert_string_equal(key_name("a."), "a.");
}

static void test_object_key_never_starts_with_a_dot(void **state)
{
    (void)state;
    assert_string_equal(key_name(".renditions"), "_renditions");
    assert_string_equal(key_name(".jpg"), "_jpg");
    assert_string_equal(key_name("..."), "_..");
    assert_string_equal(key_name("..a.jpg"), "_.a.jpg");
}

static void test_object_key_of_long_names_keeps_the_extension(void **state)
{
    (void)state;
    char name[MEDIA_FILENAME_MAX + 1], expected[101];
    memset(name, 'n', sizeof name);
    memset(expected, 'n', sizeof expected);
    name[MEDIA_FILENAME_MAX] = expected[100] = 0;
    assert_string_equal(key_name(name), expected);
    strcpy(name + MEDIA_FILENAME_MAX - 5, ".jpeg");
    strcpy(expected + 95, ".jpeg");
    assert_string_equal(key_name(name), expected);

    name[100] = 0; /* just fits */
    memset(expected, 'n', 100);
    assert_string_equal(key_name(name), expected);

    memset(name, 'n', 200); /* an extension of 15 characters, then of 16 */
    strcpy(name + 200, ".123456789abcdef");
    strcpy(expected + 84, ".123456789abcdef");
    assert_string_equal(key_name(name), expected);
    strcpy(name + 200, ".123456789abcdefg");
    memset(expected, 'n', 100);
    assert_string_equal(key_name(name), expected);

    memset(name, '.', MEDIA_FILENAME_MAX);
    name[MEDIA_FILENAME_MAX] = 0;
    memset(expected, '.', 100);
    expected[0] = '_';
    assert_string_equal(key_name(name), expected);
}

static void test_only_the_owner_owns_it(void **state)
{
    (void)state;
    struct media media = {.owner_id = {{1, 2, 3}}};
    assert_true(media_owned_by(&media, &(struct pr_uuid){{1, 2, 3}}));
    assert_false(media_owned_by(&media, &(struct pr_uuid){{1, 2, 4}}));
    assert_false(media_owned_by(&media, &(struct pr_uuid){{0}}));
}

/* ---- in parts ---- */

static const int64_t mib = 1 << 20;

static enum pr_err announce_parts(int64_t size_bytes, int multipart, struct media *media,
                                  struct pr_fault *fault)
{
    static const struct media_limits large = {
        {[MEDIA_IMAGE] = INT64_C(5) << 30, [MEDIA_VIDEO] = INT64_C(5) << 40}};
    struct media_announcement announcement = {.filename = PR_STR("a.mp4"),
                                              .content_type = PR_STR("video/mp4"),
                                              .sha256_hex = PR_STR(SHA256),
                                              .size_bytes = size_bytes,
                                              .multipart = multipart};
    *media = (struct media){.version = 1};
    *fault = (struct pr_fault){0};
    return media_announce(media, &announcement, &large, fault);
}

static void test_parts_are_for_large_files_and_needed_for_the_largest(void **state)
{
    (void)state;
    static const struct {
        int64_t size_bytes;
        int multipart;
        bool good;
    } rows[] = {
        {(INT64_C(64) << 20) - 1, 1, false}, {INT64_C(64) << 20, 1, true},
        {INT64_C(64) << 20, 0, true},        {INT64_C(5) << 30, 0, true},
        {(INT64_C(5) << 30) + 1, 0, false},  {(INT64_C(5) << 30) + 1, 1, true},
        {INT64_C(50) << 30, 1, true},        {1, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct media media;
        struct pr_fault fault;
        enum pr_err err = announce_parts(rows[i].size_bytes, rows[i].multipart, &media, &fault);
        assert_int_equal(err, rows[i].good ? PR_OK : PR_ERR_INVALID);
        assert_string_equal(fault.field, rows[i].good ? "" : "multipart");
        if (rows[i].good)
            assert_int_equal(media.part_size_bytes > 0, rows[i].multipart);
    }
}

/* Whatever the size: never more than S3 takes, never smaller than it takes, and they add up. */
static void test_parts_add_up_within_the_stores_limits(void **state)
{
    (void)state;
    const int64_t sizes[] = {64 * mib,
                             64 * mib + 1,
                             200 * 1000 * 1000,
                             INT64_C(50) << 30,
                             MEDIA_PARTS_MAX * MEDIA_PART_MIN_BYTES,
                             MEDIA_PARTS_MAX * MEDIA_PART_MIN_BYTES + 1,
                             INT64_C(5) << 40};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct media media;
        struct pr_fault fault;
        int64_t sum = 0;
        assert_int_equal(announce_parts(sizes[i], 1, &media, &fault), PR_OK);
        int64_t parts = media_parts(&media);
        assert_in_range(parts, 1, MEDIA_PARTS_MAX);
        assert_true(media.part_size_bytes >= 5 * mib && media.part_size_bytes % mib == 0);
        for (int64_t number = 1; number <= parts; number++) {
            int64_t bytes = media_part_bytes(&media, number);
            assert_true(bytes > 0);
            if (number < parts)
                assert_true(bytes == media.part_size_bytes);
            sum += bytes;
        }
        assert_true(sum == sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announcement_fills_the_media),
        cmocka_unit_test(test_filename_length),
        cmocka_unit_test(test_filename_good),
        cmocka_unit_test(test_filename_bad),
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_names_of_states_and_kinds),
        cmocka_unit_test(test_object_key_is_plain),
        cmocka_unit_test(test_object_key_never_starts_with_a_dot),
        cmocka_unit_test(test_object_key_of_long_names_keeps_the_extension),
        cmocka_unit_test(test_only_the_owner_owns_it),
        cmocka_unit_test(test_parts_are_for_large_files_and_needed_for_the_largest),
        cmocka_unit_test(test_parts_add_up_within_the_stores_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
