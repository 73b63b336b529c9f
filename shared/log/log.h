/* log: one JSON line on stdout for each thing worth knowing.
 *
 *     {"time":"2026-11-21T07:30:00.123Z","level":"warn","service":"media","request_id":"…",
 *      "trace_id":"…","usecase":"finalize_media","step":"head_object","msg":"…", …fields}
 *
 * Who the line is about (request, trace, usecase, step) comes from the current context, which the
 * flow driver and the consumers set; call sites name only what is new. Text is escaped so that a
 * line stays one line. Secrets, presigned queries and tokens are never passed in. */
#pragma once

#include "shared/base/err.h"
#include "shared/base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* What the running code works for. Copied ids, so that it may outlive the request. */
struct log_context {
    char request_id[64]; /* empty when there is none */
    char trace_id[33];   /* W3C trace-id, 32 hex digits, or empty */
    char span_id[17];    /* W3C parent-id of our own span, 16 hex digits, or empty */
    const char *usecase; /* static text or NULL */
    const char *step;    /* static text or NULL */
};

enum log_type { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_NUM };

struct log_field {
    const char *name;
    enum log_type type;
    struct pr_str s;
    int64_t i;
    double d;
};

#define LOG_STR(field, value)                                                                      \
    {                                                                                              \
        (field), LOG_FIELD_STR, (value), 0, 0                                                      \
    }
#define LOG_TEXT(field, value)                                                                     \
    {                                                                                              \
        (field), LOG_FIELD_STR, pr_str(value), 0, 0                                                \
    }
#define LOG_INT(field, value)                                                                      \
    {                                                                                              \
        (field), LOG_FIELD_INT, {NULL, 0}, (int64_t)(value), 0                                     \
    }
#define LOG_NUM(field, value)                                                                      \
    {                                                                                              \
        (field), LOG_FIELD_NUM, {NULL, 0}, 0, (value)                                              \
    }
#define LOG_ERR(value) LOG_TEXT("error", pr_err_text(value))

/* log_at(LOG_WARN, "cannot reach Postgres", LOG_INT("retry_in_ms", 250)). msg is a constant text:
 * what varies goes into fields. */
#define log_at(level, msg, ...)                                                                    \
    log_write((level), (msg), (const struct log_field[]){{0}, ##__VA_ARGS__},                      \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))

/* Called by log_at; fields[0] is a placeholder. */
void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n);

void log_init(const char *service, enum log_level level);      /* service: static text */
bool log_level_parse(struct pr_str name, enum log_level *out); /* debug info warn error */

/* Makes ctx current and returns the one before, to be put back. NULL: nothing is current. Borrowed
 * while it is current. */
const struct log_context *log_context_enter(const struct log_context *ctx);
const struct log_context *log_context_current(void);

/* The trace that a W3C traceparent names, in a new span of our own: for work that goes on elsewhere
 * or later. An empty context for anything else. */
struct log_context log_context_of_trace(struct pr_str traceparent);

/* The level at which an error of this class is logged. */
enum log_level log_level_of(enum pr_err err);

/* While on, lines below warn are kept until log_flush (32 KiB of them at most), so that a loop under
 * load writes once a turn instead of once a request. A warning is written at once, with all that was
 * kept before it. Off at the start; turning it off writes what is kept. */
void log_hold(bool on);
void log_flush(void);

/* Where lines go; tests catch them here. NULL: stdout again. */
void log_set_sink(void (*sink)(void *arg, struct pr_str line), void *arg);
