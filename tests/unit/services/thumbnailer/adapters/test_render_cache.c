#include "services/thumbnailer/adapters/render_cache.h"
#include "tests/support/await.h"
#include "tests/support/loop.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    struct cache *cache;
    struct render_cache previews;
};

static int setup(void **state)
{
    static struct fixture f;
    assert_int_equal(uv_loop_init(&f.loop), 0);
    f.cache = cache_create(&f.loop, &(struct cache_options){.max_bytes = 4 << 20});
    render_cache_init(&f.previews, f.cache);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    cache_close(f->cache, loop_set_true, &closed);
    loop_until(&f->loop, closed);
    loop_close_clean(&f->loop);
    return 0;
}

static void put(struct fixture *f, const char *key, const struct render_file *file)
{
    struct await await;
    f->previews.port.put(&f->previews.port, key, file, await_done(&await));
    loop_until(&f->loop, await.calls > 0);
    assert_int_equal(await_once(&await), PR_OK);
}

static void put_bytes(struct fixture *f, const char *key, const void *bytes, size_t n)
{
    struct render_file file = {memfd_create("preview", MFD_CLOEXEC), (int64_t)n};
    assert_int_equal(write(file.fd, bytes, n), n); /* the position is the end: put must not care */
    put(f, key, &file);
    close(file.fd);
}

/* What is kept under the key; NULL expected: nothing. */
static void assert_kept(struct fixture *f, const char *key, const char *expected)
{
    struct await await;
    struct cache_value value = {0};
    cache_get(f->cache, pr_str(key), &value, await_done(&await));
    loop_until(&f->loop, await.calls > 0);
    assert_int_equal(value.found, expected != NULL);
    if (expected)
        assert_true(pr_str_eq(pr_buf_str(&value.bytes), pr_str(expected)));
    pr_buf_fini(&value.bytes);
}

static void test_preview_is_kept_until_it_is_removed(void **state)
{
    struct fixture *f = *state;
    struct await await;
    put_bytes(f, "preview:1", "one", 3);
    put_bytes(f, "preview:2", "two", 3);
    assert_kept(f, "preview:1", "one");
    f->previews.port.remove(&f->previews.port, "preview:1", await_done(&await));
    loop_until(&f->loop, await.calls > 0);
    assert_int_equal(await_once(&await), PR_OK);
    assert_kept(f, "preview:1", NULL);
    assert_kept(f, "preview:2", "two");
}

/* Never an error: what cannot be kept is read from the store. */
static void test_what_cannot_be_kept_is_not(void **state)
{
    static char large[(1 << 20) + 1];
    struct fixture *f = *state;
    put_bytes(f, "preview:1", large, sizeof large);
    assert_kept(f, "preview:1", NULL);
    put(f, "preview:2", &(struct render_file){-1, 10});
    assert_kept(f, "preview:2", NULL);
    struct render_file cut = {memfd_create("preview", MFD_CLOEXEC), 10}; /* shorter than it says */
    put(f, "preview:3", &cut);
    close(cut.fd);
    assert_kept(f, "preview:3", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_preview_is_kept_until_it_is_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_kept_is_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
