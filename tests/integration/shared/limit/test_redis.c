/* Two limiters, as two processes have them, and one Redis: what they let through together, what a
 * lease costs, and what holds while Redis is killed, frozen or restarted. */
#include "shared/base/alloc.h"
#include "shared/limit/limit.h"
#include "shared/redis/redis.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"
#include "tests/support/redis_server.h"

#include <signal.h>
#include <stdio.h>

/* A period so long that no token comes back while a test runs. */
#define LONG_MS INT64_C(86400000)
static const struct limit_rate hundred = {"hundred", 100, LONG_MS, 1};
static const struct limit_rate hundred_leased = {"hundred-leased", 100, LONG_MS, 10};

struct fixture {
    uv_loop_t loop;
    struct redis_server server;
    struct limiter *limiters[2];
    struct redis *redis; /* to ask it what it has done */
    int64_t number;
};

static void count(void *arg, enum pr_err err)
{
    assert_int_equal(err, PR_OK);
    ++*(int *)arg;
}

static bool take(struct fixture *f, int which, const struct limit_rate *rate)
{
    struct limit_verdict verdict;
    int calls = 0;
    limiter_take(f->limiters[which], rate, pr_str("k"), &verdict, (struct pr_done){count, &calls});
    loop_until(&f->loop, calls > 0);
    assert_int_equal(calls, 1);
    return verdict.allowed;
}

static int take_until_denied(struct fixture *f, int which, const struct limit_rate *rate)
{
    int taken = 0;
    while (take(f, which, rate))
        taken++;
    return taken;
}

struct question {
    bool answered;
    int64_t calls; /* -1: there was no answer */
};

static void on_calls(void *arg, const struct redis_answer *answer)
{
    struct question *question = arg;
    question->answered = true;
    question->calls = answer->kind == REDIS_NUMBERS ? answer->numbers[0] : -1;
}

/* How often the script ran, by its own count. */
static int64_t scripts_run(struct fixture *f)
{
    static const char stats[] =
        "local run = 0\n"
        "for _, name in ipairs({'eval', 'evalsha'}) do\n"
        "  local calls = redis.call('INFO', 'commandstats'):match('cmdstat_' .. name .. "
        "':calls=(%d+)')\n"
        "  run = run + (tonumber(calls) or 0)\n"
        "end\n"
        "return {run}\n";
    const struct pr_str args[] = {PR_STR("EVAL_RO"), pr_str(stats), PR_STR("0")};
    struct question question = {0};
    redis_command(f->redis, args, 3, on_calls, &question);
    loop_until(&f->loop, question.answered);
    assert_true(question.calls >= 0);
    return question.calls;
}

static bool redis_took(struct fixture *f, int which)
{
    static const struct limit_rate probe = {"probe", 1000000, 1000, 1};
    int64_t before = scripts_run(f);
    take(f, which, &probe);
    return scripts_run(f) > before;
}

/* Both limiters and the test itself are connected. */
static void wait_until_connected(struct fixture *f)
{
    loop_until(&f->loop, redis_ready(f->redis));
    loop_until(&f->loop, redis_took(f, 0));
    loop_until(&f->loop, redis_took(f, 1));
}

static int set_up(void **state)
{
    struct fixture *f = *state = PR_NEW(struct fixture);
    char url[64];
    logs_catch();
    assert_int_equal(uv_loop_init(&f->loop), 0);
    redis_server_init(&f->server);
    redis_server_start(&f->server, "sesame");
    snprintf(url, sizeof(url), "redis://:sesame@127.0.0.1:%d", f->server.port);
    for (int i = 0; i < 2; i++) {
        f->limiters[i] = limiter_create(
            &f->loop, &(struct limiter_options){.redis_url = url, .clock = &pr_clock_system});
        assert_non_null(f->limiters[i]);
    }
    f->redis = redis_create(&f->loop,
                            &(struct redis_options){.url = url, .use = "test", .timeout_ms = 5000});
    wait_until_connected(f);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    bool closed[3] = {false};
    limiter_close(f->limiters[0], loop_set_true, &closed[0]);
    limiter_close(f->limiters[1], loop_set_true, &closed[1]);
    redis_close(f->redis, loop_set_true, &closed[2]);
    loop_until(&f->loop, closed[0] && closed[1] && closed[2]);
    loop_close_clean(&f->loop);
    redis_server_kill(&f->server);
    free(f);
    logs_let_go();
    return 0;
}

static void what_one_takes_the_other_lacks(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 30; i++)
        assert_true(take(f, 0, &hundred));
    assert_int_equal(take_until_denied(f, 1, &hundred), 70);
    assert_false(take(f, 0, &hundred));
}

static void leases_of_both_are_no_more_than_the_rate(void **state)
{
    struct fixture *f = *state;
    int taken = 0;
    bool denied[2] = {false};
    while (!denied[0] || !denied[1]) {
        for (int i = 0; i < 2; i++) {
            bool allowed = take(f, i, &hundred_leased);
            taken += allowed;
            denied[i] = denied[i] || !allowed;
        }
    }
    assert_int_equal(taken, 100);
}

/* Both ask as fast as they can, a few at a time. */
static void over_refills_both_pass_the_rate_and_no_more(void **state)
{
    static const struct limit_rate rates[] = {{"steady", 40, 400, 1},
                                              {"steady-leased", 40, 400, 8}};
    struct fixture *f = *state;
    for (size_t r = 0; r < PR_COUNT(rates); r++) {
        int64_t start_ns = pr_monotonic_ns(), now_ns;
        int taken = 0;
        do {
            struct limit_verdict verdicts[2][4];
            int calls = 0;
            for (int i = 0; i < 8; i++)
                limiter_take(f->limiters[i % 2], &rates[r], pr_str("k"), &verdicts[i % 2][i / 2],
                             (struct pr_done){count, &calls});
            loop_until(&f->loop, calls == 8);
            for (int i = 0; i < 8; i++)
                taken += verdicts[i % 2][i / 2].allowed;
            now_ns = pr_monotonic_ns();
            assert_true(taken <= 40 + (now_ns - start_ns) / 1000000 / 10 + 1);
            loop_run_for(&f->loop, 1);
        } while (now_ns - start_ns < INT64_C(2000000000));
        int64_t due = 40 + (now_ns - start_ns) / 1000000 / 10;
        if (taken < due * 8 / 10)
            fail_msg("%s: only %d of %lld passed", rates[r].name, taken, (long long)due);
    }
}

static void a_lease_spares_round_trips(void **state)
{
    struct fixture *f = *state;
    int64_t before = scripts_run(f);
    for (int i = 0; i < 50; i++)
        assert_true(take(f, 0, &hundred_leased));
    assert_in_range(scripts_run(f) - before, 5, 6); /* one more when a second went by meanwhile */
    before = scripts_run(f);
    for (int i = 0; i < 50; i++)
        assert_true(take(f, 0, &hundred));
    assert_int_equal(scripts_run(f) - before, 50);
}

static void who_is_denied_costs_no_round_trip(void **state)
{
    struct fixture *f = *state;
    take_until_denied(f, 0, &hundred);
    int64_t before = scripts_run(f);
    for (int i = 0; i < 1000; i++)
        assert_false(take(f, 0, &hundred));
    assert_int_equal(scripts_run(f), before);
}

static void those_who_wait_for_one_key_share_a_round_trip(void **state)
{
    struct fixture *f = *state;
    struct limit_verdict verdicts[60];
    int calls = 0;
    int64_t before = scripts_run(f);
    for (int i = 0; i < 60; i++)
        limiter_take(f->limiters[0], &hundred, pr_str("k"), &verdicts[i],
                     (struct pr_done){count, &calls});
    assert_int_equal(calls, 0);
    loop_until(&f->loop, calls == 60);
    for (int i = 0; i < 60; i++)
        assert_true(verdicts[i].allowed);
    assert_int_equal(scripts_run(f) - before, 2); /* the first alone, then the rest */
    assert_int_equal(take_until_denied(f, 1, &hundred), 40);
}

/* Somebody who comes now and then does not burn a lease each time. */
static void what_was_not_spent_is_given_back(void **state)
{
    struct fixture *f = *state;
    assert_true(take(f, 0, &hundred_leased)); /* nine left */
    loop_run_for(&f->loop, 1100);
    assert_true(take(f, 0, &hundred_leased)); /* gives them back, and takes ten again */
    assert_int_equal(take_until_denied(f, 1, &hundred_leased), 89);
}

static void a_killed_redis_leaves_each_to_what_it_last_heard(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 60; i++)
        assert_true(take(f, 0, &hundred));
    redis_server_kill(&f->server);
    loop_until(&f->loop, logs_hold("Redis is away") && !redis_ready(f->redis));
    loop_run_for(&f->loop, 50);
    int64_t before_ns = pr_monotonic_ns();
    assert_int_equal(take_until_denied(f, 0, &hundred), 40);
    assert_int_equal(take_until_denied(f, 1, &hundred), 100);        /* it heard of none */
    assert_true(pr_monotonic_ns() - before_ns < INT64_C(200000000)); /* at once, each of them */

    redis_server_start(&f->server, "sesame"); /* which remembers nothing, nor the script */
    wait_until_connected(f);
    static const struct limit_rate fresh = {"fresh", 10, LONG_MS, 1};
    for (int i = 0; i < 5; i++)
        assert_true(take(f, 0, &fresh));
    assert_int_equal(take_until_denied(f, 1, &fresh), 5);
}

static void a_frozen_redis_costs_its_time_limit_once(void **state)
{
    struct fixture *f = *state;
    assert_true(take(f, 0, &hundred));
    redis_server_freeze(&f->server);
    int64_t before_ns = pr_monotonic_ns();
    assert_true(take(f, 0, &hundred));
    int64_t first_ns = pr_monotonic_ns() - before_ns;
    assert_true(first_ns >= INT64_C(95000000) && first_ns < INT64_C(1000000000));
    before_ns = pr_monotonic_ns();
    assert_int_equal(take_until_denied(f, 0, &hundred), 98);
    assert_true(pr_monotonic_ns() - before_ns < INT64_C(80000000));
    redis_server_thaw(&f->server);
    wait_until_connected(f);
}

static void all_who_wait_when_redis_dies_are_answered(void **state)
{
    struct fixture *f = *state;
    struct limit_verdict verdicts[150];
    int calls = 0, allowed = 0;
    redis_server_freeze(&f->server);
    for (int i = 0; i < 150; i++)
        limiter_take(f->limiters[0], i < 120 ? &hundred : &hundred_leased, pr_str("k"),
                     &verdicts[i], (struct pr_done){count, &calls});
    redis_server_kill(&f->server);
    loop_until(&f->loop, calls == 150);
    for (int i = 0; i < 120; i++)
        allowed += verdicts[i].allowed;
    assert_int_equal(allowed, 100);
    for (int i = 120; i < 150; i++)
        assert_true(verdicts[i].allowed);
}

struct closer {
    struct fixture *f;
    struct limit_verdict verdict;
    bool closed;
};

static void close_at_once(void *arg, enum pr_err err)
{
    struct closer *closer = arg;
    assert_int_equal(err, PR_OK);
    limiter_close(closer->f->limiters[0], loop_set_true, &closer->closed);
}

static void an_answer_may_close_the_limiter(void **state)
{
    struct fixture *f = *state;
    struct closer closer = {.f = f};
    struct limit_verdict verdict;
    int calls = 0;
    limiter_take(f->limiters[0], &hundred, pr_str("k"), &closer.verdict,
                 (struct pr_done){close_at_once, &closer});
    limiter_take(f->limiters[0], &hundred, pr_str("k"), &verdict, (struct pr_done){count, &calls});
    loop_until(&f->loop, closer.closed);
    assert_int_equal(calls, 1);
    assert_true(verdict.allowed);
    f->limiters[0] = limiter_create(
        &f->loop, &(struct limiter_options){.clock = &pr_clock_system}); /* for the tear down */
}

/* A Redis that answers nonsense is none: here, the key holds another type. */
static void a_refusal_is_decided_in_the_process(void **state)
{
    static const char spoil[] = "for _, key in ipairs(redis.call('KEYS', 'limit:hundred:*')) do\n"
                                "  redis.call('DEL', key)\n"
                                "  redis.call('LPUSH', key, 'x')\n"
                                "end\n"
                                "return {1}\n";
    const struct pr_str args[] = {PR_STR("EVAL"), pr_str(spoil), PR_STR("0")};
    struct fixture *f = *state;
    struct question question = {0};
    assert_true(take(f, 0, &hundred));
    redis_command(f->redis, args, 3, on_calls, &question);
    loop_until(&f->loop, question.answered);
    assert_int_equal(question.calls, 1);
    assert_int_equal(take_until_denied(f, 0, &hundred), 99);
    assert_true(logs_hold("WRONGTYPE"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_one_takes_the_other_lacks),
        TEST(leases_of_both_are_no_more_than_the_rate),
        TEST(over_refills_both_pass_the_rate_and_no_more),
        TEST(a_lease_spares_round_trips),
        TEST(who_is_denied_costs_no_round_trip),
        TEST(those_who_wait_for_one_key_share_a_round_trip),
        TEST(what_was_not_spent_is_given_back),
        TEST(a_killed_redis_leaves_each_to_what_it_last_heard),
        TEST(a_frozen_redis_costs_its_time_limit_once),
        TEST(all_who_wait_when_redis_dies_are_answered),
        TEST(an_answer_may_close_the_limiter),
        TEST(a_refusal_is_decided_in_the_process),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
