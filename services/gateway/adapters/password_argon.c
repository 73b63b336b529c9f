/* A task goes from `waiting` to a thread and from there to `finished`, whose results the loop hands
 * out. Both lists, and `closing`, are the lock's; all else is the loop's alone. */
#include "services/gateway/adapters/password_argon.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/log/log.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/queue.h>
#include <unistd.h>

#define MEMORY_BYTES ((size_t)19 * 1024 * 1024)
#define PASSES 2
#define NICER 10

_Static_assert(PASSWORD_HASH_TEXT >= crypto_pwhash_STRBYTES, "a hash fits");

/* Of no password; the work is what these parameters say. */
static const char nobodys_hash[PASSWORD_HASH_TEXT] =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct task {
    STAILQ_ENTRY(task) link;
    char *password; /* wiped once it was hashed */
    size_t password_bytes;
    char hash[PASSWORD_HASH_TEXT]; /* made, or to be compared with */
    bool verify, nobodys, same;
    enum pr_err err;
    char *hash_out;
    bool *same_out;
    struct pr_done done;
};

STAILQ_HEAD(task_list, task);

struct password_argon {
    struct password_hasher port;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct task_list waiting, finished;
    size_t waiting_n;
    unsigned threads_ended;
    bool closing;

    uv_async_t results;
    unsigned threads_n;
    void (*closed)(void *arg);
    void *closed_arg;
    pthread_t threads[];
};

static void forget_password(struct task *task)
{
    crypto_wipe(task->password, task->password_bytes);
    free(task->password);
    task->password = NULL;
}

/* libsodium says EINVAL for another password, and nothing or ENOMEM when it could not tell. */
static void run(struct task *task)
{
    const char *compared = task->nobodys ? nobodys_hash : task->hash;
    int failed;
    errno = 0;
    if (task->verify)
        failed = crypto_pwhash_str_verify(compared, task->password, task->password_bytes);
    else
        failed = crypto_pwhash_str(task->hash, task->password, task->password_bytes, PASSES,
                                   MEMORY_BYTES);
    task->same = task->verify && !failed && !task->nobodys;
    if (failed && !(task->verify && errno == EINVAL))
        task->err = errno == ENOMEM ? PR_ERR_UNAVAILABLE : PR_ERR_INTERNAL;
    forget_password(task);
}

static void *hash_until_closed(void *arg)
{
    struct password_argon *argon = arg;
    struct task *task;
    if (nice(NICER) < 0) /* on Linux, of this thread alone */
        errno = 0;       /* as nice as can be already */
    pthread_mutex_lock(&argon->lock);
    for (;;) {
        while (!argon->closing && STAILQ_EMPTY(&argon->waiting))
            pthread_cond_wait(&argon->work, &argon->lock);
        if (argon->closing)
            break;
        task = STAILQ_FIRST(&argon->waiting);
        STAILQ_REMOVE_HEAD(&argon->waiting, link);
        argon->waiting_n--;
        pthread_mutex_unlock(&argon->lock);
        run(task);
        pthread_mutex_lock(&argon->lock);
        STAILQ_INSERT_TAIL(&argon->finished, task, link);
        uv_async_send(&argon->results);
    }
    argon->threads_ended++;
    uv_async_send(&argon->results);
    pthread_mutex_unlock(&argon->lock);
    return NULL;
}

static void deliver(struct task *task)
{
    struct pr_done done = task->done;
    enum pr_err err = task->err;
    if (err == PR_OK && task->verify)
        *task->same_out = task->same;
    else if (err == PR_OK)
        memcpy(task->hash_out, task->hash, sizeof(task->hash));
    free(task);
    pr_done_call(done, err);
}

static void on_closed(uv_handle_t *handle)
{
    struct password_argon *argon =
        PR_CONTAINER((uv_async_t *)handle, struct password_argon, results);
    void (*closed)(void *arg) = argon->closed;
    void *closed_arg = argon->closed_arg;
    pthread_cond_destroy(&argon->work);
    pthread_mutex_destroy(&argon->lock);
    free(argon);
    closed(closed_arg);
}

static void on_results(uv_async_t *async)
{
    struct password_argon *argon = PR_CONTAINER(async, struct password_argon, results);
    struct task_list finished = STAILQ_HEAD_INITIALIZER(finished);
    struct task *task;
    pthread_mutex_lock(&argon->lock);
    STAILQ_CONCAT(&finished, &argon->finished);
    bool ended = argon->threads_ended == argon->threads_n;
    pthread_mutex_unlock(&argon->lock);
    while ((task = STAILQ_FIRST(&finished))) {
        STAILQ_REMOVE_HEAD(&finished, link);
        if (task->err)
            log_at(LOG_ERROR, "a password could not be hashed", LOG_ERR(task->err));
        deliver(task);
    }
    if (!ended)
        return;
    for (unsigned i = 0; i < argon->threads_n; i++)
        pthread_join(argon->threads[i], NULL);
    uv_close((uv_handle_t *)&argon->results, on_closed);
}

/* Takes the task. */
static void queue(struct password_argon *argon, struct task *task, struct pr_str password)
{
    enum pr_err refused = PR_OK;
    task->password = pr_alloc(password.n);
    task->password_bytes = password.n;
    if (password.n)
        memcpy(task->password, password.p, password.n);
    pthread_mutex_lock(&argon->lock);
    if (argon->closing)
        refused = PR_ERR_UNAVAILABLE;
    else if (argon->waiting_n == PASSWORD_ARGON_WAITING_MAX)
        refused = PR_ERR_LIMITED;
    if (!refused) {
        STAILQ_INSERT_TAIL(&argon->waiting, task, link);
        argon->waiting_n++;
        pthread_cond_signal(&argon->work);
    }
    pthread_mutex_unlock(&argon->lock);
    if (!refused)
        return;
    forget_password(task);
    task->err = refused;
    deliver(task);
}

static void argon_hash(struct password_hasher *hasher, struct pr_str password,
                       char out[PASSWORD_HASH_TEXT], struct pr_done done)
{
    struct task *task = PR_NEW(struct task);
    task->hash_out = out;
    task->done = done;
    queue(PR_CONTAINER(hasher, struct password_argon, port), task, password);
}

static void argon_verify(struct password_hasher *hasher, struct pr_str password, const char *hash,
                         bool *same, struct pr_done done)
{
    struct task *task = PR_NEW(struct task);
    task->verify = true;
    task->nobodys = !hash || !pr_str_copy(pr_str(hash), task->hash, sizeof(task->hash));
    task->same_out = same;
    task->done = done;
    queue(PR_CONTAINER(hasher, struct password_argon, port), task, password);
}

/* Signals are the loop's: threads inherit a mask that blocks all of them. */
static void start_threads(struct password_argon *argon)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < argon->threads_n; i++) {
        if (pthread_create(&argon->threads[i], NULL, hash_until_closed, argon) != 0)
            abort();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct password_argon *password_argon_create(uv_loop_t *loop, unsigned threads)
{
    struct password_argon *argon = pr_alloc(sizeof(*argon) + threads * sizeof(argon->threads[0]));
    assert(threads > 0);
    if (sodium_init() < 0) /* chooses the fastest code for this processor */
        abort();
    argon->port = (struct password_hasher){argon_hash, argon_verify};
    argon->threads_n = threads;
    pthread_mutex_init(&argon->lock, NULL);
    pthread_cond_init(&argon->work, NULL);
    STAILQ_INIT(&argon->waiting);
    STAILQ_INIT(&argon->finished);
    if (uv_async_init(loop, &argon->results, on_results) != 0)
        abort();
    start_threads(argon);
    return argon;
}

struct password_hasher *password_argon_port(struct password_argon *argon)
{
    return &argon->port;
}

void password_argon_close(struct password_argon *argon, void (*closed)(void *arg), void *arg)
{
    struct task_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
    struct task *task;
    argon->closed = closed;
    argon->closed_arg = arg;
    pthread_mutex_lock(&argon->lock);
    argon->closing = true;
    STAILQ_CONCAT(&waiting, &argon->waiting);
    argon->waiting_n = 0;
    pthread_cond_broadcast(&argon->work);
    pthread_mutex_unlock(&argon->lock);
    while ((task = STAILQ_FIRST(&waiting))) {
        STAILQ_REMOVE_HEAD(&waiting, link);
        forget_password(task);
        task->err = PR_ERR_UNAVAILABLE;
        deliver(task);
    }
}
