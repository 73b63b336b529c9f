#include "services/media/adapters/media_pg.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/contract/services/media/media_repo_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#include <stdio.h>

extern const struct pg_migration service_migrations[];

struct pg_repo_fixture {
    struct repo_fixture port;
    struct fixture *db;
    struct media_pg repo;
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

static struct pg_repo_fixture *self(struct repo_fixture *port)
{
    return PR_CONTAINER(port, struct pg_repo_fixture, port);
}

static void wait(struct repo_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

static PGresult *query(struct repo_fixture *port, const char *sql, const char *value)
{
    PGresult *result = PQexecParams(self(port)->db->admin, sql, 1, NULL, &value, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    return result;
}

/* The body of a message of media, whose key must be what it is about. */
static struct sent_message decode(const struct message_info *info, struct pr_str body)
{
    union {
        struct media_created_msg created;
        struct media_finalized_msg finalized;
        struct media_deleted_msg deleted;
    } msg;
    struct pr_fault fault;
    switch (info->kind) {
    case MESSAGE_MEDIA_CREATED:
        assert_int_equal(media_created_decode(body, &msg.created, &fault), PR_OK);
        return (struct sent_message){info->kind, msg.created.media_id, msg.created.owner_id,
                                     msg.created.version};
    case MESSAGE_MEDIA_FINALIZED:
        assert_int_equal(media_finalized_decode(body, &msg.finalized, &fault), PR_OK);
        return (struct sent_message){info->kind, msg.finalized.media_id, msg.finalized.owner_id,
                                     msg.finalized.version};
    case MESSAGE_MEDIA_DELETED:
        assert_int_equal(media_deleted_decode(body, &msg.deleted, &fault), PR_OK);
        return (struct sent_message){info->kind, msg.deleted.media_id, msg.deleted.owner_id,
                                     msg.deleted.version};
    default:
        fail_msg("media does not send %s", info->name);
        return (struct sent_message){0};
    }
}

static size_t messages(struct repo_fixture *port, const struct pr_uuid *media_id,
                       struct sent_message *out, size_t max)
{
    char id[PR_UUID_TEXT];
    uint8_t body[4096];
    PGresult *result = query(port,
                             "select type, topic, encode(body, 'hex') from outbox "
                             "where subject = $1 and key = convert_to($1, 'UTF8') order by seq",
                             pr_uuid_format(media_id, id));
    size_t n = (size_t)PQntuples(result);
    assert_true(n <= max);
    for (int i = 0; i < (int)n; i++) {
        const struct message_info *info = message_find(pr_str(PQgetvalue(result, i, 0)));
        struct pr_str hex = pr_str(PQgetvalue(result, i, 2));
        assert_non_null(info);
        assert_string_equal(PQgetvalue(result, i, 1), info->topic);
        assert_true(hex.n / 2 <= sizeof body && pr_hex_decode(hex, body, hex.n / 2));
        out[i] = decode(info, pr_str_n(body, hex.n / 2));
    }
    PQclear(result);
    return n;
}

static size_t jobs(struct repo_fixture *port, const struct pr_uuid *subject, struct queued_job *out,
                   size_t max)
{
    char id[PR_UUID_TEXT];
    PGresult *result = query(port,
                             "select id, convert_from(args, 'UTF8'), "
                             "(extract(epoch from run_at) * 1000)::bigint, state = 'done', kind "
                             "from job where subject = $1::uuid order by run_at",
                             pr_uuid_format(subject, id));
    size_t n = (size_t)PQntuples(result);
    assert_true(n <= max);
    for (int i = 0; i < (int)n; i++) {
        out[i].id = atoll(PQgetvalue(result, i, 0));
        assert_true(pr_str_copy(pr_str(PQgetvalue(result, i, 1)), out[i].args, sizeof out[i].args));
        out[i].run_at_ms = atoll(PQgetvalue(result, i, 2));
        out[i].done = *PQgetvalue(result, i, 3) == 't';
        assert_true(pr_str_copy(pr_str(PQgetvalue(result, i, 4)), out[i].kind, sizeof out[i].kind));
    }
    PQclear(result);
    return n;
}

static struct job_claim claim(struct repo_fixture *port, int64_t job_id)
{
    char id[32];
    struct job_claim job = {.id = job_id};
    snprintf(id, sizeof id, "%lld", (long long)job_id);
    PGresult *result = query(port,
                             "update job set state = 'leased', lease = gen_random_uuid(), "
                             "lease_until = now() + interval '1 minute' where id = $1::bigint "
                             "returning lease",
                             id);
    assert_true(pr_uuid_parse(pr_str(PQgetvalue(result, 0, 0)), &job.lease));
    PQclear(result);
    return job;
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
    media_pg_init(&f->repo, f->db->pg, &relay_there, &pr_clock_system);
    f->port = (struct repo_fixture){&f->repo.port, wait, messages, jobs, claim};
    stand_in.pokes = 0;
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_repo_fixture *f = self(*state);
    void *db = f->db;
    assert_true(stand_in.pokes >=
                (unsigned)fixture_int(f->db, "select count(distinct xmin::text) from outbox"));
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    return 0;
}

int main(void)
{
    return media_repo_contract_run(setup, teardown);
}
