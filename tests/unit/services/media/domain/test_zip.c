/* The archive as bytes, from every offset; test_zip_readers.py has others read it. */
#include "services/media/domain/zip.h"

#include "shared/base/alloc.h"
#include "shared/base/buf.h"
#include "shared/crypto/crypto.h"
#include "tests/support/test.h"

#include <time.h>

static const char *const objects[] = {"the first", "", "x", "the last of them"};

static struct zip_entry entry(const char *name, const char *object)
{
    return (struct zip_entry){
        .name = pr_str(name),
        .size_bytes = (int64_t)strlen(object),
        .time_ms = INT64_C(1763710200000),
        .crc32 = crc32_update(0, pr_str(object)),
    };
}

/* The archive's bytes from an offset on. */
static struct pr_buf read_from(const struct zip_plan *plan, int64_t offset)
{
    struct zip_reader reader;
    struct zip_piece piece;
    struct pr_buf all;
    pr_buf_init(&all, 1 << 20);
    zip_reader_init(&reader, plan, offset);
    while (zip_reader_next(&reader, &piece)) {
        if (piece.bytes.n > 0) {
            pr_buf_append(&all, piece.bytes);
            continue;
        }
        assert_true(piece.size_bytes > 0);
        assert_int_equal(piece.from + piece.size_bytes, plan->entries[piece.entry].size_bytes);
        pr_buf_append(&all, pr_str_n(objects[piece.entry] + piece.from, (size_t)piece.size_bytes));
    }
    assert_false(zip_reader_next(&reader, &piece));
    return all;
}

static void assert_every_offset(const struct zip_entry *entries, size_t n)
{
    struct zip_plan plan;
    zip_plan_init(&plan, entries, n);
    struct pr_buf whole = read_from(&plan, 0);
    assert_int_equal(whole.n, plan.size_bytes);
    for (int64_t offset = 0; offset <= plan.size_bytes; offset++) {
        struct pr_buf rest = read_from(&plan, offset);
        assert_int_equal(rest.n, plan.size_bytes - offset);
        assert_memory_equal(rest.n ? rest.p : "", whole.p + offset, rest.n);
        pr_buf_fini(&rest);
    }
    pr_buf_fini(&whole);
}

static void test_every_offset(void **state)
{
    struct zip_entry entries[] = {entry("a.jpg", objects[0]), entry("empty", objects[1]),
                                  entry("Été 🏖.jpg", objects[2]), entry("d", objects[3])};
    (void)state;
    for (size_t n = 0; n <= PR_COUNT(entries); n++)
        assert_every_offset(entries, n);
}

static void test_bytes_of_a_small_archive(void **state)
{
    static const char expected[] =
        "PK\3\4\x0a\0\0\x08\0\0"     /* stored, UTF-8 */
        "\xc0\x3b\x75\x5b"           /* 2025-11-21 07:30:00 */
        "\x83\x16\xdc\x8c"           /* CRC-32 of "x" */
        "\1\0\0\0\1\0\0\0\1\0\x09\0" /* sizes, lengths of name and extra */
        "n"
        "UT\5\0\1\xf8\x14\x20\x69" /* 1763710200 */
        "x"
        "PK\1\2\x2d\3\x0a\0\0\x08\0\0"
        "\xc0\x3b\x75\x5b\x83\x16\xdc\x8c\1\0\0\0\1\0\0\0\1\0\x09\0"
        "\0\0\0\0\0\0\0\0\xa4\x81\0\0\0\0" /* -rw-r--r--, at 0 */
        "n"
        "UT\5\0\1\xf8\x14\x20\x69"
        "PK\5\6\0\0\0\0\1\0\1\0\x38\0\0\0\x29\0\0\0\0";
    struct zip_entry only = entry("n", "x");
    struct zip_plan plan;
    (void)state;
    zip_plan_init(&plan, &only, 1);
    struct zip_reader reader;
    struct zip_piece piece;
    size_t at = 0;
    zip_reader_init(&reader, &plan, 0);
    while (zip_reader_next(&reader, &piece)) {
        if (piece.bytes.n > 0)
            assert_memory_equal(piece.bytes.p, expected + at, piece.bytes.n);
        at += piece.bytes.n > 0 ? piece.bytes.n : (size_t)piece.size_bytes;
    }
    assert_int_equal(at, sizeof expected);
    assert_int_equal(plan.size_bytes, sizeof expected);
}

/* Sums up what a reader gives, without making objects. */
static int64_t length_from(const struct zip_plan *plan, int64_t offset)
{
    struct zip_reader reader;
    struct zip_piece piece;
    int64_t n = 0;
    zip_reader_init(&reader, plan, offset);
    while (zip_reader_next(&reader, &piece))
        n += piece.bytes.n > 0 ? (int64_t)piece.bytes.n : piece.size_bytes;
    return n;
}

static void test_sizes_of_many_gigabytes(void **state)
{
    static const int64_t sizes[] = {0xfffffffe, 0xffffffff, 1, INT64_C(5) << 40, 7};
    struct zip_entry entries[PR_COUNT(sizes)];
    struct zip_plan plan;
    (void)state;
    for (size_t i = 0; i < PR_COUNT(sizes); i++) {
        entries[i] = entry("video.mp4", "");
        entries[i].size_bytes = sizes[i];
    }
    zip_plan_init(&plan, entries, PR_COUNT(sizes));
    assert_int_equal(length_from(&plan, 0), plan.size_bytes);
    for (int64_t back = 0; back < 1000; back++) {
        assert_int_equal(length_from(&plan, plan.size_bytes - back), back);
        assert_int_equal(length_from(&plan, plan.central_offset - back),
                         plan.size_bytes - plan.central_offset + back);
    }
}

static void test_more_entries_than_16_bits_count(void **state)
{
    size_t n = 70000;
    struct zip_entry *entries = pr_alloc(n * sizeof *entries);
    struct zip_plan plan;
    (void)state;
    for (size_t i = 0; i < n; i++)
        entries[i] = entry("a.jpg", "x");
    zip_plan_init(&plan, entries, 65534);
    int64_t small = plan.size_bytes - plan.end_offset;
    zip_plan_init(&plan, entries, 65535);
    assert_int_equal(small, 22);
    assert_int_equal(plan.size_bytes - plan.end_offset, 22 + 20 + 56);
    zip_plan_init(&plan, entries, n);
    assert_int_equal(length_from(&plan, 0), plan.size_bytes);
    assert_int_equal(length_from(&plan, plan.size_bytes / 2),
                     plan.size_bytes - plan.size_bytes / 2);
    free(entries);
}

static unsigned field(const char *p)
{
    return (unsigned)(uint8_t)p[0] | (unsigned)(uint8_t)p[1] << 8;
}

/* Each day that MS-DOS knows, and the first and last for what lies beyond. */
static void test_times(void **state)
{
    struct zip_entry only = entry("n", "x");
    struct zip_plan plan;
    struct zip_reader reader;
    struct zip_piece piece;
    (void)state;
    for (int64_t day = 3000; day < 51000; day++) {
        time_t t = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        only.time_ms = (int64_t)t * 1000 + 999;
        t = t < 315532800 ? 315532800 : t > 4354819198 ? 4354819198 : t;
        gmtime_r(&t, &tm);
        zip_plan_init(&plan, &only, 1);
        zip_reader_init(&reader, &plan, 0);
        assert_true(zip_reader_next(&reader, &piece));
        assert_int_equal(field(piece.bytes.p + 10),
                         tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
        assert_int_equal(field(piece.bytes.p + 12),
                         (tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_offset),
        cmocka_unit_test(test_bytes_of_a_small_archive),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_sizes_of_many_gigabytes),
        cmocka_unit_test(test_more_entries_than_16_bits_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
