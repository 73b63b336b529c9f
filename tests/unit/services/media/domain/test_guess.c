#include "services/media/domain/guess.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#define NOW_MS INT64_C(1795248000000)
#define MINUTE_MS INT64_C(60000)

static int64_t delay_s(const struct guess *guess)
{
    return (guess->blocked_until_ms - guess->at_ms) / 1000;
}

/* The delay after the n-th failure, all at once. */
static void test_the_delays(void **state)
{
    static const struct {
        int failures;
        int64_t client_s, event_s;
    } table[] = {
        {1, 0, 0},     {20, 0, 0},    {21, 2, 0},    {22, 4, 0},    {23, 8, 0},     {24, 16, 0},
        {25, 32, 0},   {26, 64, 0},   {27, 128, 0},  {28, 256, 0},  {29, 300, 0},   {50, 300, 0},
        {100, 300, 0}, {101, 300, 2}, {102, 300, 4}, {103, 300, 8}, {104, 300, 10}, {1000, 300, 10},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(table); i++) {
        struct guess client = {0}, event = {0};
        for (int n = 0; n < table[i].failures; n++) {
            guess_fail(&client, &guess_client, NOW_MS);
            guess_fail(&event, &guess_event, NOW_MS);
        }
        assert_in_range(delay_s(&client) + 1, table[i].client_s, table[i].client_s + 1);
        assert_in_range(delay_s(&event) + 1, table[i].event_s, table[i].event_s + 1);
    }
}

static void test_one_leaks_a_minute(void **state)
{
    struct guess guess = {0};
    (void)state;
    for (int n = 0; n < 10; n++)
        guess_fail(&guess, &guess_client, NOW_MS);
    guess_fail(&guess, &guess_client, NOW_MS + 4 * MINUTE_MS);
    assert_true(guess.failures == 7);
    guess_fail(&guess, &guess_client, NOW_MS + 4 * MINUTE_MS + MINUTE_MS / 2);
    assert_true(guess.failures == 7.5);
    guess_fail(&guess, &guess_client, NOW_MS + 60 * MINUTE_MS);
    assert_true(guess.failures == 1);
    guess_fail(&guess, &guess_client, NOW_MS); /* a clock that went back: nothing leaks */
    assert_true(guess.failures == 2);
}

/* Whoever guesses on and on, each time as soon as he may. */
static int64_t tries_in(const struct guess_rule *rule, int64_t span_ms)
{
    struct guess guess = {0};
    int64_t now_ms = NOW_MS, tries = 0;
    while (now_ms < NOW_MS + span_ms) {
        guess_fail(&guess, rule, now_ms);
        tries++;
        now_ms = guess.blocked_until_ms > now_ms ? guess.blocked_until_ms : now_ms + 1;
    }
    return tries;
}

/* The numbers of the README. */
static void test_what_that_makes_of_a_day(void **state)
{
    (void)state;
    assert_in_range(tries_in(&guess_client, 1440 * MINUTE_MS), 1440, 1470);
    assert_in_range(tries_in(&guess_event, 1440 * MINUTE_MS), 8640, 8760);
}

static void test_a_long_attack_is_forgotten_as_soon_as_a_short_one(void **state)
{
    struct guess guess = {0};
    (void)state;
    for (int n = 0; n < 100000; n++)
        guess_fail(&guess, &guess_event, NOW_MS);
    guess_fail(&guess, &guess_event, NOW_MS + 5 * MINUTE_MS);
    assert_int_equal(delay_s(&guess), 0);
    assert_true(guess.failures * (double)MINUTE_MS < (double)GUESS_FORGOTTEN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_delays),
        cmocka_unit_test(test_one_leaks_a_minute),
        cmocka_unit_test(test_what_that_makes_of_a_day),
        cmocka_unit_test(test_a_long_attack_is_forgotten_as_soon_as_a_short_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
