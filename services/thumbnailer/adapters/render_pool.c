/* One worker:
 *
 *     DOWN --spawn--> STARTING --hello--> IDLE --request--> BUSY --reply--> IDLE
 *      ^                 |                 |                 |
 *      |                 +----- exit ------+------ exit -----+---- its last reply
 *      |                                   v
 *      +------- its handles closed ------ GONE
 *
 * From DOWN it is spawned again: at once when it had done some work, after a pause when it had not. An order
 * is a rendering: it waits in a queue until a worker is idle; while not one worker comes up, it ends as
 * unavailable. How a BUSY worker exits decides over its order. The timer is the limit for the start, the wall
 * limit of an order (besides the CPU limit the worker has), and the pause. */
#include "services/thumbnailer/adapters/render_pool.h"

#include "services/thumbnailer/adapters/render_verdict.h"
#include "shared/base/alloc.h"
#include "shared/log/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_LIMIT_MS 10000
#define RESPAWN_PAUSE_MS 1000
/* Times the CPU limit: a worker that sleeps is not left alone for ever. */
#define WALL_LIMIT_FACTOR 6

enum worker_state { WORKER_DOWN, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_GONE };

struct order {
    TAILQ_ENTRY(order) next;
    uint64_t id;
    enum content_type type;
    const struct render_file *input;
    struct render_outcome *out;
    struct pr_done done;
};

TAILQ_HEAD(orders, order);

struct worker {
    struct render_pool *pool;
    enum worker_state state;
    uv_process_t process;
    uv_poll_t poll;
    uv_timer_t timer;
    int sock;
    unsigned handles; /* of process and poll, still to close */
    bool served;      /* has answered, or died at work: there is no need to pause */
    bool too_slow;    /* killed by us at a limit */
    struct order *order;
};

struct render_pool {
    struct renderer port;
    uv_loop_t *loop;
    char *worker_path;
    struct render_limits limits;
    struct orders waiting;
    uint64_t next_id;
    bool closing;
    unsigned open; /* workers whose handles are not all closed */
    void (*closed)(void *arg);
    void *closed_arg;
    unsigned workers_n;
    struct worker workers[];
};

static void spawn(struct worker *worker);
static void give_work(struct render_pool *pool);

static void finish_order(struct order *order, enum pr_err err)
{
    struct pr_done done = order->done;
    free(order);
    pr_done_call(done, err);
}

/* --- the life of a worker -------------------------------------------------------------------------- */

static void timer_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;
    struct render_pool *pool = worker->pool;
    if (--pool->open == 0) {
        void (*closed)(void *arg) = pool->closed;
        void *arg = pool->closed_arg;
        free(pool->worker_path);
        free(pool);
        closed(arg);
    }
}

static void pause_over(uv_timer_t *timer)
{
    spawn(timer->data);
}

/* Nobody waits for workers that do not come up. An order that comes during the pause does, for the next
 * try. */
static void pause_after_failure(struct worker *worker)
{
    struct render_pool *pool = worker->pool;
    struct orders given_up = TAILQ_HEAD_INITIALIZER(given_up);
    struct order *order;
    uv_timer_start(&worker->timer, pause_over, RESPAWN_PAUSE_MS, 0);
    if (render_pool_ready(pool) == 0)
        TAILQ_CONCAT(&given_up, &pool->waiting, next);
    while ((order = TAILQ_FIRST(&given_up))) {
        TAILQ_REMOVE(&given_up, order, next);
        finish_order(order, PR_ERR_UNAVAILABLE);
    }
}

static void go_down(struct worker *worker)
{
    worker->state = WORKER_DOWN;
    if (worker->pool->closing)
        uv_close((uv_handle_t *)&worker->timer, timer_closed);
    else if (worker->served)
        spawn(worker);
    else
        pause_after_failure(worker);
}

static void handle_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;
    if (--worker->handles == 0)
        go_down(worker);
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
    struct worker *worker = process->data;
    struct order *order = worker->order;
    worker->state = WORKER_GONE;
    worker->order = NULL;
    uv_timer_stop(&worker->timer);
    uv_close((uv_handle_t *)&worker->poll, handle_closed);
    uv_close((uv_handle_t *)process, handle_closed);
    close(worker->sock);
    if (order) {
        worker->served |= signal != 0;
        render_verdict_of_end(signal, worker->too_slow, order->out);
        finish_order(order, PR_OK);
    }
    /* SIGKILL that is not ours came from outside, and says nothing of the program. */
    bool outside = signal == SIGKILL && !worker->too_slow;
    if (!worker->served && !worker->pool->closing)
        log_at(outside ? LOG_WARN : LOG_ERROR, "a decode worker ended before it did any work",
               LOG_INT("status", status), LOG_INT("signal", signal));
}

/* A worker holds nothing that would be worth a goodbye, and may not listen to one. */
static void kill_worker(struct worker *worker)
{
    uv_process_kill(&worker->process, SIGKILL);
}

static void too_slow(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    worker->too_slow = true;
    kill_worker(worker);
}

/* These two return as render_recv_reply does. */
static int welcome(struct worker *worker)
{
    int got = render_recv_hello(worker->sock);
    if (got == 1) {
        uv_timer_stop(&worker->timer);
        worker->state = WORKER_IDLE;
        give_work(worker->pool);
    }
    return got;
}

static int take_answer(struct worker *worker)
{
    struct render_reply reply;
    struct order *order = worker->order;
    int got = render_recv_reply(worker->sock, &reply);
    if (got != 1)
        return got;
    if (!order || reply.id != order->id || !render_reply_is_true(&reply, order->out)) {
        errno = EPROTO;
        return -1;
    }
    uv_timer_stop(&worker->timer);
    worker->order = NULL;
    worker->served = true;
    worker->state = WORKER_IDLE;
    if (reply.jobs_left == 0) {
        worker->state = WORKER_GONE;
        kill_worker(worker);
    }
    render_verdict_of_reply(&reply, order->out);
    finish_order(order, PR_OK);
    give_work(worker->pool);
    return got;
}

static void readable(uv_poll_t *poll, int status, int events)
{
    struct worker *worker = poll->data;
    (void)events;
    int got = 0;
    if (status >= 0)
        got = worker->state == WORKER_STARTING ? welcome(worker) : take_answer(worker);
    if (got == 1 || (got < 0 && errno == EAGAIN))
        return;
    /* Closed: its exit tells the rest. Nonsense: what says that is no longer our worker. */
    uv_poll_stop(poll);
    if (got < 0) {
        log_at(LOG_ERROR, "a decode worker cannot be believed", LOG_TEXT("cause", strerror(errno)));
        kill_worker(worker);
    }
}

static bool start_process(struct worker *worker, int theirs)
{
    char *args[] = {worker->pool->worker_path, "serve", NULL};
    char *env[] = {NULL};
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = theirs},
    };
    uv_process_options_t options = {
        .exit_cb = exited,
        .file = worker->pool->worker_path,
        .args = args,
        .env = env,
        .stdio_count = PR_COUNT(stdio),
        .stdio = stdio,
    };
    int err = uv_spawn(worker->pool->loop, &worker->process, &options);
    if (err)
        log_at(LOG_ERROR, "cannot start a decode worker",
               LOG_TEXT("path", worker->pool->worker_path), LOG_TEXT("cause", uv_strerror(err)));
    return !err;
}

static void spawn(struct worker *worker)
{
    struct render_pool *pool = worker->pool;
    int pair[2];
    assert(worker->state == WORKER_DOWN);
    worker->served = worker->too_slow = false;
    worker->process.data = worker->poll.data = worker;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        log_at(LOG_ERROR, "no socket for a decode worker", LOG_TEXT("cause", strerror(errno)));
        pause_after_failure(worker);
        return;
    }
    /* The worker waits on its end; only ours must not block. */
    fcntl(pair[1], F_SETFL, 0);
    bool started = start_process(worker, pair[1]);
    close(pair[1]);
    if (!started) {
        close(pair[0]);
        worker->state = WORKER_GONE;
        worker->handles = 1;
        uv_close((uv_handle_t *)&worker->process, handle_closed);
        return;
    }
    worker->sock = pair[0];
    worker->handles = 2;
    worker->state = WORKER_STARTING;
    uv_poll_init(pool->loop, &worker->poll, worker->sock);
    uv_poll_start(&worker->poll, UV_READABLE, readable);
    uv_timer_start(&worker->timer, too_slow, START_LIMIT_MS, 0);
}

/* --- orders ---------------------------------------------------------------------------------------- */

/* What was written stays: a file cut short while we read it from a mapping would end us. */
static bool open_outputs(struct render_outcome *out)
{
    for (enum rendition_name name = 0; name < RENDITIONS; name++) {
        struct render_file *file = &out->pictures[name].file;
        file->fd = memfd_create(rendition_text(name), MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (file->fd < 0 || fcntl(file->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
            return false;
    }
    return true;
}

static bool send_order(struct worker *worker, const struct order *order)
{
    const struct render_limits *limits = &worker->pool->limits;
    struct render_request request = {
        .version = RENDER_PROTOCOL_VERSION,
        .content_type = order->type,
        .id = order->id,
        .size_bytes = (uint64_t)order->input->size_bytes,
        .max_pixels = (uint64_t)limits->max_pixels,
        .max_side = RENDER_DEFAULT_MAX_SIDE,
        .max_frames = RENDER_DEFAULT_MAX_FRAMES,
        .cpu_s = (uint32_t)limits->cpu_s,
    };
    const int fds[RENDER_FD_COUNT] = {
        [RENDER_FD_INPUT] = order->input->fd,
        [RENDER_FD_PREVIEW] = order->out->pictures[RENDITION_PREVIEW].file.fd,
        [RENDER_FD_LARGE] = order->out->pictures[RENDITION_LARGE].file.fd,
    };
    return render_send_request(worker->sock, &request, fds) == 1;
}

static void start_order(struct worker *worker, struct order *order)
{
    worker->order = order;
    worker->state = WORKER_BUSY;
    uv_timer_start(&worker->timer, too_slow,
                   (uint64_t)worker->pool->limits.cpu_s * WALL_LIMIT_FACTOR * 1000, 0);
    /* A worker that cannot be told has just ended: exited gives the order its verdict. */
    if (!send_order(worker, order))
        kill_worker(worker);
}

static void give_work(struct render_pool *pool)
{
    for (unsigned i = 0; i < pool->workers_n; i++) {
        struct order *order = TAILQ_FIRST(&pool->waiting);
        if (!order)
            return;
        if (pool->workers[i].state != WORKER_IDLE)
            continue;
        TAILQ_REMOVE(&pool->waiting, order, next);
        start_order(&pool->workers[i], order);
    }
}

static void render(struct renderer *port, const char *content_type, const struct render_file *input,
                   struct render_outcome *out, struct pr_done done)
{
    struct render_pool *pool = PR_CONTAINER(port, struct render_pool, port);
    if (!open_outputs(out)) {
        log_at(LOG_ERROR, "cannot make files for renditions", LOG_TEXT("cause", strerror(errno)));
        pr_done_call(done, PR_ERR_UNAVAILABLE);
        return;
    }
    struct order *order = PR_NEW(struct order);
    order->id = ++pool->next_id;
    order->type = content_type_from_mime(content_type);
    order->input = input;
    order->out = out;
    order->done = done;
    TAILQ_INSERT_TAIL(&pool->waiting, order, next);
    give_work(pool);
}

struct render_pool *render_pool_create(uv_loop_t *loop, const char *worker_path, unsigned workers,
                                       const struct render_limits *limits)
{
    struct render_pool *pool = pr_alloc(sizeof *pool + workers * sizeof pool->workers[0]);
    pool->port.render = render;
    pool->loop = loop;
    pool->worker_path = pr_str_dup(pr_str(worker_path));
    pool->limits = *limits;
    pool->workers_n = pool->open = workers;
    TAILQ_INIT(&pool->waiting);
    for (unsigned i = 0; i < workers; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->state = WORKER_DOWN;
        uv_timer_init(loop, &worker->timer);
        worker->timer.data = worker;
        spawn(worker);
    }
    return pool;
}

struct renderer *render_pool_port(struct render_pool *pool)
{
    return &pool->port;
}

unsigned render_pool_ready(const struct render_pool *pool)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < pool->workers_n; i++)
        ready += pool->workers[i].state == WORKER_IDLE || pool->workers[i].state == WORKER_BUSY;
    return ready;
}

void render_pool_close(struct render_pool *pool, void (*closed)(void *arg), void *arg)
{
    assert(TAILQ_EMPTY(&pool->waiting));
    pool->closing = true;
    pool->closed = closed;
    pool->closed_arg = arg;
    for (unsigned i = 0; i < pool->workers_n; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->state == WORKER_DOWN)
            uv_close((uv_handle_t *)&worker->timer, timer_closed);
        else if (worker->state != WORKER_GONE)
            kill_worker(worker);
    }
}
