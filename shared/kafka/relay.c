/* The relay's states:
 *
 *     STANDBY ◀──lost── IDLE ──something to send──▶ LOADING ──rows produced──▶ SENDING
 *        └────won────▶   ▲                             │ none                     │
 *                        └─────────────────────────────┴── all reported, marked ──┘
 *     STANDBY, IDLE ──close──▶ CLOSING ──▶ freed; LOADING and SENDING get a while to end
 *
 * One batch at a time, read by "not marked", never by "after the last seq": numbers are drawn
 * before their transactions commit. Nothing is read while a message of the batch is not reported,
 * so that a message that failed is sent again before those behind it. Losing the lock stops the
 * reading; what is under way ends and is marked, which is right whoever has the lock.
 *
 * tick() does what can be done in the present state and sets the timer for what cannot yet. */
#include "shared/kafka/relay.h"

#include "shared/base/alloc.h"
#include "shared/kafka/backoff.h"
#include "shared/kafka/retention.h"
#include "shared/loop/ticker.h"

#include <assert.h>
#include <inttypes.h>

#define BATCH 500
#define MARK_MS 50 /* acknowledgements are marked together, this long after the first */
#define CLOSE_MS 2000
#define PURGE_MS (INT64_C(3600) * 1000)
#define LOCK_KEY 0x72656c6179 /* "relay" */

enum relay_state { RELAY_STANDBY, RELAY_IDLE, RELAY_LOADING, RELAY_SENDING, RELAY_CLOSING };

#define BIT(state) (1u << (state))
static const unsigned moves[] = {
    [RELAY_STANDBY] = BIT(RELAY_IDLE) | BIT(RELAY_CLOSING),
    [RELAY_IDLE] = BIT(RELAY_STANDBY) | BIT(RELAY_LOADING) | BIT(RELAY_CLOSING),
    [RELAY_LOADING] = BIT(RELAY_IDLE) | BIT(RELAY_SENDING),
    [RELAY_SENDING] = BIT(RELAY_IDLE) | BIT(RELAY_CLOSING),
    [RELAY_CLOSING] = 0,
};

struct row {
    struct batch *batch;
    int64_t seq;
    enum { ROW_SENT, ROW_ACKNOWLEDGED, ROW_MARKING } state;
};

struct batch {
    struct relay *relay; /* NULL: abandoned, freed with the last report */
    size_t count, in_flight, acknowledged;
    bool failed;
    struct row rows[BATCH];
};

struct relay {
    uv_loop_t *loop;
    const char *source;
    struct pg *pg;
    struct pg_lock *lock;
    struct kafka_producer *producer;
    enum relay_state state;
    bool held, poked, marking, purging, closing, ticking;
    struct batch *batch;
    unsigned failures; /* in a row, of reading, sending or marking */
    uint64_t due_ms;   /* of the loop's clock: not to be tried again, or marked, before */
    uint64_t close_ms; /* what has not ended by then is abandoned */
    uv_timer_t timer;
    struct ticker poll, purge;
    unsigned open; /* timer, tickers, lock */
    void (*closed)(void *arg);
    void *closed_arg;
};

static void tick(struct relay *relay);

static void move(struct relay *relay, enum relay_state to)
{
    assert(moves[relay->state] & BIT(to));
    relay->state = to;
}

static void fail(struct relay *relay, const char *what, enum pr_err err)
{
    relay->failures++;
    relay->due_ms = uv_now(relay->loop) + kafka_backoff_ms(relay->failures);
    if (kafka_backoff_tell(relay->failures))
        log_at(LOG_WARN, what, LOG_ERR(err), LOG_INT("failures", relay->failures));
}

/* ---- reading and sending ---- */

static void on_reported(void *arg, enum pr_err err)
{
    struct row *row = arg;
    struct batch *batch = row->batch;
    struct relay *relay = batch->relay;
    batch->in_flight--;
    if (!relay) {
        if (batch->in_flight == 0)
            free(batch);
        return;
    }
    if (err) {
        batch->failed = true;
    } else {
        row->state = ROW_ACKNOWLEDGED;
        if (batch->acknowledged++ == 0 && !relay->failures)
            relay->due_ms = uv_now(relay->loop) + MARK_MS;
    }
    if (relay->state == RELAY_SENDING)
        tick(relay);
}

static enum pr_err send_rows(void *arg, const struct pg_result *result)
{
    struct relay *relay = arg;
    struct batch *batch = relay->batch;
    size_t count = pg_count(result);
    /* After one that failed at once the rest waits: none may overtake it. */
    for (size_t i = 0; i < count && !batch->failed; i++) {
        struct row *row = &batch->rows[i];
        *row = (struct row){.batch = batch, .seq = pg_int(result, i, 0)};
        batch->count++;
        batch->in_flight++;
        const struct kafka_message message = {
            .id = pg_uuid(result, i, 1),
            .topic = pg_text(result, i, 2),
            .key = pg_bytes(result, i, 3),
            .type = pg_text(result, i, 4),
            .subject = pg_text(result, i, 5),
            .traceparent = pg_text(result, i, 6),
            .value = pg_bytes(result, i, 7),
            .time_ms = pg_time_ms(result, i, 8),
            .source = pr_str(relay->source),
        };
        kafka_produce(relay->producer, &message, (struct pr_done){on_reported, row});
    }
    return PR_OK;
}

static void on_loaded(void *arg, enum pr_err err)
{
    struct relay *relay = arg;
    if (err)
        fail(relay, "cannot read the outbox", err);
    if (relay->batch->count) {
        move(relay, RELAY_SENDING);
    } else {
        free(relay->batch);
        relay->batch = NULL;
        move(relay, RELAY_IDLE);
        relay->poked |= err != PR_OK;
    }
    tick(relay);
}

static void load(struct relay *relay)
{
    static const struct pg_stmt owed_stmt = {
        "relay_owed",
        "select seq, event_id, topic, key, type, subject, coalesce(traceparent, ''), body, "
        "created_at from outbox where sent_at is null order by seq limit $1",
    };
    relay->poked = false;
    relay->batch = PR_NEW(struct batch);
    relay->batch->relay = relay;
    move(relay, RELAY_LOADING);
    struct pg_query *query = pg_query_new(relay->pg);
    pg_query_add(query, &owed_stmt);
    pg_bind_int(query, BATCH);
    pg_query_rows(query, send_rows, relay);
    pg_query_run(query, (struct pr_done){on_loaded, relay});
}

/* ---- marking ---- */

static void on_marked(void *arg, enum pr_err err)
{
    struct relay *relay = arg;
    struct batch *batch = relay->batch;
    relay->marking = false;
    for (size_t i = 0; err && i < batch->count; i++) {
        if (batch->rows[i].state == ROW_MARKING) {
            batch->rows[i].state = ROW_ACKNOWLEDGED;
            batch->acknowledged++;
        }
    }
    for (size_t i = 0; !err && i < batch->count; i++) {
        if (batch->rows[i].state == ROW_MARKING)
            batch->rows[i].state = ROW_SENT;
    }
    if (err)
        fail(relay, "cannot mark messages as sent", err);
    tick(relay);
}

static void mark(struct relay *relay)
{
    static const struct pg_stmt sent_stmt = {
        "relay_sent",
        "update outbox set sent_at = now() where seq = any ($1::text::int8[])",
    };
    struct batch *batch = relay->batch;
    struct pr_buf list;
    pr_buf_init(&list, (size_t)24 * BATCH);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->rows[i].state != ROW_ACKNOWLEDGED)
            continue;
        pr_buf_printf(&list, "%c%" PRId64, list.n ? ',' : '{', batch->rows[i].seq);
        batch->rows[i].state = ROW_MARKING;
    }
    pr_buf_puts(&list, "}");
    batch->acknowledged = 0;
    relay->marking = true;
    struct pg_query *query = pg_query_new(relay->pg);
    pg_query_add(query, &sent_stmt);
    pg_bind_text(query, pr_buf_str(&list));
    pr_buf_fini(&list);
    pg_query_run(query, (struct pr_done){on_marked, relay});
}

static void end_batch(struct relay *relay)
{
    struct batch *batch = relay->batch;
    relay->batch = NULL;
    relay->poked |= batch->failed || batch->count == BATCH;
    if (batch->failed) {
        fail(relay, "messages not sent", PR_ERR_UNAVAILABLE);
    } else {
        relay->failures = 0;
        relay->due_ms = 0;
    }
    free(batch);
    move(relay, RELAY_IDLE);
}

/* ---- the life of a relay ---- */

static void on_purged(void *arg, enum pr_err err)
{
    struct relay *relay = arg;
    relay->purging = false;
    if (err)
        log_at(LOG_WARN, "old messages not purged", LOG_ERR(err));
    tick(relay);
}

static void purge(void *arg)
{
    struct relay *relay = arg;
    if (!relay->held || relay->purging || relay->closing)
        return;
    relay->purging = true;
    retention_purge(relay->pg, (struct pr_done){on_purged, relay});
}

static void one_closed(void *arg)
{
    struct relay *relay = arg;
    if (--relay->open > 0)
        return;
    void (*closed)(void *arg) = relay->closed;
    void *closed_arg = relay->closed_arg;
    free(relay);
    closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

static void shut(struct relay *relay)
{
    move(relay, RELAY_CLOSING);
    if (relay->batch && relay->batch->in_flight > 0)
        relay->batch->relay = NULL;
    else
        free(relay->batch);
    relay->open = 4;
    uv_close((uv_handle_t *)&relay->timer, on_timer_closed);
    ticker_close(&relay->poll, one_closed, relay);
    ticker_close(&relay->purge, one_closed, relay);
    pg_lock_close(relay->lock, one_closed, relay);
}

static bool go_on(struct relay *relay)
{
    uint64_t now = uv_now(relay->loop);
    struct batch *batch = relay->batch;
    bool due = now >= relay->due_ms;
    switch (relay->state) {
    case RELAY_STANDBY:
    case RELAY_IDLE:
        if (relay->closing && !relay->purging)
            shut(relay);
        else if (relay->held == (relay->state == RELAY_STANDBY))
            move(relay, relay->held ? RELAY_IDLE : RELAY_STANDBY);
        else if (relay->state == RELAY_IDLE && relay->poked && due && !relay->closing)
            load(relay);
        else
            return false;
        return relay->state != RELAY_CLOSING;
    case RELAY_SENDING:
        if (relay->marking)
            return false;
        if (batch->acknowledged && (due || (batch->in_flight == 0 && !relay->failures)))
            mark(relay);
        else if (batch->in_flight == 0 && !batch->acknowledged)
            end_batch(relay);
        else if (relay->closing && now >= relay->close_ms && !relay->purging)
            shut(relay);
        else
            return false;
        return relay->state != RELAY_CLOSING;
    case RELAY_LOADING:
    case RELAY_CLOSING:
        break;
    }
    return false;
}

static void on_timer(uv_timer_t *timer)
{
    tick(timer->data);
}

static void tick(struct relay *relay)
{
    if (relay->ticking)
        return; /* go_on is asked again after each step */
    relay->ticking = true;
    while (go_on(relay)) {
    }
    relay->ticking = false;
    if (relay->state == RELAY_CLOSING)
        return;
    uint64_t now = uv_now(relay->loop), next = UINT64_MAX;
    if (relay->due_ms > now)
        next = relay->due_ms;
    if (relay->closing && relay->close_ms > now && relay->close_ms < next)
        next = relay->close_ms;
    if (next != UINT64_MAX)
        uv_timer_start(&relay->timer, on_timer, next - now, 0);
}

static void on_lock(void *arg, bool held)
{
    struct relay *relay = arg;
    log_at(LOG_INFO, held ? "relays the outbox" : "no longer relays the outbox");
    relay->held = held;
    relay->poked = true;
    purge(relay);
    tick(relay);
}

void relay_poke(struct relay *relay)
{
    relay->poked = true;
    tick(relay);
}

static void on_poll(void *arg)
{
    relay_poke(arg);
}

struct relay *relay_create(uv_loop_t *loop, const struct relay_options *options)
{
    struct relay *relay = PR_NEW(struct relay);
    relay->loop = loop;
    relay->source = options->source;
    relay->pg = options->pg;
    relay->producer = options->producer;
    uv_timer_init(loop, &relay->timer);
    relay->timer.data = relay;
    ticker_start(loop, &relay->poll, options->poll_ms, on_poll, relay);
    ticker_start(loop, &relay->purge, PURGE_MS, purge, relay);
    relay->lock = pg_lock_create(loop, options->lock, LOCK_KEY, on_lock, relay);
    return relay;
}

bool relay_active(const struct relay *relay)
{
    return relay->held;
}

void relay_close(struct relay *relay, void (*closed)(void *arg), void *arg)
{
    relay->closed = closed;
    relay->closed_arg = arg;
    relay->closing = true;
    relay->close_ms = uv_now(relay->loop) + CLOSE_MS;
    tick(relay);
}
