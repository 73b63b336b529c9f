/* What the tables of messaging need no longer goes, however much it is; the rest stays. */
#include "shared/kafka/retention.h"

#include "shared/base/time.h"
#include "tests/integration/shared/pg/fixture.h"

static int setup(void **state)
{
    fixture_setup(state);
    fixture_migrate(*state);
    fixture_pool(*state, NULL, 1, 5000);
    return 0;
}

static void purge(struct fixture *f)
{
    struct outcome outcome = {0};
    retention_purge(f->pg, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_OK);
}

static void test_sent_messages_stay_three_days(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "insert into outbox (event_id, topic, key, type, subject, body, sent_at) "
                    "select gen_random_uuid(), 't', 'k', 'type', 's', 'body', at "
                    "from unnest(array[now() - interval '71 hours', null, "
                    "now() - interval '73 hours']) at, generate_series(1, 1500)");
    fixture_exec(f, "update outbox set created_at = now() - interval '30 days'");
    purge(f);
    assert_int_equal(fixture_int(f, "select count(*) from outbox where sent_at is null"), 1500);
    assert_int_equal(fixture_int(f, "select count(*) from outbox where sent_at is not null"), 1500);
}

static void test_received_messages_stay_two_weeks(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "insert into inbox (event_id, topic, partition, message_offset, received_at) "
                    "select gen_random_uuid(), 't', 0, 1, now() - days * interval '1 day' "
                    "from unnest(array[13, 15]) days, generate_series(1, 1500)");
    purge(f);
    assert_int_equal(fixture_int(f, "select count(*) from inbox"), 1500);
}

static void test_idempotency_keys_stay_a_day(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f,
                 "insert into idempotency (account, key_hash, request_hash, subject, created_at) "
                 "select gen_random_uuid(), sha256('k'), sha256('r'), gen_random_uuid(), "
                 "now() - hours * interval '1 hour' "
                 "from unnest(array[23, 25]) hours, generate_series(1, 1500)");
    purge(f);
    assert_int_equal(fixture_int(f, "select count(*) from idempotency"), 1500);
    assert_int_equal(fixture_int(f, "select count(*) from idempotency "
                                    "where created_at < now() - interval '24 hours'"),
                     0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sent_messages_stay_three_days),
        TEST(test_received_messages_stay_two_weeks),
        TEST(test_idempotency_keys_stay_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
