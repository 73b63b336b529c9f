#include "services/gateway/adapters/password_argon.h"

#include "tests/support/logs.h"
#include "tests/support/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

static uv_loop_t loop;
static struct password_argon *argon;
static struct password_hasher *hasher;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    argon = password_argon_create(&loop, 2);
    hasher = password_argon_port(argon);
    return 0;
}

static int tear_down(void **state)
{
    bool closed = false;
    (void)state;
    password_argon_close(argon, loop_set_true, &closed);
    assert_false(closed); /* always later */
    loop_until(&loop, closed);
    loop_close_clean(&loop);
    return 0;
}

struct outcome {
    int calls;
    enum pr_err err;
    bool same;
    char hash[PASSWORD_HASH_TEXT];
};

static void ended(void *arg, enum pr_err err)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->err = err;
}

static void start_hash(struct outcome *outcome, const char *password)
{
    hasher->hash(hasher, pr_str(password), outcome->hash, (struct pr_done){ended, outcome});
}

static void start_verify(struct outcome *outcome, const char *password, const char *hash)
{
    hasher->verify(hasher, pr_str(password), hash, &outcome->same,
                   (struct pr_done){ended, outcome});
}

static void wait_for(const struct outcome *outcome)
{
    loop_until(&loop, outcome->calls > 0);
    assert_int_equal(outcome->calls, 1);
    assert_int_equal(outcome->err, PR_OK);
}

static void make_hash(const char *password, char hash[PASSWORD_HASH_TEXT])
{
    struct outcome outcome = {0};
    start_hash(&outcome, password);
    assert_int_equal(outcome.calls, 0); /* never on the loop's own time */
    wait_for(&outcome);
    memcpy(hash, outcome.hash, PASSWORD_HASH_TEXT);
}

static bool same(const char *password, const char *hash)
{
    struct outcome outcome = {.same = true};
    start_verify(&outcome, password, hash);
    wait_for(&outcome);
    return outcome.same;
}

static void a_password_is_known_again_and_no_other(void **state)
{
    char hash[PASSWORD_HASH_TEXT];
    (void)state;
    make_hash("correct horse", hash);
    assert_true(same("correct horse", hash));
    assert_false(same("correct horsf", hash));
    assert_false(same("correct horse ", hash));
    assert_false(same("", hash));
}

static void a_hash_is_argon2id_with_a_salt_of_its_own(void **state)
{
    static const char parameters[] = "$argon2id$v=19$m=19456,t=2,p=1$";
    char a[PASSWORD_HASH_TEXT], b[PASSWORD_HASH_TEXT];
    (void)state;
    make_hash("correct horse", a);
    make_hash("correct horse", b);
    assert_memory_equal(a, parameters, sizeof(parameters) - 1);
    assert_string_not_equal(a, b);
    assert_null(strstr(a, "correct"));
}

static void any_bytes_and_any_length_are_a_password(void **state)
{
    static const struct pr_str passwords[] = {PR_STR(""), PR_STR("a\0b"), PR_STR("a\0c"),
                                              PR_STR("\xf0\x9f\x90\x8e")};
    struct outcome outcomes[4] = {0};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        hasher->hash(hasher, passwords[i], outcomes[i].hash, (struct pr_done){ended, &outcomes[i]});
        wait_for(&outcomes[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct outcome outcome = {0};
            hasher->verify(hasher, passwords[i], outcomes[j].hash, &outcome.same,
                           (struct pr_done){ended, &outcome});
            wait_for(&outcome);
            assert_int_equal(outcome.same, i == j);
        }
    }
}

static void what_is_no_hash_is_an_error_or_nobodys(void **state)
{
    static const char *const texts[] = {"", "plain", "$2b$12$abcdefghijklmnopqrstuv", NULL};
    struct outcome broken = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(same("plain", texts[i]));
    logs_catch();
    start_verify(&broken, "plain", "$argon2id$v=19$m=19456,t=2,p=1$?$?");
    loop_until(&loop, broken.calls > 0);
    assert_int_equal(broken.err, PR_ERR_INTERNAL);
    assert_int_equal(logs_count(), 1);
    logs_let_go();
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Of this process' own time, in turns, and the shortest of each: what else this machine does only
 * makes some longer. */
static void nobodys_password_takes_as_long_as_a_wrong_one(void **state)
{
    int64_t shortest_ns[2] = {INT64_MAX, INT64_MAX};
    char hash[PASSWORD_HASH_TEXT];
    (void)state;
    make_hash("correct horse", hash);
    for (int round = 0; round < 15; round++) {
        for (int nobody = 0; nobody < 2; nobody++) {
            int64_t before_ns = cpu_ns();
            assert_false(same("battery staple", nobody ? NULL : hash));
            int64_t took_ns = cpu_ns() - before_ns;
            if (took_ns < shortest_ns[nobody])
                shortest_ns[nobody] = took_ns;
        }
    }
    double ratio = (double)shortest_ns[1] / (double)shortest_ns[0];
    if (ratio < 0.8 || ratio > 1.25)
        fail_msg("nobody's took %.2f of the time of a wrong one", ratio);
}

#define MANY (PASSWORD_ARGON_WAITING_MAX + 10)

static void so_many_wait_and_no_more(void **state)
{
    static struct outcome outcomes[MANY];
    int64_t refused = 0;
    (void)state;
    memset(outcomes, 0, sizeof(outcomes));
    for (int i = 0; i < MANY; i++)
        start_verify(&outcomes[i], "p", NULL);
    for (int i = 0; i < MANY; i++)
        refused += outcomes[i].calls; /* those at once, as the loop did not turn */
    assert_in_range(refused, MANY - PASSWORD_ARGON_WAITING_MAX - 2 * 3,
                    MANY - PASSWORD_ARGON_WAITING_MAX);
    for (int i = 0; i < MANY; i++) {
        loop_until(&loop, outcomes[i].calls > 0);
        assert_int_equal(outcomes[i].calls, 1);
    }
    for (int i = 0; i < MANY; i++)
        refused -= outcomes[i].err == PR_ERR_LIMITED;
    assert_int_equal(refused, 0);
    assert_int_equal(outcomes[MANY - 1].err, PR_ERR_LIMITED); /* the latest, not the first */
    assert_int_equal(outcomes[0].err, PR_OK);
    assert_false(same("p", NULL)); /* room again */
}

struct beat {
    uv_timer_t timer;
    int64_t last_ns, worst_ns;
};

static void on_beat(uv_timer_t *timer)
{
    struct beat *beat = timer->data;
    int64_t now_ns = pr_monotonic_ns();
    if (now_ns - beat->last_ns > beat->worst_ns)
        beat->worst_ns = now_ns - beat->last_ns;
    beat->last_ns = now_ns;
}

static void the_loop_goes_on_turning_meanwhile(void **state)
{
    static struct outcome outcomes[PASSWORD_ARGON_WAITING_MAX];
    struct beat beat = {.last_ns = pr_monotonic_ns()};
    (void)state;
    memset(outcomes, 0, sizeof(outcomes));
    uv_timer_init(&loop, &beat.timer);
    beat.timer.data = &beat;
    uv_timer_start(&beat.timer, on_beat, 5, 5);
    int64_t before_ns = cpu_ns();
    for (int i = 0; i < PASSWORD_ARGON_WAITING_MAX; i++)
        start_hash(&outcomes[i], "p");
    for (int i = 0; i < PASSWORD_ARGON_WAITING_MAX; i++)
        loop_until(&loop, outcomes[i].calls > 0);
    int64_t took_ns = cpu_ns() - before_ns;
    uv_close((uv_handle_t *)&beat.timer, NULL);
    loop_turn(&loop);
    if (beat.worst_ns > took_ns / 8)
        fail_msg("a turn of the loop took %lld ms of %lld", (long long)(beat.worst_ns / 1000000),
                 (long long)(took_ns / 1000000));
}

static void what_was_handed_in_may_go_at_once(void **state)
{
    char password[] = "correct horse", hash[PASSWORD_HASH_TEXT];
    struct outcome made = {0}, compared = {0};
    (void)state;
    hasher->hash(hasher, pr_str(password), made.hash, (struct pr_done){ended, &made});
    memset(password, 'x', sizeof(password) - 1);
    wait_for(&made);
    memcpy(hash, made.hash, sizeof(hash));
    start_verify(&compared, "correct horse", hash);
    memset(hash, 'x', sizeof(hash) - 1);
    wait_for(&compared);
    assert_true(compared.same);
}

static void closing_waits_for_what_runs_and_fails_what_waits(void **state)
{
    struct outcome outcomes[10] = {0}, late = {0};
    bool closed = false;
    int done = 0;
    for (int i = 0; i < 10; i++)
        start_hash(&outcomes[i], "p");
    loop_until(&loop, outcomes[0].calls > 0); /* the threads are at work */
    password_argon_close(argon, loop_set_true, &closed);
    start_hash(&late, "p");
    assert_int_equal(late.err, PR_ERR_UNAVAILABLE);
    loop_until(&loop, closed);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_true(outcomes[i].err == PR_OK || outcomes[i].err == PR_ERR_UNAVAILABLE);
        done += outcomes[i].err == PR_OK;
    }
    assert_in_range(done, 1, 9);
    loop_close_clean(&loop);
    set_up(state); /* for the tear down */
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
    (void)signal;
    signals++;
}

/* Blocked here, a signal stays pending unless another thread would take it. */
static void signals_are_not_for_its_threads(void **state)
{
    sigset_t usr1, before, pending;
    struct outcome outcome = {0};
    (void)state;
    signal(SIGUSR1, on_signal);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    kill(getpid(), SIGUSR1);
    start_hash(&outcome, "p");
    wait_for(&outcome);
    assert_int_equal(signals, 0);
    sigpending(&pending);
    assert_true(sigismember(&pending, SIGUSR1));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(signals, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_known_again_and_no_other),
        TEST(a_hash_is_argon2id_with_a_salt_of_its_own),
        TEST(any_bytes_and_any_length_are_a_password),
        TEST(what_is_no_hash_is_an_error_or_nobodys),
        TEST(nobodys_password_takes_as_long_as_a_wrong_one),
        TEST(so_many_wait_and_no_more),
        TEST(the_loop_goes_on_turning_meanwhile),
        TEST(what_was_handed_in_may_go_at_once),
        TEST(closing_waits_for_what_runs_and_fails_what_waits),
        TEST(signals_are_not_for_its_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
