#include "shared/kafka/retention.h"

#include "shared/base/alloc.h"
#include "shared/kafka/relay.h"

#define PURGE_ROWS 1000 /* of each table in one transaction */

struct purge {
    struct pg *pg;
    struct pr_done done;
    bool more; /* a table gave as many rows as it may */
};

static void purge_some(struct purge *purge);

static enum pr_err read_purged(void *arg, const struct pg_result *result)
{
    struct purge *purge = arg;
    purge->more |= pg_affected(result) >= PURGE_ROWS;
    return PR_OK;
}

static void on_purged(void *arg, enum pr_err err)
{
    struct purge *purge = arg;
    if (!err && purge->more) {
        purge_some(purge);
        return;
    }
    pr_done_call(purge->done, err);
    free(purge);
}

static void purge_some(struct purge *purge)
{
    static const struct pg_stmt tables[] = {
        {"retention_outbox",
         "with old as (select seq from outbox where sent_at < now() - interval '72 hours' "
         "order by sent_at limit $1) delete from outbox using old where outbox.seq = old.seq"},
        {"retention_inbox",
         "with old as (select event_id from inbox where received_at < now() - interval '14 days' "
         "order by received_at limit $1) delete from inbox using old "
         "where inbox.event_id = old.event_id"},
        {"retention_idempotency",
         "with old as (select account, key_hash from idempotency "
         "where created_at < now() - interval '24 hours' order by created_at limit $1) "
         "delete from idempotency i using old "
         "where i.account = old.account and i.key_hash = old.key_hash "
         "and i.created_at < now() - interval '24 hours'"}, /* unless it was claimed anew */
    };
    struct pg_query *query = pg_query_new(purge->pg);
    purge->more = false;
    for (size_t i = 0; i < PR_COUNT(tables); i++) {
        pg_query_add(query, &tables[i]);
        pg_bind_int(query, PURGE_ROWS);
        pg_query_rows(query, read_purged, purge);
    }
    pg_query_run(query, (struct pr_done){on_purged, purge});
}

void retention_purge(struct pg *pg, struct pr_done done)
{
    struct purge *purge = PR_NEW(struct purge);
    purge->pg = pg;
    purge->done = done;
    purge_some(purge);
}

static enum pr_err read_count(void *arg, const struct pg_result *result)
{
    *(int64_t *)arg = pg_int(result, 0, 0);
    return PR_OK;
}

void relay_republish(struct pg *pg, int64_t since_ms, int64_t *count, struct pr_done done)
{
    static const struct pg_stmt republish_stmt = {
        "relay_republish",
        "with again as (update outbox set sent_at = null "
        "where created_at >= $1 and sent_at is not null returning 1) select count(*) from again",
    };
    struct pg_query *query = pg_query_new(pg);
    pg_query_add(query, &republish_stmt);
    pg_bind_time(query, since_ms);
    pg_query_rows(query, read_count, count);
    pg_query_run(query, done);
}
