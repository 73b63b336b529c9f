/* Every kind of value there and back, as Postgres understands it and as the caller gave it. */
#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/time.h"

static const struct pr_uuid id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static enum pr_err read_values(void *arg, const struct pg_result *result)
{
    static const char bytes[] = {0, 1, 'a', (char)0xff, 0};
    struct pr_uuid got = pg_uuid(result, 0, 0);
    assert_int_equal(pg_count(result), 1);
    assert_true(pr_uuid_eq(&got, &id));
    assert_true(pr_str_is(pg_text(result, 0, 1), "ünï\ncode"));
    assert_true(pr_str_eq(pg_bytes(result, 0, 2), pr_str_n(bytes, sizeof bytes)));
    assert_int_equal(pg_int(result, 0, 3), INT64_MIN);
    assert_true(pg_bool(result, 0, 4));
    assert_int_equal(pg_time_ms(result, 0, 5), INT64_C(1795246200123));
    assert_true(pr_str_is(pg_text(result, 0, 6),
                          "01020304-0506-0708-090a-0b0c0d0e0f10 2026-11-21 07:30:00.123"));
    *(bool *)arg = true;
    return PR_OK;
}

static void test_round_trip(void **state)
{
    static const char bytes[] = {0, 1, 'a', (char)0xff, 0};
    static const struct pg_stmt echo_stmt = {
        "echo",
        "select $1, $2, $3, $4, $5, $6, $1::text || ' ' ||"
        " to_char($6 at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')",
    };
    struct fixture *f = *state;
    struct outcome outcome = {0};
    bool read = false;
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &echo_stmt);
    pg_bind_uuid(query, &id);
    pg_bind_text(query, pr_str("ünï\ncode"));
    pg_bind_bytes(query, pr_str_n(bytes, sizeof bytes));
    pg_bind_int(query, INT64_MIN);
    pg_bind_bool(query, true);
    pg_bind_time(query, INT64_C(1795246200123));
    pg_query_rows(query, read_values, &read);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_OK);
    assert_true(read);
}

static enum pr_err read_arrays(void *arg, const struct pg_result *result)
{
    assert_true(pr_str_is(pg_text(result, 0, 0), "{01020304-0506-0708-090a-0b0c0d0e0f10,"
                                                 "00000000-0000-0000-0000-000000000000}"));
    assert_true(pr_str_is(pg_text(result, 0, 1), "{}"));
    assert_true(pg_is_null(result, 0, 2));
    assert_true(pg_bool(result, 0, 3));
    *(bool *)arg = true;
    return PR_OK;
}

static void test_arrays_of_ids(void **state)
{
    static const struct pg_stmt arrays_stmt = {
        "arrays", "select $1::text, $2::text, $3::text, $1[1] = any ($1) and not $1[1] = any ($2)"};
    const struct pr_uuid ids[] = {id, {{0}}};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    bool read = false;
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &arrays_stmt);
    pg_bind_uuids(query, ids, 2);
    pg_bind_uuids(query, ids, 0);
    pg_bind_uuids(query, NULL, 0);
    pg_query_rows(query, read_arrays, &read);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_OK);
    assert_true(read);
}

static enum pr_err read_nulls(void *arg, const struct pg_result *result)
{
    for (int column = 0; column < 3; column++)
        assert_true(pg_is_null(result, 0, column));
    assert_false(pg_is_null(result, 0, 3));
    assert_int_equal(pg_text(result, 0, 3).n, 0);
    assert_int_equal(pg_bytes(result, 0, 4).n, 0);
    *(bool *)arg = true;
    return PR_OK;
}

static void test_null_is_not_empty(void **state)
{
    static const struct pg_stmt echo_stmt = {"echo", "select $1, $2, $3, $4, $5"};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    bool read = false;
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &echo_stmt);
    pg_bind_uuid(query, NULL);
    pg_bind_text(query, pr_str(NULL));
    pg_bind_bytes(query, pr_str(NULL));
    pg_bind_text(query, pr_str(""));
    pg_bind_bytes(query, pr_str(""));
    pg_query_rows(query, read_nulls, &read);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_OK);
    assert_true(read);
}

static enum pr_err read_kinds(void *arg, const struct pg_result *result)
{
    assert_int_equal(pg_int(result, 0, 0), -2);
    assert_int_equal(pg_int(result, 0, 1), -100000);
    assert_true(pr_str_is(pg_text(result, 0, 2), "abc"));
    assert_int_equal(pg_time_ms(result, 0, 3), -1); /* before both epochs, rounded down */
    assert_true(pr_str_is(pg_text(result, 0, 4), "{\"a\": 1}"));
    assert_int_equal(pg_int(result, 0, 5), 7);
    assert_int_equal(pg_int(result, 0, 6), 3);
    *(bool *)arg = true;
    return PR_OK;
}

/* Other types of column, and parameters cast in SQL. */
static void test_other_types(void **state)
{
    static const struct pg_stmt kinds_stmt = {
        "kinds",
        "select (-2)::int2, (-100000)::int4, 'abc'::varchar, '1969-12-31 "
        "23:59:59.9995Z'::timestamptz,"
        " ($1::jsonb)::text, $2::int4, array_length($3::int8[], 1)",
    };
    struct fixture *f = *state;
    struct outcome outcome = {0};
    bool read = false;
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &kinds_stmt);
    pg_bind_text(query, pr_str("{\"a\":1}"));
    pg_bind_int(query, 7);
    pg_bind_text(query, pr_str("{1,2,3}"));
    pg_query_rows(query, read_kinds, &read);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_OK);
    assert_true(read);
}

static enum pr_err read_affected(void *arg, const struct pg_result *result)
{
    *(size_t *)arg = pg_affected(result);
    return PR_OK;
}

static void test_affected(void **state)
{
    static const struct pg_stmt insert_stmt = {"insert",
                                               "insert into number select generate_series(1, $1)"};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    size_t affected = 0;
    fixture_exec(f, "create table number (n int8)");
    fixture_pool(f, NULL, 1, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &insert_stmt);
    pg_bind_int(query, 12);
    pg_query_rows(query, read_affected, &affected);
    pg_query_run(query, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(affected, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_round_trip),        FIXTURE_TEST(test_arrays_of_ids),
        FIXTURE_TEST(test_null_is_not_empty), FIXTURE_TEST(test_other_types),
        FIXTURE_TEST(test_affected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
