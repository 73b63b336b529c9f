#include "services/thumbnailer/adapters/render_verdict.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES 100

static int setup(void **state)
{
    static struct render_outcome out;
    out = (struct render_outcome){0};
    for (enum rendition_name name = 0; name < RENDITIONS; name++) {
        int fd = memfd_create("rendition", MFD_CLOEXEC);
        assert_int_equal(ftruncate(fd, BYTES), 0);
        out.pictures[name].file.fd = fd;
    }
    *state = &out;
    return 0;
}

static int teardown(void **state)
{
    const struct render_outcome *out = *state;
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        close(out->pictures[name].file.fd);
    return 0;
}

static struct render_reply reply_of(uint32_t preview_bytes, uint32_t large_bytes)
{
    return (struct render_reply){
        .width = 40,
        .height = 30,
        .placeholder_bytes = 3,
        .placeholder = {1, 2, 3},
        .preview = {.width = 4, .height = 3, .size_bytes = preview_bytes},
        .large = {.width = 8, .height = 6, .size_bytes = large_bytes},
    };
}

static bool is_true(void **state, uint32_t preview_bytes, uint32_t large_bytes)
{
    struct render_reply reply = reply_of(preview_bytes, large_bytes);
    return render_reply_is_true(&reply, *state);
}

/* Who maps more than there is dies of SIGBUS. */
static void test_files_hold_what_the_reply_says(void **state)
{
    assert_true(is_true(state, BYTES, BYTES));
    assert_false(is_true(state, BYTES + 1, BYTES));
    assert_false(is_true(state, BYTES, BYTES + 1));
    assert_false(is_true(state, BYTES - 1, BYTES));
}

static void test_a_rejection_speaks_of_no_files(void **state)
{
    const struct render_reply reply = {.status = RENDER_REJECTED, .reason = REASON_CORRUPT};
    assert_true(render_reply_is_true(&reply, *state));
}

static void test_done(void **state)
{
    struct render_outcome *out = *state;
    struct render_reply reply = reply_of(BYTES, BYTES);
    render_verdict_of_reply(&reply, out);
    assert_int_equal(out->verdict, RENDER_DONE);
    assert_int_equal(out->width, 40);
    assert_int_equal(out->pictures[RENDITION_PREVIEW].width, 4);
    assert_int_equal(out->pictures[RENDITION_LARGE].file.size_bytes, BYTES);
    assert_int_equal(out->placeholder_n, 3);
    assert_memory_equal(out->placeholder, "\1\2\3", 3);
}

static void test_rejected(void **state)
{
    struct render_outcome *out = *state;
    render_verdict_of_reply(
        &(struct render_reply){.status = RENDER_REJECTED, .reason = REASON_CORRUPT, .text = "why"},
        out);
    assert_int_equal(out->verdict, RENDER_REFUSED);
    assert_string_equal(out->reason, "corrupt");
    assert_string_equal(out->detail, "why");
}

static void test_failed(void **state)
{
    struct render_outcome *out = *state;
    render_verdict_of_reply(
        &(struct render_reply){.status = RENDER_FAILED, .reason = REASON_INTERNAL}, out);
    assert_int_equal(out->verdict, RENDER_LOST);
}

#define VERDICT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(test_files_hold_what_the_reply_says),
        VERDICT_TEST(test_a_rejection_speaks_of_no_files),
        VERDICT_TEST(test_done),
        VERDICT_TEST(test_rejected),
        VERDICT_TEST(test_failed),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
