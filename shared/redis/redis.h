/* redis: one connection to Redis, on the loop: commands pipelined, answered in their order, within
 * a time limit. When it is lost it is made anew, for as long as it is open; until then every
 * command is answered at once: Redis is away. One connection belongs to one loop thread; the
 * process ignores SIGPIPE. */
#pragma once

#include "shared/base/str.h"

#include <uv.h>

#define REDIS_ARGS_MAX 8
#define REDIS_NUMBERS_MAX 4

struct redis;

struct redis_options {
    const char *url;    /* redis://[:password@]host[:port][/db]; copied */
    const char *use;    /* "cache": what for, as the log calls it; static */
    int64_t timeout_ms; /* for an answer; then Redis is away, and the connection is made anew */
};

enum redis_answer_kind {
    REDIS_AWAY, /* or was lost before it answered: whether the command ran is not known */
    REDIS_REFUSED,
    REDIS_TEXT,
    REDIS_NUMBERS,
    REDIS_OTHER, /* also: no such key */
};

struct redis_answer {
    enum redis_answer_kind kind;
    struct pr_str text;                 /* REDIS_TEXT: the string; REDIS_REFUSED: Redis's words */
    int64_t numbers[REDIS_NUMBERS_MAX]; /* REDIS_NUMBERS: an array of integers */
    size_t numbers_n;
};
/* answer is borrowed for the call. */
typedef void (*redis_answer_fn)(void *arg, const struct redis_answer *answer);

/* Connects meanwhile. NULL when the URL is malformed. */
struct redis *redis_create(uv_loop_t *loop, const struct redis_options *options);

/* Whether a command would be sent now. */
bool redis_ready(const struct redis *redis);

/* Up to REDIS_ARGS_MAX arguments, copied; answered exactly once, now or later. */
void redis_command(struct redis *redis, const struct pr_str *args, size_t args_n,
                   redis_answer_fn answered, void *arg);

/* What is under way is answered with REDIS_AWAY; then closed is called, later. */
void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg);
