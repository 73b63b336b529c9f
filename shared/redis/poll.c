#include "shared/redis/poll.h"

#include "shared/base/alloc.h"

struct redis_poll {
    uv_poll_t handle;
    redisAsyncContext *context;
    int events;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void on_event(uv_poll_t *handle, int status, int events)
{
    struct redis_poll *poll = PR_CONTAINER(handle, struct redis_poll, handle);
    redisAsyncContext *context = poll->context;
    /* libuv has stopped a handle that failed: reading meets the socket's error, and ends it. */
    if (status < 0 || events & UV_READABLE)
        redisAsyncHandleRead(context);
    /* hiredis may just have freed the connection; the handle lives until its close callback. */
    if (poll->context && events & UV_WRITABLE)
        redisAsyncHandleWrite(context);
}

static void watch(struct redis_poll *poll, int events)
{
    poll->events = events;
    if (events)
        uv_poll_start(&poll->handle, events, on_event);
    else
        uv_poll_stop(&poll->handle);
}

static void add_read(void *arg)
{
    struct redis_poll *poll = arg;
    watch(poll, poll->events | UV_READABLE);
}

static void del_read(void *arg)
{
    struct redis_poll *poll = arg;
    watch(poll, poll->events & ~UV_READABLE);
}

static void add_write(void *arg)
{
    struct redis_poll *poll = arg;
    watch(poll, poll->events | UV_WRITABLE);
}

static void del_write(void *arg)
{
    struct redis_poll *poll = arg;
    watch(poll, poll->events & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    struct redis_poll *poll = PR_CONTAINER(handle, struct redis_poll, handle);
    void (*closed)(void *arg) = poll->closed;
    void *arg = poll->closed_arg;
    free(poll);
    closed(arg);
}

static void cleanup(void *arg)
{
    struct redis_poll *poll = arg;
    poll->context = NULL;
    uv_close((uv_handle_t *)&poll->handle, on_closed);
}

bool redis_poll_attach(redisAsyncContext *context, uv_loop_t *loop, void (*closed)(void *arg),
                       void *arg)
{
    struct redis_poll *poll = PR_NEW(struct redis_poll);
    if (uv_poll_init(loop, &poll->handle, context->c.fd) != 0) {
        free(poll);
        return false;
    }
    poll->context = context;
    poll->closed = closed;
    poll->closed_arg = arg;
    context->ev.data = poll;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    return true;
}
