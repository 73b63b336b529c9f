#include "services/media/adapters/code_pg.h"

#include "services/media/adapters/code_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

#include <assert.h>
#include <jansson.h>

static struct code_pg *self(struct code_repo *port)
{
    return PR_CONTAINER(port, struct code_pg, port);
}

/* ---- reading ---- */

static const struct pg_stmt load_stmt = {
    "code_load",
    CODE_EVENT CODE_COLUMNS ", (select string_agg(uuid_send(m.media_id), '' order by m.media_id) "
                            "from code_media m where m.code_id = c.id) "
                            "from e join code c on c.event_id = e.id where c.id = $3"};

static void add_load(struct pg_query *query, const struct code_key *key, pg_rows_fn rows, void *arg)
{
    pg_query_add(query, &load_stmt);
    pg_bind_uuid(query, &key->event_id);
    pg_bind_uuid(query, &key->owner_id);
    pg_bind_uuid(query, &key->code_id);
    pg_query_rows(query, rows, arg);
}

static void load(struct code_repo *port, const struct code_key *key, struct code_found *out,
                 struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    add_load(query, key, code_found_from_row, out);
    pg_query_run(query, done);
}

/* One more than asked for is read, to know whether there are more. */
static const struct pg_stmt newest_stmt = {
    "code_list_newest", CODE_EVENT CODE_COLUMNS
    "from e left join lateral (select * from code where event_id = e.id "
    "and ($3::uuid is null or id < $3) order by id desc limit $4) c on true "
    "order by c.id desc"};

static const struct pg_stmt oldest_stmt = {
    "code_list_oldest",
    CODE_EVENT CODE_COLUMNS "from e left join lateral (select * from code where event_id = e.id "
                            "and ($3::uuid is null or id < $3) order by id limit $4) c on true "
                            "order by c.id"};

struct list_op {
    struct code_page *page;
    size_t limit;
    struct pr_done done;
};

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    op->page->more = !err && op->page->items_n > op->limit;
    if (op->page->more)
        op->page->items_n = op->limit;
    pr_done_call(op->done, err);
    free(op);
}

static void list(struct code_repo *port, const struct code_query *wanted, struct code_page *out,
                 struct pr_done done)
{
    struct list_op *op = PR_NEW(struct list_op);
    *op = (struct list_op){out, wanted->limit, done};
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, wanted->oldest_first ? &oldest_stmt : &newest_stmt);
    pg_bind_uuid(query, &wanted->event_id);
    pg_bind_uuid(query, &wanted->owner_id);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->before_id) ? NULL : &wanted->before_id);
    pg_bind_int(query, (int64_t)wanted->limit + 1);
    pg_query_rows(query, code_page_from_rows, out);
    pg_query_run(query, (struct pr_done){listed, op});
}

/* ---- changing ---- */

/* A time that is 0 here is null there. */
#define NULL_IF_0(at) "nullif(" at ", to_timestamp(0))"

static const struct {
    const char *name;
    enum code_outcome outcome;
    enum pr_err err;
} verdicts[] = {
    {"new", CODES_DONE, PR_OK},
    {"done", CODES_DONE, PR_OK},
    {"replay", CODES_REPLAYED, PR_OK},
    {"running", CODES_RUNNING, PR_OK},
    {"mismatch", CODES_MISMATCH, PR_OK},
    {"taken", CODES_TAKEN, PR_OK},
    {"limited", CODES_TOO_MANY, PR_OK},
    {"not_photos", CODES_NOT_PHOTOS, PR_OK},
    {"opens_all", CODES_OPEN_ALL, PR_OK},
    {"no_event", CODES_DONE, PR_ERR_NOT_FOUND},
    {"no_code", CODES_DONE, PR_ERR_NOT_FOUND},
};

static enum pr_err read_verdict(const struct pg_result *result, struct code_result *out)
{
    struct pr_str verdict = pg_text(result, 0, 0);
    for (size_t i = 0; i < PR_COUNT(verdicts); i++) {
        if (!pr_str_is(verdict, verdicts[i].name))
            continue;
        out->outcome = verdicts[i].outcome;
        out->wrong_n = (size_t)pg_int(result, 0, 2);
        return verdicts[i].err;
    }
    return PR_ERR_INTERNAL;
}

/* Null when nothing is said. */
static void bind_ids(struct pg_query *query, const struct code_ids *ids)
{
    pg_bind_uuids(query, ids->items, ids->n);
}

static void bind_codes(struct pg_query *query, const struct code_batch *batch)
{
    char id[PR_UUID_TEXT];
    json_t *list = json_array();
    for (size_t i = 0; i < batch->n; i++) {
        const struct code *code = &batch->codes[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "id", pr_uuid_format(&code->id, id),
                                        "access_code", code->access_code, "label", code->label));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    assert(text);
    pg_bind_text(query, pr_str(text));
    free(text);
}

static const struct pg_stmt insert_stmt = {
    "codes_add",
    "select verdict, subject, wrong from codes_add($3, $4, $5, $6::text::jsonb, $7, $8, " NULL_IF_0(
        "$9") ", $10, $11, $1, $2)"};

static const struct pg_stmt batch_stmt = {
    "code_batch",
    CODE_EVENT CODE_COLUMNS "from e left join code c on c.event_id = e.id and c.batch_id = $3 "
                            "order by c.id"};

struct insert_op {
    struct pg *pg;
    struct pr_uuid owner_id, event_id, earlier_id; /* the last: of what the key made then */
    struct code_result *result;
    struct code_page *page;
    struct pr_done done;
};

static enum pr_err read_insertion(void *arg, const struct pg_result *result)
{
    struct insert_op *op = arg;
    enum pr_err err = read_verdict(result, op->result);
    if (op->result->outcome == CODES_REPLAYED)
        op->earlier_id = pg_uuid(result, 0, 1);
    return err;
}

/* Of what was inserted just now; of a refusal there is nothing to read. */
static enum pr_err read_inserted(void *arg, const struct pg_result *result)
{
    struct insert_op *op = arg;
    return op->result->outcome == CODES_DONE ? code_page_from_rows(op->page, result) : PR_OK;
}

static void end_insert(struct insert_op *op, enum pr_err err)
{
    pr_done_call(op->done, err);
    free(op);
}

/* The event may be gone with all that was made. */
static void looked_up(void *arg, enum pr_err err)
{
    end_insert(arg, err == PR_ERR_NOT_FOUND ? PR_OK : err);
}

static void add_batch(struct pg_query *query, struct insert_op *op, const struct pr_uuid *batch_id)
{
    pg_query_add(query, &batch_stmt);
    pg_bind_uuid(query, &op->event_id);
    pg_bind_uuid(query, &op->owner_id);
    pg_bind_uuid(query, batch_id);
}

/* What was made then may be younger than what the first statement saw. */
static void inserted(void *arg, enum pr_err err)
{
    struct insert_op *op = arg;
    if (err || op->result->outcome != CODES_REPLAYED) {
        end_insert(op, err);
        return;
    }
    struct pg_query *query = pg_query_new(op->pg);
    add_batch(query, op, &op->earlier_id);
    pg_query_rows(query, code_page_from_rows, op->page);
    pg_query_run(query, (struct pr_done){looked_up, op});
}

static void insert(struct code_repo *port, const struct code_batch *batch,
                   const struct idempotency *idempotency, struct code_result *result,
                   struct code_page *out, struct pr_done done)
{
    const struct code *first = &batch->codes[0];
    struct insert_op *op = PR_NEW(struct insert_op);
    *op = (struct insert_op){.pg = self(port)->pg,
                             .owner_id = batch->owner_id,
                             .event_id = batch->event_id,
                             .result = result,
                             .page = out,
                             .done = done};
    struct pg_query *query = pg_query_new(op->pg);
    pg_query_add(query, &insert_stmt);
    idempotency_bind(query, idempotency);
    pg_bind_uuid(query, &batch->owner_id);
    pg_bind_uuid(query, &batch->event_id);
    pg_bind_uuid(query, &batch->id);
    bind_codes(query, batch);
    pg_bind_bool(query, first->opens_all);
    pg_bind_time(query, first->created_at_ms);
    pg_bind_time(query, first->expires_at_ms);
    bind_ids(query, &batch->photos);
    pg_bind_int(query, CODES_MAX);
    pg_query_rows(query, read_insertion, op);
    add_batch(query, op, &batch->id);
    pg_query_rows(query, read_inserted, op);
    pg_query_run(query, (struct pr_done){inserted, op});
}

static const struct pg_stmt change_stmt = {
    "code_change",
    "select verdict, subject, wrong from code_change($1, $2, $3, $4, nullif($5, -1) = 1, "
    "nullif($6, -1) = 1, $7, " NULL_IF_0("$8") ", $9, $10, "
                                               "$11, $12)"};

struct change_op {
    struct code_result *result;
    struct code_found *found;
    struct pr_done done;
};

static enum pr_err read_change(void *arg, const struct pg_result *result)
{
    return read_verdict(result, ((struct change_op *)arg)->result);
}

static enum pr_err read_changed(void *arg, const struct pg_result *result)
{
    struct change_op *op = arg;
    return op->result->outcome == CODES_DONE ? code_found_from_row(op->found, result) : PR_OK;
}

static void changed(void *arg, enum pr_err err)
{
    struct change_op *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

static void change(struct code_repo *port, const struct code_key *key,
                   const struct code_change *change, struct code_result *result,
                   struct code_found *out, struct pr_done done)
{
    struct change_op *op = PR_NEW(struct change_op);
    *op = (struct change_op){result, out, done};
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &change_stmt);
    pg_bind_uuid(query, &key->owner_id);
    pg_bind_uuid(query, &key->event_id);
    pg_bind_uuid(query, &key->code_id);
    pg_bind_text(query, pr_str(change->label));
    pg_bind_int(query, change->opens_all);
    pg_bind_int(query, change->revoked);
    pg_bind_bool(query, change->expires);
    pg_bind_time(query, change->expires_at_ms);
    pg_bind_time(query, change->now_ms);
    bind_ids(query, &change->photos);
    bind_ids(query, &change->add);
    bind_ids(query, &change->remove);
    pg_query_rows(query, read_change, op);
    add_load(query, key, read_changed, op);
    pg_query_run(query, (struct pr_done){changed, op});
}

static const struct pg_stmt remove_stmt = {
    "code_remove", "delete from code c using event e where c.id = $3 and c.event_id = $1 "
                   "and e.id = c.event_id and e.owner_id = $2 and not e.deleting returning c.id"};

static enum pr_err read_removed(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_count(result) > 0 ? PR_OK : PR_ERR_NOT_FOUND;
}

static void remove_code(struct code_repo *port, const struct code_key *key, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &remove_stmt);
    pg_bind_uuid(query, &key->event_id);
    pg_bind_uuid(query, &key->owner_id);
    pg_bind_uuid(query, &key->code_id);
    pg_query_rows(query, read_removed, NULL);
    pg_query_run(query, done);
}

void code_pg_init(struct code_pg *repo, struct pg *pg)
{
    *repo = (struct code_pg){
        .port =
            {
                .insert = insert,
                .load = load,
                .list = list,
                .change = change,
                .remove = remove_code,
            },
        .pg = pg,
    };
}
