/* render_store on a real S3: bytes on their way to the decoder and back. */
#include "services/thumbnailer/adapters/render_s3.h"
#include "shared/base/alloc.h"
#include "tests/integration/shared/s3/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAX_BYTES ((int64_t)16 << 20)

static enum pr_err fetch_into(struct fixture *f, const char *folder, const char *name,
                              int64_t max_bytes, struct fetched_object *out)
{
    struct outcome outcome = {0};
    struct render_s3 store;
    render_s3_init(&store, f->s3, folder);
    store.port.fetch(&store.port, pr_str(fixture_key(f, name)), max_bytes, out,
                     outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static enum pr_err fetch(struct fixture *f, const char *name, int64_t max_bytes,
                         struct fetched_object *out)
{
    return fetch_into(f, "/tmp", name, max_bytes, out);
}

/* Fetching ends with this error, and leaves a file, or none, for its owner to close. */
static void assert_fails(struct fixture *f, const char *name, int64_t max_bytes, enum pr_err err)
{
    struct fetched_object object;
    assert_string_equal(pr_err_name(fetch(f, name, max_bytes, &object)), pr_err_name(err));
    if (object.file.fd >= 0)
        assert_int_equal(close(object.file.fd), 0);
}

static void assert_fetched(struct fixture *f, const char *name, struct pr_str expected)
{
    struct fetched_object object;
    struct stat info;
    uint8_t sum[SHA256_BYTES];
    char *bytes = pr_alloc(expected.n);
    assert_int_equal(fetch(f, name, (int64_t)expected.n, &object), PR_OK);
    assert_int_equal(object.file.size_bytes, expected.n);
    assert_int_equal(pread(object.file.fd, bytes, expected.n, 0), expected.n);
    assert_memory_equal(bytes, expected.p, expected.n);
    sha256(expected, sum);
    assert_memory_equal(object.sha256, sum, sizeof sum);
    assert_int_equal(object.crc32, crc32_update(0, expected));
    assert_int_equal(fstat(object.file.fd, &info), 0);
    assert_int_equal(info.st_size, expected.n);
    assert_int_equal(info.st_nlink, 0); /* gone with its last descriptor, whatever happens to us */
    assert_int_equal(fcntl(object.file.fd, F_GETFD), FD_CLOEXEC);
    close(object.file.fd);
    free(bytes);
}

static void object_is_fetched_and_hashed(void **state)
{
    struct fixture *f = *state;
    struct fetched_object object;
    assert_int_equal(fixture_put(f, fixture_key(f, "small"), pr_str("123456789")), PR_OK);
    assert_fetched(f, "small", pr_str("123456789"));
    assert_int_equal(fetch(f, "small", MAX_BYTES, &object), PR_OK);
    assert_int_equal(object.crc32, 0xcbf43926); /* the check value of CRC-32/ISO-HDLC */
    close(object.file.fd);
    assert_int_equal(fixture_put(f, fixture_key(f, "empty"), pr_str("")), PR_OK);
    assert_fetched(f, "empty", pr_str(""));
}

static void large_object_arrives_whole(void **state)
{
    struct fixture *f = *state;
    size_t n = (size_t)9 << 20;
    char *bytes = pr_alloc(n);
    crypto_random(bytes, n);
    assert_int_equal(fixture_put(f, fixture_key(f, "large"), pr_str_n(bytes, n)), PR_OK);
    assert_fetched(f, "large", pr_str_n(bytes, n));
    assert_fails(f, "large", (int64_t)n - 1, PR_ERR_TOO_LARGE);
    free(bytes);
}

static void missing_object_is_not_found(void **state)
{
    assert_fails(*state, "nothing", MAX_BYTES, PR_ERR_NOT_FOUND);
}

static void store_that_is_away_is_unavailable(void **state)
{
    struct fixture *f = *state;
    fixture_canned(f, "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n");
    assert_fails(f, "photo", MAX_BYTES, PR_ERR_UNAVAILABLE);
}

static void object_that_breaks_off_is_not_taken_for_whole(void **state)
{
    struct fixture *f = *state;
    fixture_canned(f, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it");
    assert_fails(f, "photo", MAX_BYTES, PR_ERR_UNAVAILABLE);
}

static void folder_that_is_not_there_is_unavailable(void **state)
{
    struct fixture *f = *state;
    struct fetched_object object;
    assert_int_equal(fetch_into(f, "/nowhere", "small", MAX_BYTES, &object), PR_ERR_UNAVAILABLE);
    assert_int_equal(object.file.fd, -1);
    assert_true(logs_hold("/nowhere"));
}

/* A limit on the size of files does what a full disk does: the write fails, after some went well.
 */
static void full_disk_is_unavailable(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, small;
    static char bytes[1 << 20];
    assert_int_equal(fixture_put(f, fixture_key(f, "photo"), pr_str_n(bytes, sizeof bytes)), PR_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_fails(f, "photo", MAX_BYTES, PR_ERR_UNAVAILABLE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(logs_hold("cannot write the file to decode"));
    assert_fetched(f, "photo", pr_str_n(bytes, sizeof bytes));
}

/* Nothing is asked of the store: the object is not there, and that is not found out. */
static void file_without_room_is_not_begun(void **state)
{
    struct fixture *f = *state;
    assert_fails(f, "nothing", INT64_C(1) << 60, PR_ERR_UNAVAILABLE);
    assert_true(logs_hold("no room for a file to decode"));
}

static void room_is_promised_while_a_file_is_fetched(void **state)
{
    struct fixture *f = *state;
    struct outcome first = {0}, second = {0};
    struct fetched_object objects[2];
    struct render_s3 store;
    struct statvfs disk;
    assert_int_equal(statvfs("/tmp", &disk), 0);
    int64_t most = (int64_t)(disk.f_bavail * disk.f_frsize / 3 * 2);
    assert_int_equal(fixture_put(f, fixture_key(f, "small"), pr_str("123456789")), PR_OK);
    render_s3_init(&store, f->s3, "/tmp");
    store.port.fetch(&store.port, pr_str(fixture_key(f, "small")), most, &objects[0],
                     outcome_done(&first));
    store.port.fetch(&store.port, pr_str(fixture_key(f, "small")), most, &objects[1],
                     outcome_done(&second));
    assert_int_equal(fixture_wait(f, &second), PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_wait(f, &first), PR_OK);
    assert_int_equal(store.promised_bytes, 0);
    for (size_t i = 0; i < 2; i++)
        store.port.drop(&store.port, &objects[i].file);
}

static enum pr_err put(struct fixture *f, const char *name, const struct render_file *file,
                       uint32_t *crc32)
{
    struct outcome outcome = {0};
    struct render_s3 store;
    render_s3_init(&store, f->s3, "/tmp");
    store.port.put(&store.port, fixture_key(f, name), "image/webp", file, crc32,
                   outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static void put_bytes(struct fixture *f, const char *name, struct pr_str bytes)
{
    struct render_file file = {memfd_create("rendition", MFD_CLOEXEC), (int64_t)bytes.n};
    uint32_t crc32 = 1;
    assert_int_equal(pwrite(file.fd, bytes.p, bytes.n, 0), bytes.n);
    assert_int_equal(put(f, name, &file, &crc32), PR_OK);
    assert_int_equal(crc32, crc32_update(0, bytes));
    close(file.fd);
}

static void rendition_is_put_and_put_again(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    put_bytes(f, "preview.webp", pr_str("the first rendering"));
    put_bytes(f, "preview.webp", pr_str("the second"));
    assert_int_equal(fixture_head(f, fixture_key(f, "preview.webp"), &object), PR_OK);
    assert_true(object.found);
    assert_string_equal(object.content_type, "image/webp");
    assert_fetched(f, "preview.webp", pr_str("the second"));
}

static void file_that_cannot_be_read_is_unavailable(void **state)
{
    struct s3_object object;
    struct fixture *f = *state;
    uint32_t crc32;
    assert_int_equal(put(f, "preview.webp", &(struct render_file){-1, 10}, &crc32),
                     PR_ERR_UNAVAILABLE);
    assert_int_equal(fixture_head(f, fixture_key(f, "preview.webp"), &object), PR_OK);
    assert_false(object.found);
}

static void removing_twice_is_fine(void **state)
{
    struct fixture *f = *state;
    struct render_s3 store;
    put_bytes(f, "preview.webp", pr_str("a rendition"));
    render_s3_init(&store, f->s3, "/tmp");
    for (int i = 0; i < 2; i++) {
        struct outcome outcome = {0};
        store.port.remove(&store.port, fixture_key(f, "preview.webp"), outcome_done(&outcome));
        assert_int_equal(fixture_wait(f, &outcome), PR_OK);
        assert_fails(f, "preview.webp", MAX_BYTES, PR_ERR_NOT_FOUND);
    }
}

#define S3_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_TEST(object_is_fetched_and_hashed),
        S3_TEST(large_object_arrives_whole),
        S3_TEST(missing_object_is_not_found),
        S3_TEST(store_that_is_away_is_unavailable),
        S3_TEST(object_that_breaks_off_is_not_taken_for_whole),
        S3_TEST(folder_that_is_not_there_is_unavailable),
        S3_TEST(full_disk_is_unavailable),
        S3_TEST(file_without_room_is_not_begun),
        S3_TEST(room_is_promised_while_a_file_is_fetched),
        S3_TEST(rendition_is_put_and_put_again),
        S3_TEST(file_that_cannot_be_read_is_unavailable),
        S3_TEST(removing_twice_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
