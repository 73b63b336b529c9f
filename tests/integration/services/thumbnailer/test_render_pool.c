/* The pool with real worker processes: each order gets its verdict, whatever happens to them. */
#include "services/thumbnailer/adapters/render_pool.h"
#include "shared/base/alloc.h"
#include "tests/support/await.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKERS 2
#define ORDERS 200

struct fixture {
    uv_loop_t loop;
    struct render_pool *pool;
    char script[64]; /* a worker that is none; "" when there is none */
    int fds;         /* open before it all */
};

struct order {
    struct render_file input;
    struct render_outcome outcome;
    struct await await;
};

static int count_open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int setup(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    f->fds = count_open_fds();
    assert_int_equal(uv_loop_init(&f->loop), 0);
    *state = f;
    return 0;
}

static void close_pool(struct fixture *f)
{
    bool closed = false;
    render_pool_close(f->pool, loop_set_true, &closed);
    loop_until(&f->loop, closed);
    f->pool = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->pool)
        close_pool(f);
    loop_close_clean(&f->loop);
    assert_int_equal(count_open_fds(), f->fds);
    if (f->script[0])
        unlink(f->script);
    free(f);
    return 0;
}

static void create_pool(struct fixture *f, const char *path, unsigned workers, int64_t cpu_s)
{
    f->pool =
        render_pool_create(&f->loop, path, workers, &(struct render_limits){100000000, cpu_s});
}

static void start_pool(struct fixture *f, unsigned workers)
{
    create_pool(f, WORKER_PROGRAM, workers, 20);
    loop_until(&f->loop, render_pool_ready(f->pool) == workers);
}

/* A worker that is a shell script of one line. */
static void start_script(struct fixture *f, const char *line)
{
    strcpy(f->script, "/tmp/pierrot-worker-XXXXXX");
    int fd = mkstemp(f->script);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\n%s\n", line);
    fchmod(fd, 0700);
    close(fd);
    create_pool(f, f->script, WORKERS, 20);
}

/* The workers are the only children of this process. */
static size_t children(pid_t pids[8])
{
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (n < 8 && fscanf(file, "%d", &pids[n]) == 1)
        n++;
    fclose(file);
    return n;
}

static pid_t only_child(void)
{
    pid_t pids[8];
    assert_int_equal(children(pids), 1);
    return pids[0];
}

/* --- orders --------------------------------------------------------------------------------------- */

static void order_bytes(struct fixture *f, struct order *order, const char *type, const void *bytes,
                        size_t n)
{
    struct renderer *renderer = render_pool_port(f->pool);
    *order = (struct order){.input = {memfd_create("input", MFD_CLOEXEC), (int64_t)n}};
    for (size_t i = 0; i < RENDITIONS; i++)
        order->outcome.pictures[i].file.fd = -1;
    assert_int_equal(pwrite(order->input.fd, bytes, n, 0), n);
    renderer->render(renderer, type, &order->input, &order->outcome, await_done(&order->await));
}

static void order_photo_as(struct fixture *f, struct order *order, const char *type)
{
    static uint8_t bytes[1 << 20];
    static size_t n;
    if (n == 0) {
        int fd = open("tests/support/images/quarters.png", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        n = (size_t)read(fd, bytes, sizeof bytes);
        close(fd);
    }
    order_bytes(f, order, type, bytes, n);
}

static void order_photo(struct fixture *f, struct order *order)
{
    order_photo_as(f, order, "image/png");
}

static void end_order(struct order *order)
{
    close(order->input.fd);
    for (size_t i = 0; i < RENDITIONS; i++) {
        if (order->outcome.pictures[i].file.fd >= 0)
            close(order->outcome.pictures[i].file.fd);
    }
}

static void assert_starts_with(const struct render_file *file, const char *magic)
{
    struct stat info;
    char head[4];
    assert_int_equal(fstat(file->fd, &info), 0);
    assert_int_equal(info.st_size, file->size_bytes);
    assert_int_equal(ftruncate(file->fd, 1), -1); /* nobody can take back what was written */
    assert_int_equal(pread(file->fd, head, sizeof head, 0), sizeof head);
    assert_memory_equal(head, magic, strlen(magic));
}

static void assert_rendered(struct order *order)
{
    const struct render_outcome *out = &order->outcome;
    assert_int_equal(await_once(&order->await), PR_OK);
    assert_int_equal(out->verdict, RENDER_DONE);
    assert_int_equal(out->width, 640);
    assert_int_equal(out->height, 480);
    assert_int_equal(out->duration_ms, 0);
    assert_false(out->degraded);
    assert_in_range(out->placeholder_n, 10, sizeof out->placeholder);
    assert_int_equal(out->pictures[RENDITION_PREVIEW].width, 320);
    assert_int_equal(out->pictures[RENDITION_PREVIEW].height, 240);
    assert_int_equal(out->pictures[RENDITION_LARGE].width, 640);
    assert_starts_with(&out->pictures[RENDITION_PREVIEW].file, "RIFF");
    assert_starts_with(&out->pictures[RENDITION_LARGE].file, "\xff\xd8\xff");
    end_order(order);
}

static void assert_photo_is_rendered(struct fixture *f)
{
    struct order order;
    order_photo(f, &order);
    loop_until(&f->loop, order.await.calls > 0);
    assert_rendered(&order);
}

static void assert_ended(struct fixture *f, struct order *order, enum pr_err err)
{
    loop_until(&f->loop, order->await.calls > 0);
    assert_string_equal(pr_err_name(await_once(&order->await)), pr_err_name(err));
    end_order(order);
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void test_renders(void **state)
{
    struct fixture *f = *state;
    start_pool(f, WORKERS);
    assert_photo_is_rendered(f);
}

/* They wait for the first hello. */
static void test_orders_may_come_before_the_workers(void **state)
{
    struct fixture *f = *state;
    create_pool(f, WORKER_PROGRAM, WORKERS, 20);
    assert_int_equal(render_pool_ready(f->pool), 0);
    assert_photo_is_rendered(f);
}

static void test_many_orders_on_few_workers(void **state)
{
    struct fixture *f = *state;
    struct order *orders = pr_alloc(ORDERS * sizeof *orders);
    unsigned ended = 0;
    start_pool(f, WORKERS);
    for (size_t i = 0; i < ORDERS; i++)
        order_photo(f, &orders[i]);
    while (ended < ORDERS) {
        unsigned before = ended;
        for (; ended < ORDERS && orders[ended].await.calls; ended++)
            assert_rendered(&orders[ended]);
        if (ended == before)
            loop_until(&f->loop, orders[ended].await.calls > 0);
    }
    free(orders);
}

static void assert_refused(struct fixture *f, struct order *order, const char *reason)
{
    assert_ended(f, order, PR_OK);
    assert_int_equal(order->outcome.verdict, RENDER_REFUSED);
    assert_string_equal(order->outcome.reason, reason);
    assert_true(order->outcome.detail[0]);
}

static void test_refused_file(void **state)
{
    struct fixture *f = *state;
    struct order order;
    start_pool(f, 1);
    order_photo_as(f, &order, "image/jpeg");
    assert_refused(f, &order, "type_mismatch");
    order_photo_as(f, &order, "text/plain");
    assert_refused(f, &order, "type_mismatch");
    order_bytes(f, &order, "image/png", "no picture", 10);
    assert_refused(f, &order, "unsupported_format");
    assert_photo_is_rendered(f);
}

static void test_worker_at_its_quota_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct order order;
    start_pool(f, 1);
    pid_t first = only_child();
    for (int i = 0; i < 510; i++) { /* a worker takes 500 */
        order_bytes(f, &order, "image/png", "no picture", 10);
        assert_refused(f, &order, "unsupported_format");
    }
    assert_int_not_equal(only_child(), first);
}

/* The only worker, stopped, is given an order and ends by this signal before it has looked at it. */
static void order_and_kill(struct fixture *f, struct order *order, int signal)
{
    pid_t pid = only_child();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    order_photo(f, order);
    assert_int_equal(kill(pid, signal), 0);
    kill(pid, SIGCONT);
    assert_ended(f, order, PR_OK);
}

static void test_how_a_worker_ends_decides(void **state)
{
    static const struct {
        int signal;
        enum render_verdict verdict;
        const char *reason;
    } ends[] = {
        {SIGKILL, RENDER_LOST, NULL},
        {SIGTERM, RENDER_LOST, NULL},
        {SIGINT, RENDER_LOST, NULL},
#ifndef PIERROT_SANITIZED /* the sanitizer makes an exit of it */
        {SIGSEGV, RENDER_REFUSED, "worker_died"},
#endif
        {SIGABRT, RENDER_REFUSED, "worker_died"},
        {SIGSYS, RENDER_REFUSED, "worker_died"},
        {SIGXCPU, RENDER_REFUSED, "time_limit"},
    };
    struct fixture *f = *state;
    start_pool(f, 1);
    for (size_t i = 0; i < PR_COUNT(ends); i++) {
        struct order order;
        order_and_kill(f, &order, ends[i].signal);
        assert_int_equal(order.outcome.verdict, ends[i].verdict);
        if (ends[i].reason)
            assert_string_equal(order.outcome.reason, ends[i].reason);
        assert_photo_is_rendered(f); /* the next one takes its place, without a pause */
    }
}

static void test_neighbours_are_unharmed(void **state)
{
    struct fixture *f = *state;
    struct order victim, neighbours[20];
    pid_t pids[8];
    start_pool(f, WORKERS);
    assert_int_equal(children(pids), WORKERS);
    for (size_t i = 0; i < WORKERS; i++)
        kill(pids[i], SIGSTOP);
    order_photo(f, &victim); /* the first worker's */
    for (size_t i = 0; i < PR_COUNT(neighbours); i++)
        order_photo(f, &neighbours[i]);
    kill(pids[0], SIGABRT);
    for (size_t i = 0; i < WORKERS; i++)
        kill(pids[i], SIGCONT);
    unsigned refused = 0;
    loop_until(&f->loop, victim.await.calls > 0);
    refused += victim.outcome.verdict == RENDER_REFUSED;
    end_order(&victim);
    for (size_t i = 0; i < PR_COUNT(neighbours); i++) {
        loop_until(&f->loop, neighbours[i].await.calls > 0);
        if (neighbours[i].outcome.verdict == RENDER_REFUSED) {
            refused++;
            end_order(&neighbours[i]);
        } else {
            assert_rendered(&neighbours[i]);
        }
    }
    assert_int_equal(refused, 1);
}

static void test_killed_idle_it_is_replaced(void **state)
{
    struct fixture *f = *state;
    start_pool(f, 1);
    kill(only_child(), SIGKILL);
    loop_until(&f->loop, render_pool_ready(f->pool) == 0);
    assert_photo_is_rendered(f);
}

/* It may be the machine that is slow: the file is tried again. */
static void test_worker_that_sleeps_at_work(void **state)
{
    struct fixture *f = *state;
    struct order order;
    create_pool(f, WORKER_PROGRAM, 1, 1);
    loop_until(&f->loop, render_pool_ready(f->pool) == 1);
    kill(only_child(), SIGSTOP);
    order_photo(f, &order);
    assert_ended(f, &order, PR_OK);
    assert_int_equal(order.outcome.verdict, RENDER_LOST);
    assert_photo_is_rendered(f);
}

static void assert_unavailable(struct fixture *f)
{
    struct order orders[3];
    for (size_t i = 0; i < PR_COUNT(orders); i++)
        order_photo(f, &orders[i]);
    for (size_t i = 0; i < PR_COUNT(orders); i++)
        assert_ended(f, &orders[i], PR_ERR_UNAVAILABLE);
    assert_int_equal(render_pool_ready(f->pool), 0);
}

static void test_program_that_is_not_there(void **state)
{
    struct fixture *f = *state;
    create_pool(f, "/nowhere/worker", WORKERS, 20);
    assert_unavailable(f);
    assert_unavailable(f); /* again in the pause */
}

static void test_worker_that_exits_at_once(void **state)
{
    struct fixture *f = *state;
    start_script(f, "exit 1");
    assert_unavailable(f);
    assert_unavailable(f);
}

/* What dies before its hello was not killed by a file. */
static void test_worker_that_crashes_at_once(void **state)
{
    struct fixture *f = *state;
    start_script(f, "kill -SEGV $$");
    assert_unavailable(f);
}

static void test_worker_that_hangs_at_the_start(void **state)
{
    struct fixture *f = *state;
    start_script(f, "exec sleep 1000");
    assert_unavailable(f);
}

static void test_worker_that_talks_nonsense(void **state)
{
    struct fixture *f = *state;
    start_script(f, "echo hello >&3; exec sleep 1000");
    assert_unavailable(f);
}

static void test_closes_while_workers_start(void **state)
{
    struct fixture *f = *state;
    create_pool(f, WORKER_PROGRAM, WORKERS, 20);
    close_pool(f);
}

static void test_closes_right_after_work(void **state)
{
    struct fixture *f = *state;
    start_pool(f, WORKERS);
    assert_photo_is_rendered(f);
    close_pool(f);
}

static void test_closes_right_after_a_death(void **state)
{
    struct fixture *f = *state;
    struct order order;
    start_pool(f, 1);
    order_and_kill(f, &order, SIGABRT);
    close_pool(f);
}

static void test_closes_in_the_pause(void **state)
{
    struct fixture *f = *state;
    start_script(f, "exit 1");
    assert_unavailable(f);
    loop_run_for(&f->loop, 100);
    close_pool(f);
}

/* libuv opens a pipe for signals with the first loop and keeps it. */
static int setup_group(void **state)
{
    uv_loop_t loop;
    return uv_loop_init(&loop) || uv_loop_close(&loop) || logs_setup(state);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_renders),
        POOL_TEST(test_orders_may_come_before_the_workers),
        POOL_TEST(test_many_orders_on_few_workers),
        POOL_TEST(test_refused_file),
        POOL_TEST(test_worker_at_its_quota_is_replaced),
        POOL_TEST(test_how_a_worker_ends_decides),
        POOL_TEST(test_neighbours_are_unharmed),
        POOL_TEST(test_killed_idle_it_is_replaced),
        POOL_TEST(test_worker_that_sleeps_at_work),
        POOL_TEST(test_program_that_is_not_there),
        POOL_TEST(test_worker_that_exits_at_once),
        POOL_TEST(test_worker_that_crashes_at_once),
        POOL_TEST(test_worker_that_hangs_at_the_start),
        POOL_TEST(test_worker_that_talks_nonsense),
        POOL_TEST(test_closes_while_workers_start),
        POOL_TEST(test_closes_right_after_work),
        POOL_TEST(test_closes_right_after_a_death),
        POOL_TEST(test_closes_in_the_pause),
    };
    return cmocka_run_group_tests(tests, setup_group, logs_teardown);
}
