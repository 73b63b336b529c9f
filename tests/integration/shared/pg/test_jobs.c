/* Jobs on a real server: each effect once, whatever happens to those who work. */
#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/pg/jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a worker does with a job. */
enum plan {
    SUCCEED,   /* the effect and job_finish in one statement */
    HOLD,      /* nothing, until somebody calls worker_go_on */
    FAIL_SOON, /* a temporary error; but an exhausted job succeeds */
    FAIL_FOR_EVER,
    FIND_NOBODY,    /* what the job needs is away */
    ANSWER_AT_ONCE, /* done(PR_OK) inside run, without an effect */
};

#define HELD_MAX 16

struct worker {
    struct fixture *f;
    struct pg *pg;
    struct jobs *jobs;
    enum plan plan;
    unsigned started, finished, refused;
    struct job last;
    char order[256]; /* the args of what was run, one after the other */
    struct held {
        const struct job *job;
        struct pr_done done;
    } held[HELD_MAX];
    unsigned n_held;
    bool closed;
};

struct effect {
    struct worker *worker;
    struct pr_done done;
    bool mine;
};

static enum pr_err read_mine(void *arg, const struct pg_result *result)
{
    ((struct effect *)arg)->mine = pg_bool(result, 0, 0);
    return PR_OK;
}

static void effect_done(void *arg, enum pr_err err)
{
    struct effect *effect = arg;
    struct pr_done done = effect->done;
    if (!err) {
        effect->worker->finished += effect->mine;
        effect->worker->refused += !effect->mine;
    }
    free(effect);
    pr_done_call(done, err);
}

/* The effect is a row; whoever lost the lease writes none. */
static void succeed(struct worker *worker, const struct job *job, struct pr_done done)
{
    static const struct pg_stmt effect_stmt = {
        "effect",
        "with f as (select job_finish($1, $2) as mine),"
        " e as (insert into effect (job, attempt) select $1, $3 from f where mine)"
        " select mine from f",
    };
    struct effect *effect = PR_NEW(struct effect);
    *effect = (struct effect){worker, done, false};
    struct pg_query *query = pg_query_new(worker->pg);
    pg_query_add(query, &effect_stmt);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_bind_int(query, job->attempts);
    pg_query_rows(query, read_mine, effect);
    pg_query_run(query, (struct pr_done){effect_done, effect});
}

static void run(void *arg, const struct job *job, struct pr_done done)
{
    struct worker *worker = arg;
    size_t n = strlen(worker->order);
    worker->started++;
    worker->last = *job;
    snprintf(worker->order + n, sizeof worker->order - n, PR_STR_FMT, PR_STR_ARG(job->args));
    if (worker->plan == SUCCEED || (worker->plan == FAIL_SOON && job->exhausted)) {
        succeed(worker, job, done);
    } else if (worker->plan == HOLD) {
        assert_true(worker->n_held < HELD_MAX);
        worker->held[worker->n_held++] = (struct held){job, done};
    } else {
        static const enum pr_err answers[] = {[FAIL_SOON] = PR_ERR_UPSTREAM,
                                              [FAIL_FOR_EVER] = PR_ERR_DECODE,
                                              [FIND_NOBODY] = PR_ERR_UNAVAILABLE,
                                              [ANSWER_AT_ONCE] = PR_OK};
        pr_done_call(done, answers[worker->plan]);
    }
}

static void worker_go_on(struct worker *worker)
{
    for (unsigned i = 0; i < worker->n_held; i++)
        succeed(worker, worker->held[i].job, worker->held[i].done);
    worker->n_held = 0;
}

static void worker_start_polling(struct worker *worker, struct fixture *f, enum plan plan,
                                 unsigned slots, int64_t lease_ms, int64_t poll_ms)
{
    const struct jobs_options options = {
        .kind = "render",
        .slots = slots,
        .lease_ms = lease_ms,
        .poll_ms = poll_ms,
        .backoff_ms = 20,
        .backoff_max_ms = 100,
        .run = run,
        .arg = worker,
    };
    const struct pg_options pool = {.url = f->url,
                                    .app_name = "worker",
                                    .connections = 1,
                                    .max_waiting = 100,
                                    .deadline_ms = 5000};
    *worker = (struct worker){.f = f, .plan = plan};
    worker->pg = pg_create(&f->loop, &pool);
    worker->jobs = jobs_create(&f->loop, worker->pg, &options);
}

static void worker_start(struct worker *worker, struct fixture *f, enum plan plan, unsigned slots,
                         int64_t lease_ms)
{
    worker_start_polling(worker, f, plan, slots, lease_ms, 100);
}

static void set_closed(void *arg)
{
    ((struct worker *)arg)->closed = true;
}

static void worker_stop(struct worker *worker)
{
    jobs_close(worker->jobs, set_closed, worker);
    fixture_until(worker->f, worker->closed);
    worker->closed = false;
    pg_close(worker->pg, set_closed, worker);
    fixture_until(worker->f, worker->closed);
}

static int setup(void **state)
{
    fixture_setup(state);
    fixture_migrate(*state);
    fixture_exec(*state, "create table effect (job int8, attempt int8)");
    return 0;
}

/* n jobs of one account, named by a letter and a digit. */
static void add(struct fixture *f, char account, int n, int max_attempts)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "select job_add('render', '%c' || i, gen_random_uuid(),"
        " ('00000000-0000-0000-0000-00000000000%c')::uuid, 0, '%c', %d,"
        " '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') from generate_series(1, %d) i",
        account, account, account, max_attempts, n);
    fixture_exec(f, sql);
}

static long in_state(struct fixture *f, const char *state)
{
    char sql[128];
    snprintf(sql, sizeof sql, "select count(*) from job where state = '%s'", state);
    return fixture_int(f, sql);
}

static void test_once_among_four(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[4];
    add(f, 'a', 300, 3);
    for (int i = 0; i < 4; i++)
        worker_start(&workers[i], f, SUCCEED, 5, 10000);
    fixture_until(f, in_state(f, "done") == 300);
    for (int i = 0; i < 4; i++) {
        assert_true(workers[i].finished > 0);
        assert_int_equal(workers[i].refused, 0);
        worker_stop(&workers[i]);
    }
    assert_int_equal(fixture_int(f, "select count(*) from effect"), 300);
    assert_int_equal(fixture_int(f, "select count(distinct job) from effect"), 300);
    assert_int_equal(fixture_int(f, "select max(attempts) from job"), 1);
}

static void test_order(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 5, 3);
    add(f, 'b', 2, 3);
    fixture_exec(f, "select job_add('render', 'u', null, null, 9, 'U', 3, null)");
    worker_start(&worker, f, SUCCEED, 1, 10000);
    fixture_until(f, worker.finished == 8);
    assert_string_equal(worker.order, "Uababaaa");
    worker_stop(&worker);
}

static void test_run_at(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    fixture_exec(f, "select job_add('render', 'late', null, null, 0, 'L', 3, null,"
                    " now() + interval '2 seconds')");
    fixture_exec(f, "select job_add('render', 'now', null, null, 0, 'N', 3, null)");
    worker_start(&worker, f, SUCCEED, 1, 10000);
    fixture_until(f, worker.finished == 2);
    assert_string_equal(worker.order, "NL");
    assert_int_equal(fixture_int(f, "select count(*) from job where finished_at < run_at"), 0);
    worker_stop(&worker);
}

/* It looks once a minute, and is done at once. */
static void test_poke(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    worker_start_polling(&worker, f, SUCCEED, 2, 10000, 60000);
    fixture_until(f, pg_ready(worker.pg) && jobs_idle(worker.jobs));
    add(f, 'a', 20, 3);
    for (int i = 0; i < 100; i++)
        jobs_poke(worker.jobs);
    fixture_until(f, worker.finished == 20);
    worker_stop(&worker);
}

static void test_context_follows_the_cause(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 3);
    worker_start(&worker, f, SUCCEED, 1, 10000);
    fixture_until(f, worker.finished == 1);
    assert_string_equal(worker.last.context.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_int_equal(strlen(worker.last.context.span_id), 16);
    assert_string_equal(worker.last.context.usecase, "render");
    worker_stop(&worker);
}

/* Fails until it is exhausted, then is concluded. */
static void test_backoff_and_exhausted(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 3);
    worker_start(&worker, f, FAIL_SOON, 1, 10000);
    fixture_until(f, worker.finished == 1);
    assert_int_equal(worker.started, 4);
    assert_true(worker.last.exhausted);
    assert_int_equal(fixture_int(f, "select attempts from job where last_error = 'bad answer from"
                                    " upstream' and state = 'done'"),
                     4);
    worker_stop(&worker);
}

/* An outage, however long, uses up no attempts. */
static void test_outage_counts_no_attempt(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 2);
    worker_start(&worker, f, FIND_NOBODY, 1, 10000);
    fixture_until(f, worker.started == 6);
    assert_false(worker.last.exhausted);
    worker.plan = SUCCEED;
    fixture_until(f, worker.finished == 1);
    assert_int_equal(worker.last.attempts, 1);
    worker_stop(&worker);
}

static void test_permanent_error_is_dead(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 3);
    worker_start(&worker, f, FAIL_FOR_EVER, 1, 10000);
    fixture_until(f, in_state(f, "dead") == 1);
    assert_int_equal(worker.started, 1);
    assert_int_equal(fixture_int(f,
                                 "select count(*) from job where last_error = 'cannot be decoded'"
                                 " and finished_at is not null"),
                     1);
    /* The operator's line. */
    worker.plan = SUCCEED;
    fixture_exec(f,
                 "update job set state = 'ready', run_at = now(), attempts = 0, finished_at = null"
                 " where state = 'dead'");
    fixture_until(f, worker.finished == 1);
    worker_stop(&worker);
}

/* Done at once, but without job_finish: the job comes back when its lease ends. */
static void test_answer_at_once(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 5, 3);
    worker_start(&worker, f, ANSWER_AT_ONCE, 1, 60000);
    fixture_until(f, worker.started == 5);
    worker.plan = SUCCEED;
    fixture_exec(f, "update job set lease_until = now()");
    fixture_until(f, worker.finished == 5);
    assert_int_equal(fixture_int(f, "select count(*) from effect where attempt = 2"), 5);
    worker_stop(&worker);
}

static void test_renewal(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 3, 3);
    worker_start(&worker, f, HOLD, 3, 3000);
    fixture_until(f, worker.n_held == 3);
    fixture_exec(f, "create table before as select id, lease_until from job");
    fixture_until(f, fixture_int(f, "select count(*) from job join before using (id)"
                                    " where job.lease_until > before.lease_until") == 3);
    worker_go_on(&worker);
    fixture_until(f, worker.finished == 3);
    worker_stop(&worker);
}

/* The process ends, whatever runs: another takes the job up at once, and no attempt is lost. */
static void test_give_back(void **state)
{
    struct fixture *f = *state;
    static struct worker leaver, other;
    add(f, 'a', 1, 3);
    worker_start(&leaver, f, HOLD, 1, 60000);
    fixture_until(f, leaver.n_held == 1);
    jobs_give_back(leaver.jobs);
    fixture_until(f, in_state(f, "ready") == 1);
    worker_start(&other, f, SUCCEED, 1, 60000);
    fixture_until(f, other.finished == 1);
    assert_int_equal(other.last.attempts, 1);
    worker_go_on(&leaver);
    fixture_until(f, leaver.refused == 1);
    worker_stop(&leaver);
    worker_stop(&other);
    assert_int_equal(fixture_int(f, "select count(*) from effect"), 1);
}

/* Its lease ended (it slept too long): another does the work, and the zombie may change nothing. */
static void test_zombie_is_fenced(void **state)
{
    struct fixture *f = *state;
    static struct worker zombie, other;
    add(f, 'a', 1, 3);
    worker_start(&zombie, f, HOLD, 1, 60000);
    fixture_until(f, zombie.n_held == 1);
    fixture_exec(f, "update job set lease_until = now() - interval '1 second'");
    worker_start(&other, f, SUCCEED, 1, 60000);
    fixture_until(f, other.finished == 1);
    worker_go_on(&zombie);
    fixture_until(f, zombie.refused == 1);
    assert_int_equal(zombie.finished, 0);
    assert_int_equal(fixture_int(f, "select count(*) from effect"), 1);
    assert_int_equal(fixture_int(f, "select attempt from effect"), 2);
    worker_stop(&zombie);
    worker_stop(&other);
}

/* A renewal that finds another's lease lets it be. */
static void test_lost_lease_is_not_renewed(void **state)
{
    struct fixture *f = *state;
    static struct worker zombie;
    add(f, 'a', 1, 3);
    worker_start(&zombie, f, HOLD, 1, 600);
    fixture_until(f, zombie.n_held == 1);
    fixture_exec(f, "update job set lease = gen_random_uuid(),"
                    " lease_until = '2100-01-01 00:00:00Z'");
    fixture_run_for(f, 1000);
    assert_int_equal(
        fixture_int(f, "select count(*) from job where lease_until = '2100-01-01 00:00:00Z'"), 1);
    worker_go_on(&zombie);
    fixture_until(f, zombie.refused == 1);
    worker_stop(&zombie);
}

static void test_cancelled_while_running(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 3);
    worker_start(&worker, f, HOLD, 1, 60000);
    fixture_until(f, worker.n_held == 1);
    fixture_exec(f, "select job_cancel('render', subject) from job");
    worker_go_on(&worker);
    fixture_until(f, worker.refused == 1);
    assert_int_equal(fixture_int(f, "select count(*) from effect"), 0);
    worker_stop(&worker);
}

/* A process that dies with jobs in its hands: after their lease they are done by another. */
static void test_killed_holder(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 8, 3);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        uv_loop_fork(&f->loop);
        worker_start(&worker, f, HOLD, 5, 1000);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        _exit(1);
    }
    fixture_until(f, in_state(f, "leased") == 5);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    worker_start(&worker, f, SUCCEED, 5, 1000);
    fixture_until(f, worker.finished == 8);
    assert_int_equal(fixture_int(f, "select count(distinct job) from effect"), 8);
    assert_int_equal(fixture_int(f, "select count(*) from effect where attempt = 2"), 5);
    worker_stop(&worker);
}

/* One that kills its process each time ends: exhausted first, dead if even that kills. */
static void test_never_concluded_is_dead(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 1, 3);
    fixture_exec(f, "update job set attempts = 23, state = 'leased', lease = gen_random_uuid(),"
                    " lease_until = now() - interval '1 second'");
    worker_start(&worker, f, SUCCEED, 1, 1000);
    fixture_until(f, in_state(f, "dead") == 1);
    assert_int_equal(worker.started, 0);
    worker_stop(&worker);
}

/* What was claimed while it closes is given back, and its attempt not counted. */
static void test_close_gives_back(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 3, 3);
    worker_start(&worker, f, SUCCEED, 3, 60000);
    fixture_until(f, pg_ready(worker.pg)); /* its claim is under way now */
    assert_false(jobs_idle(worker.jobs));
    worker_stop(&worker);
    assert_int_equal(worker.started, 0);
    assert_int_equal(in_state(f, "ready"), 3);
    assert_int_equal(fixture_int(f, "select max(attempts) from job"), 0);
}

static void test_close_waits_for_what_runs(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    struct jobs_stats stats;
    add(f, 'a', 1, 3);
    worker_start(&worker, f, HOLD, 2, 60000);
    fixture_until(f, worker.n_held == 1);
    jobs_stats(worker.jobs, &stats);
    assert_int_equal(stats.running, 1);
    jobs_close(worker.jobs, set_closed, &worker);
    fixture_run_for(f, 300);
    assert_false(worker.closed);
    worker_go_on(&worker);
    fixture_until(f, worker.closed);
    assert_int_equal(in_state(f, "done"), 1);
    worker.closed = false;
    pg_close(worker.pg, set_closed, &worker);
    fixture_until(f, worker.closed);
}

static void test_purge(void **state)
{
    struct fixture *f = *state;
    static struct worker worker;
    add(f, 'a', 4, 3);
    fixture_exec(f, "update job set finished_at = now() - interval '8 days',"
                    " state = (array['done', 'cancelled', 'dead', 'done'])[id]");
    fixture_exec(f, "update job set finished_at = now() where id = 4");
    worker_start(&worker, f, SUCCEED, 1, 60000);
    fixture_until(f, fixture_int(f, "select count(*) from job") == 2);
    assert_int_equal(in_state(f, "dead"), 1);
    assert_int_equal(in_state(f, "done"), 1);
    worker_stop(&worker);
}

/* Connections are cut again and again while jobs run: each effect still once. */
static void test_cut_connections(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[2];
    add(f, 'a', 200, 50);
    for (int i = 0; i < 2; i++)
        worker_start(&workers[i], f, SUCCEED, 3, 1000);
    for (int i = 0; i < 6; i++) {
        fixture_run_for(f, 80);
        fixture_exec(f, "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where application_name = 'worker'");
    }
    fixture_until(f, in_state(f, "done") == 200);
    assert_int_equal(fixture_int(f, "select count(*) from effect"), 200);
    assert_int_equal(fixture_int(f, "select count(distinct job) from effect"), 200);
    for (int i = 0; i < 2; i++)
        worker_stop(&workers[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_once_among_four),
        TEST(test_order),
        TEST(test_run_at),
        TEST(test_poke),
        TEST(test_context_follows_the_cause),
        TEST(test_backoff_and_exhausted),
        TEST(test_outage_counts_no_attempt),
        TEST(test_permanent_error_is_dead),
        TEST(test_answer_at_once),
        TEST(test_renewal),
        TEST(test_give_back),
        TEST(test_zombie_is_fenced),
        TEST(test_lost_lease_is_not_renewed),
        TEST(test_cancelled_while_running),
        TEST(test_killed_holder),
        TEST(test_never_concluded_is_dead),
        TEST(test_close_gives_back),
        TEST(test_close_waits_for_what_runs),
        TEST(test_purge),
        TEST(test_cut_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
