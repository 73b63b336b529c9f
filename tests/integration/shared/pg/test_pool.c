/* The pool against a real server that does what it is asked. */
#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"

static enum pr_err read_int(void *arg, const struct pg_result *result)
{
    assert_int_equal(pg_count(result), 1);
    *(int64_t *)arg = pg_int(result, 0, 0);
    return PR_OK;
}

static void test_many_at_once(void **state)
{
    static const struct pg_stmt double_stmt = {"double", "select $1 * 2"};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    int64_t answers[1000] = {0};
    fixture_pool(f, NULL, 4, 5000);
    for (int i = 0; i < 1000; i++) {
        struct pg_query *query = pg_query_new(f->pg);
        pg_query_add(query, &double_stmt);
        pg_bind_int(query, i);
        pg_query_rows(query, read_int, &answers[i]);
        pg_query_run(query, outcome_done(&outcome));
    }
    fixture_until(f, outcome.ended == 1000);
    assert_int_equal(outcome.ok, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(answers[i], 2 * i);
}

/* Big parameters and big results, so that both directions fill up. */
static void test_large_values(void **state)
{
    static const struct pg_stmt length_stmt = {"length", "select length($1), repeat('x', 3000000)"};
    static char big[3000000];
    struct fixture *f = *state;
    struct outcome outcome = {0};
    int64_t answers[20] = {0};
    fixture_pool(f, NULL, 2, 10000);
    memset(big, 'a', sizeof big);
    for (int i = 0; i < 20; i++) {
        struct pg_query *query = pg_query_new(f->pg);
        pg_query_add(query, &length_stmt);
        pg_bind_text(query, pr_str_n(big, sizeof big));
        pg_query_rows(query, read_int, &answers[i]);
        pg_query_run(query, outcome_done(&outcome));
    }
    fixture_until(f, outcome.ended == 20);
    assert_int_equal(outcome.ok, 20);
    assert_int_equal(answers[19], sizeof big);
}

static void test_parameters_too_large(void **state)
{
    static const struct pg_stmt length_stmt = {"length", "select length($1)"};
    static char big[(8 << 20) + 1];
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &length_stmt);
    pg_bind_bytes(query, pr_str_n(big, sizeof big));
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_ERR_INTERNAL);
}

static struct pg_query *two(struct fixture *f, int64_t first, int64_t second)
{
    static const struct pg_stmt add_stmt = {"add", "insert into number (n) values ($1)"};
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &add_stmt);
    pg_bind_int(query, first);
    pg_query_add(query, &add_stmt);
    pg_bind_int(query, second);
    return query;
}

static enum pr_err fail_test(void *arg, const struct pg_result *result)
{
    (void)arg, (void)result;
    fail_msg("rows of what was undone were read");
    return PR_OK;
}

static void test_batch_is_atomic(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_exec(f, "create table number (n int8 primary key)");
    fixture_pool(f, NULL, 1, 5000);
    /* Others of the same connection, before and after, are not touched. */
    pg_query_run(two(f, 1, 2), outcome_done(&outcome));
    struct pg_query *query = two(f, 3, 1);
    pg_query_rows(query, fail_test, NULL);
    pg_query_run(query, outcome_done(&outcome));
    pg_query_run(two(f, 4, 5), outcome_done(&outcome));
    fixture_until(f, outcome.ended == 3);
    assert_int_equal(outcome.ok, 2);
    assert_int_equal(fixture_int(f, "select count(*) from number"), 4);
    assert_int_equal(fixture_int(f, "select count(*) from number where n = 3"), 0);
}

static void test_unique_violation(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_exec(f, "create table number (n int8 primary key)");
    fixture_pool(f, NULL, 1, 5000);
    pg_query_run(two(f, 7, 7), outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_ERR_CONFLICT);
}

/* A constraint that is looked at only when the transaction commits. */
static void test_error_at_commit(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_exec(f, "create table number (n int8 unique deferrable initially deferred)");
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = two(f, 7, 7);
    pg_query_rows(query, fail_test, NULL);
    pg_query_run(query, outcome_done(&outcome));
    pg_query_run(two(f, 8, 9), outcome_done(&outcome));
    fixture_until(f, outcome.ended == 2);
    assert_int_equal(outcome.ok, 1);
    assert_int_equal(fixture_int(f, "select sum(n) from number"), 17);
}

static void test_refused(void **state)
{
    static const struct pg_stmt zero_stmt = {"zero", "select 1 / 0"};
    static const struct pg_stmt check_stmt = {"check", "insert into number values (-1)"};
    struct fixture *f = *state;
    fixture_exec(f, "create table number (n int8 check (n > 0))");
    fixture_pool(f, NULL, 1, 5000);
    assert_int_equal(fixture_query(f, &zero_stmt), PR_ERR_INTERNAL);
    assert_int_equal(fixture_query(f, &check_stmt), PR_ERR_INTERNAL);
}

/* A statement that could not be prepared is prepared again the next time. */
static void test_failed_prepare(void **state)
{
    static const struct pg_stmt late_stmt = {"late", "select * from late"};
    struct fixture *f = *state;
    fixture_pool(f, NULL, 1, 5000);
    assert_int_equal(fixture_query(f, &late_stmt), PR_ERR_INTERNAL);
    fixture_exec(f, "create table late (n int)");
    assert_int_equal(fixture_query(f, &late_stmt), PR_OK);
}

/* A first statement that fails must not take the preparing of the second with it. */
static void test_prepare_outlives_failure(void **state)
{
    static const struct pg_stmt zero_stmt = {"zero", "select 1 / 0"};
    static const struct pg_stmt fine_stmt = {"fine", "select 1"};
    struct fixture *f = *state;
    struct outcome bad = {0}, good = {0};
    fixture_pool(f, NULL, 1, 5000);
    for (int i = 0; i < 3; i++) {
        struct pg_query *query = pg_query_new(f->pg);
        pg_query_add(query, &zero_stmt);
        pg_query_add(query, &fine_stmt);
        pg_query_run(query, outcome_done(&bad));
        query = pg_query_new(f->pg);
        pg_query_add(query, &fine_stmt);
        pg_query_run(query, outcome_done(&good));
    }
    fixture_until(f, bad.ended == 3 && good.ended == 3);
    assert_int_equal(bad.ok, 0);
    assert_int_equal(good.ok, 3);
}

/* A migration changed what a prepared statement returns, or the server forgot it, under many
 * queries. */
static void test_stale_statements(void **state)
{
    static const struct pg_stmt all_stmt = {"all", "select * from thing"};
    static const char *const disturb[] = {"alter table thing add column b int",
                                          "alter table thing drop column b"};
    static const struct pg_stmt forget_stmt = {"forget", "deallocate all"};
    struct fixture *f = *state;
    fixture_exec(f, "create table thing (a int)");
    fixture_pool(f, NULL, 3, 5000);
    for (unsigned round = 0; round < 4; round++) {
        struct outcome outcome = {0};
        if (round < 2)
            fixture_exec(f, disturb[round]);
        else
            assert_int_equal(fixture_query(f, &forget_stmt), PR_OK);
        for (int i = 0; i < 60; i++) {
            struct pg_query *query = pg_query_new(f->pg);
            pg_query_add(query, &all_stmt);
            pg_query_run(query, outcome_done(&outcome));
        }
        fixture_until(f, outcome.ended == 60);
        assert_int_equal(outcome.ok, 60);
    }
}

static enum pr_err refuse(void *arg, const struct pg_result *result)
{
    (void)arg, (void)result;
    return PR_ERR_DECODE;
}

/* What is the server's trouble, or a moment's, is no verdict over the query. */
static void test_trouble_is_temporary(void **state)
{
    static const struct pg_stmt raise_stmt = {"raise", "select raise_state($1)"};
    static const struct {
        const char *state;
        enum pr_err err;
    } cases[] = {
        {"53100", PR_ERR_UNAVAILABLE}, /* disk_full */
        {"57P03", PR_ERR_UNAVAILABLE}, /* cannot_connect_now */
        {"58030", PR_ERR_UNAVAILABLE}, /* io_error */
        {"25006", PR_ERR_UNAVAILABLE}, /* read_only_sql_transaction */
        {"40P01", PR_ERR_UNAVAILABLE}, /* deadlock_detected, again and again */
        {"55P03", PR_ERR_TIMEOUT},     /* lock_not_available */
        {"23P01", PR_ERR_CONFLICT},    /* exclusion_violation */
        {"22012", PR_ERR_INTERNAL},    /* division_by_zero */
    };
    struct fixture *f = *state;
    fixture_exec(f, "create function raise_state(state text) returns int language plpgsql as "
                    "$$ begin raise exception 'test' using errcode = state; end $$");
    fixture_pool(f, NULL, 1, 5000);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct outcome outcome = {0};
        struct pg_query *query = pg_query_new(f->pg);
        pg_query_add(query, &raise_stmt);
        pg_bind_text(query, pr_str(cases[i].state));
        pg_query_run(query, outcome_done(&outcome));
        fixture_until(f, outcome.ended);
        assert_string_equal(pr_err_name(outcome.err), pr_err_name(cases[i].err));
    }
}

static void test_rows_error_ends_query(void **state)
{
    static const struct pg_stmt one_stmt = {"one", "select 1"};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &one_stmt);
    pg_query_rows(query, refuse, NULL);
    pg_query_add(query, &one_stmt);
    pg_query_rows(query, fail_test, NULL);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_ERR_DECODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_many_at_once),
        FIXTURE_TEST(test_large_values),
        FIXTURE_TEST(test_parameters_too_large),
        FIXTURE_TEST(test_batch_is_atomic),
        FIXTURE_TEST(test_unique_violation),
        FIXTURE_TEST(test_error_at_commit),
        FIXTURE_TEST(test_refused),
        FIXTURE_TEST(test_trouble_is_temporary),
        FIXTURE_TEST(test_failed_prepare),
        FIXTURE_TEST(test_prepare_outlives_failure),
        FIXTURE_TEST(test_stale_statements),
        FIXTURE_TEST(test_rows_error_ends_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
