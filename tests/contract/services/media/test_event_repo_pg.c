#include "services/media/adapters/event_pg.h"
#include "services/media/adapters/media_pg.h"
#include "shared/base/alloc.h"
#include "tests/contract/services/media/event_repo_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#include <stdio.h>

extern const struct pg_migration service_migrations[];

static struct relay *const no_relay; /* nobody is woken */

struct pg_repo_fixture {
    struct event_fixture port;
    struct fixture *db;
    struct media_pg media;
    struct event_pg events;
};

static struct pg_repo_fixture *self(struct event_fixture *port)
{
    return PR_CONTAINER(port, struct pg_repo_fixture, port);
}

static void wait(struct event_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

/* $1 is the id, $2 and $3 as given. */
static PGresult *query(struct event_fixture *port, const char *sql, const struct pr_uuid *id,
                       const char *second, const char *third)
{
    char text[PR_UUID_TEXT];
    const char *values[] = {pr_uuid_format(id, text), second, third};
    int n = third ? 3 : second ? 2 : 1;
    PGresult *result = PQexecParams(self(port)->db->admin, sql, n, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    return result;
}

static size_t jobs(struct event_fixture *port, const struct pr_uuid *event_id,
                   struct waiting_job *out, size_t max)
{
    PGresult *result = query(port,
                             "select id, (extract(epoch from run_at) * 1000)::bigint from job "
                             "where kind = 'purge_event' and subject = $1 "
                             "and state in ('waiting', 'ready', 'leased') order by run_at",
                             event_id, NULL, NULL);
    size_t n = (size_t)PQntuples(result);
    assert_true(n <= max);
    for (int i = 0; i < (int)n; i++)
        out[i] =
            (struct waiting_job){atoll(PQgetvalue(result, i, 0)), atoll(PQgetvalue(result, i, 1))};
    PQclear(result);
    return n;
}

static struct job_claim claim(struct event_fixture *port, int64_t job_id)
{
    char id[32];
    struct job_claim job = {.id = job_id};
    struct pr_uuid lease = pr_uuid_v7(0);
    snprintf(id, sizeof id, "%lld", (long long)job_id);
    PQclear(query(port,
                  "update job set state = 'leased', lease = $1, "
                  "lease_until = now() + interval '1 minute' where id = $2::bigint",
                  &lease, id, NULL));
    job.lease = lease;
    return job;
}

static void fill(struct event_fixture *port, const struct event *event, int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    PQclear(
        query(port,
              "with m as (insert into media (id, owner_id, version, state, kind, filename, "
              "content_type, object_key, size_bytes, sha256, created_at, upload_expires_at, "
              "event_id) select new.id, e.owner_id, 1, 'created', 'image', 'a.jpg', 'image/jpeg', "
              "new.id::text, 5, decode(repeat('5a', 32), 'hex'), now(), now(), e.id from event e, "
              "(select gen_random_uuid() as id from generate_series(1, $2::int)) as new "
              "where e.id = $1 returning id, event_id) "
              "insert into event_media select event_id, id, now() from m",
              &event->id, text, NULL));
}

static void add_codes(struct event_fixture *port, const struct pr_uuid *event_id, int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    PQclear(query(port,
                  "with c as (insert into code (id, event_id, batch_id, access_code, label, "
                  "opens_all, created_at) select gen_random_uuid(), $1, gen_random_uuid(), "
                  "'CODE' || i, 'label', false, now() from generate_series(1, $2::int) i "
                  "returning id, event_id) insert into code_media "
                  "select c.id, c.event_id, l.media_id from c, event_media l "
                  "where l.event_id = c.event_id",
                  event_id, text, NULL));
}

static void make_ready(struct event_fixture *port, const struct pr_uuid *media_id,
                       const char *preview_key)
{
    PQclear(query(port,
                  "update media set state = 'ready', renditions = jsonb_build_array("
                  "jsonb_build_object('name', 'large', 'object_key', 'wrong', 'content_type', "
                  "'image/webp', 'width', 1, 'height', 1, 'size_bytes', 1), "
                  "jsonb_build_object('name', 'preview', 'object_key', $2::text, 'content_type', "
                  "'image/webp', 'width', 1, 'height', 1, 'size_bytes', 1)) where id = $1",
                  media_id, preview_key, NULL));
}

static bool exists(struct event_fixture *port, const struct pr_uuid *event_id)
{
    PGresult *result = query(port, "select 1 from event where id = $1", event_id, NULL, NULL);
    bool found = PQntuples(result) > 0;
    PQclear(result);
    return found;
}

static int setup(void **state)
{
    struct pg_repo_fixture *f = PR_NEW(struct pg_repo_fixture);
    void *db;
    logs_catch();
    fixture_setup(&db);
    f->db = db;
    assert_int_equal(pg_migrate(f->db->url, service_migrations, 0), PR_OK);
    fixture_pool(f->db, NULL, 4, 5000);
    media_pg_init(&f->media, f->db->pg, &no_relay, &pr_clock_system);
    event_pg_init(&f->events, f->db->pg);
    f->port = (struct event_fixture){
        .events = &f->events.port,
        .media = &f->media.port,
        .wait = wait,
        .jobs = jobs,
        .claim = claim,
        .fill = fill,
        .add_codes = add_codes,
        .make_ready = make_ready,
        .exists = exists,
    };
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_repo_fixture *f = self(*state);
    void *db = f->db;
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    return 0;
}

int main(void)
{
    return event_repo_contract_run(setup, teardown);
}
