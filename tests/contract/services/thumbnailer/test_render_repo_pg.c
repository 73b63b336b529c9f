#include "services/thumbnailer/adapters/render_pg.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/contract/services/thumbnailer/render_repo_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#include <stdio.h>

extern const struct pg_migration service_migrations[];

struct pg_render_fixture {
    struct render_fixture port;
    struct fixture *db;
    struct render_pg repo;
};

/* Stands in for the relay: what is committed with a message must wake it. */
struct relay {
    unsigned pokes;
};
static struct relay stand_in, *const relay_there = &stand_in;

void relay_poke(struct relay *relay)
{
    relay->pokes++;
}

static struct pg_render_fixture *self(struct render_fixture *port)
{
    return PR_CONTAINER(port, struct pg_render_fixture, port);
}

static void wait(struct render_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

/* $1 is the media, $2 and $3 what else the statement wants. */
static PGresult *query(struct render_fixture *port, const char *sql, const struct pr_uuid *media_id,
                       const char *second, const char *third)
{
    char id[PR_UUID_TEXT];
    const char *values[] = {pr_uuid_format(media_id, id), second, third};
    PGresult *result = PQexecParams(self(port)->db->admin, sql,
                                    third    ? 3
                                    : second ? 2
                                             : 1,
                                    NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    return result;
}

static void copy(PGresult *result, int row, int column, char *out, size_t size)
{
    assert_true(pr_str_copy(pr_str(PQgetvalue(result, row, column)), out, size));
}

static size_t copy_hex(PGresult *result, int row, int column, char *out, size_t size)
{
    struct pr_str hex = pr_str(PQgetvalue(result, row, column));
    assert_true(hex.n / 2 <= size && pr_hex_decode(hex, (uint8_t *)out, hex.n / 2));
    return hex.n / 2;
}

static bool row(struct render_fixture *port, const struct pr_uuid *media_id, struct seen_row *out)
{
    PGresult *result = query(port,
                             "select state, object_key, coalesce(reason, ''), owner_id, version "
                             "from rendition_set where media_id = $1::uuid",
                             media_id, NULL, NULL);
    bool found = PQntuples(result) == 1;
    if (found) {
        copy(result, 0, 0, out->state, sizeof out->state);
        copy(result, 0, 1, out->object_key, sizeof out->object_key);
        copy(result, 0, 2, out->reason, sizeof out->reason);
        assert_true(pr_uuid_parse(pr_str(PQgetvalue(result, 0, 3)), &out->owner_id));
        out->version = atoll(PQgetvalue(result, 0, 4));
    }
    PQclear(result);
    return found;
}

static bool job(struct render_fixture *port, const char *kind, const struct pr_uuid *media_id,
                struct seen_job *out)
{
    PGresult *result = query(port,
                             "select state, encode(args, 'hex'), "
                             "(extract(epoch from run_at - now()) * 1000)::bigint from job "
                             "where subject = $1::uuid and kind = $2",
                             media_id, kind, NULL);
    assert_true(PQntuples(result) <= 1);
    bool found = PQntuples(result) == 1;
    if (found) {
        copy(result, 0, 0, out->state, sizeof out->state);
        out->args_n = copy_hex(result, 0, 1, out->args, sizeof out->args);
        out->due_in_ms = atoll(PQgetvalue(result, 0, 2));
    }
    PQclear(result);
    return found;
}

static size_t messages(struct render_fixture *port, const struct pr_uuid *media_id,
                       struct seen_message *out, size_t max)
{
    PGresult *result = query(port,
                             "select type, topic, encode(body, 'hex') from outbox "
                             "where subject = $1 and key = convert_to($1, 'UTF8') order by seq",
                             media_id, NULL, NULL);
    size_t n = (size_t)PQntuples(result);
    assert_true(n <= max);
    for (int i = 0; i < (int)n; i++) {
        const struct message_info *info = message_find(pr_str(PQgetvalue(result, i, 0)));
        assert_non_null(info);
        assert_string_equal(PQgetvalue(result, i, 1), info->topic);
        out[i].kind = info->kind;
        out[i].body_n = copy_hex(result, i, 2, out[i].body, sizeof out[i].body);
    }
    PQclear(result);
    return n;
}

static bool claim(struct render_fixture *port, const char *kind, const struct pr_uuid *media_id,
                  int64_t lease_ms, struct job_claim *out)
{
    char ms[32];
    snprintf(ms, sizeof ms, "%lld", (long long)lease_ms);
    PGresult *result = query(port,
                             "update job set state = 'leased', lease = gen_random_uuid(), "
                             "lease_until = now() + $3::int8 * interval '1 millisecond' "
                             "where subject = $1::uuid and kind = $2 and run_at <= now() "
                             "and state in ('waiting', 'ready', 'leased') returning id, lease",
                             media_id, kind, ms);
    bool found = PQntuples(result) == 1;
    if (found) {
        out->id = atoll(PQgetvalue(result, 0, 0));
        assert_true(pr_uuid_parse(pr_str(PQgetvalue(result, 0, 1)), &out->lease));
    }
    PQclear(result);
    return found;
}

/* The clock is the server's: what is to come comes sooner. */
static void pass_time(struct render_fixture *port, int64_t ms)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "update job set run_at = run_at - %lld * interval '1 millisecond', "
             "lease_until = lease_until - %lld * interval '1 millisecond'",
             (long long)ms, (long long)ms);
    fixture_exec(self(port)->db, sql);
}

static int setup(void **state)
{
    struct pg_render_fixture *f = PR_NEW(struct pg_render_fixture);
    void *db;
    logs_catch();
    fixture_setup(&db);
    f->db = db;
    assert_int_equal(pg_migrate(f->db->url, service_migrations, 0), PR_OK);
    fixture_pool(f->db, NULL, 4, 5000);
    render_pg_init(&f->repo, f->db->pg, &relay_there);
    f->port = (struct render_fixture){&f->repo.port, wait, row, job, messages, claim, pass_time};
    stand_in.pokes = 0;
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_render_fixture *f = self(*state);
    void *db = f->db;
    assert_true(stand_in.pokes >= (unsigned)fixture_int(f->db, "select count(*) from outbox"));
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    return 0;
}

int main(void)
{
    return render_repo_contract_run(setup, teardown);
}
