/* lock: a session advisory lock, on a pool of one connection whose session holds it.
 *
 *     away ──► asking ──► held ──► away
 *               ▲  │ no              the connection is lost: so is the lock
 *        a pause│  ▼
 *              waiting
 *
 * It asks again and again instead of waiting inside Postgres: a statement that waits for days would
 * keep vacuum from its work. */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <sodium.h>

#define PAUSE_MS 1000u /* between two tries, +- half of it */

struct pg_lock {
    struct pg *pg;
    int64_t key;
    bool asking, won, held;
    uv_timer_t pause;
    unsigned open; /* the pool and the timer */
    void (*changed)(void *arg, bool held);
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void ask(struct pg_lock *lock);

static void set_held(struct pg_lock *lock, bool held)
{
    if (lock->held == held)
        return;
    lock->held = held;
    lock->changed(lock->arg, held);
}

static void on_pause_over(uv_timer_t *timer)
{
    ask(PR_CONTAINER(timer, struct pg_lock, pause));
}

static enum pr_err read_won(void *arg, const struct pg_result *result)
{
    ((struct pg_lock *)arg)->won = pg_bool(result, 0, 0);
    return PR_OK;
}

static void answered(void *arg, enum pr_err err)
{
    struct pg_lock *lock = arg;
    lock->asking = false;
    if (!pg_ready(lock->pg)) /* asks again when the connection is back */
        return;
    if (!err && lock->won)
        set_held(lock, true);
    else
        uv_timer_start(&lock->pause, on_pause_over,
                       PAUSE_MS / 2 + randombytes_uniform(PAUSE_MS + 1), 0);
}

static void ask(struct pg_lock *lock)
{
    static const struct pg_stmt try_stmt = {
        "lock_try",
        "select pg_try_advisory_lock(hashtextextended(current_schema(), $1))",
    };
    if (lock->asking)
        return;
    lock->asking = true;
    lock->won = false;
    struct pg_query *query = pg_query_new(lock->pg);
    pg_query_add(query, &try_stmt);
    pg_bind_int(query, lock->key);
    pg_query_rows(query, read_won, lock);
    pg_query_run(query, (struct pr_done){answered, lock});
}

static void on_pool(void *arg, bool up)
{
    struct pg_lock *lock = arg;
    if (up) {
        ask(lock);
        return;
    }
    uv_timer_stop(&lock->pause);
    set_held(lock, false);
}

struct pg_lock *pg_lock_create(uv_loop_t *loop, const struct pg_options *options, int64_t key,
                               void (*changed)(void *arg, bool held), void *arg)
{
    struct pg_lock *lock = PR_NEW(struct pg_lock);
    struct pg_options own = *options;
    own.connections = 1;
    own.max_waiting = 1;
    lock->pg = pg_create(loop, &own);
    lock->pg->watch = on_pool;
    lock->pg->watch_arg = lock;
    lock->key = key;
    lock->changed = changed;
    lock->arg = arg;
    lock->open = 2;
    uv_timer_init(loop, &lock->pause);
    return lock;
}

static void one_closed(void *arg)
{
    struct pg_lock *lock = arg;
    if (--lock->open > 0)
        return;
    void (*closed)(void *arg) = lock->closed;
    void *closed_arg = lock->closed_arg;
    free(lock);
    closed(closed_arg);
}

static void pause_closed(uv_handle_t *handle)
{
    one_closed(PR_CONTAINER(handle, struct pg_lock, pause));
}

void pg_lock_close(struct pg_lock *lock, void (*closed)(void *arg), void *arg)
{
    lock->closed = closed;
    lock->closed_arg = arg;
    uv_close((uv_handle_t *)&lock->pause, pause_closed);
    pg_close(lock->pg, one_closed, lock);
}
