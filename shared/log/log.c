#include "shared/log/log.h"

#include "shared/base/buf.h"
#include "shared/base/encode.h"
#include "shared/base/time.h"
#include "shared/base/utf8.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)8192)

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static struct {
    const char *service;
    enum log_level level;
    const struct log_context *context;
    void (*sink)(void *arg, struct pr_str line);
    void *sink_arg;
} state = {.service = "pierrot", .level = LOG_INFO};

/* Lines that wait for log_flush. */
static struct {
    bool on;
    size_t n;
    char lines[4 * LINE_MAX_BYTES];
} held;

void log_init(const char *service, enum log_level level)
{
    state.service = service;
    state.level = level;
}

bool log_level_parse(struct pr_str name, enum log_level *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (pr_str_is(name, level_names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

const struct log_context *log_context_enter(const struct log_context *ctx)
{
    const struct log_context *before = state.context;
    state.context = ctx;
    return before;
}

const struct log_context *log_context_current(void)
{
    return state.context;
}

/* version "-" trace-id "-" parent-id "-" flags (W3C Trace Context), lower-case hex. */
struct log_context log_context_of_trace(struct pr_str traceparent)
{
    enum { TRACE_AT = 3, TRACE = 32, SPAN = 16, LENGTH = 2 + 1 + TRACE + 1 + SPAN + 1 + 2 };
    struct log_context context = {.trace_id = ""};
    uint8_t trace[TRACE / 2], span[SPAN / 2];
    if (traceparent.n < LENGTH || traceparent.p[2] != '-' ||
        traceparent.p[TRACE_AT + TRACE] != '-' ||
        !pr_hex_decode(pr_str_n(traceparent.p + TRACE_AT, TRACE), trace, sizeof trace))
        return context;
    randombytes_buf(span, sizeof span);
    pr_hex_encode(trace, sizeof trace, context.trace_id);
    pr_hex_encode(span, sizeof span, context.span_id);
    return context;
}

enum log_level log_level_of(enum pr_err err)
{
    switch (pr_err_class(err)) {
    case PR_CLASS_NONE:
    case PR_CLASS_CALLER:
        return LOG_INFO;
    case PR_CLASS_TEMPORARY:
        return LOG_WARN;
    case PR_CLASS_PERMANENT:
        break;
    }
    return LOG_ERROR;
}

void log_set_sink(void (*sink)(void *arg, struct pr_str line), void *arg)
{
    state.sink = sink;
    state.sink_arg = arg;
}

/* How many bytes at its start are ASCII that stands for itself: nearly always all. */
static size_t plain_run(struct pr_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

static void put_char(struct pr_buf *out, char byte, bool text)
{
    uint8_t c = (uint8_t)byte;
    if (c == '"' || c == '\\')
        pr_buf_printf(out, "\\%c", c);
    else if (c >= 0x80 && text)
        pr_buf_append(out, pr_str_n(&byte, 1));
    else
        pr_buf_printf(out, "\\u%04x", c);
}

/* JSON text (RFC 8259). What is not valid UTF-8, or would turn the direction of the line, is
 * written byte by byte as \u00XX. */
static void put_text(struct pr_buf *out, struct pr_str s)
{
    size_t at = plain_run(s);
    bool text = at == s.n || (pr_utf8_valid(s) && !pr_utf8_has_control(s));
    pr_buf_puts(out, "\"");
    pr_buf_append(out, pr_str_n(s.p, at));
    while (at < s.n) {
        put_char(out, s.p[at++], text);
        size_t run = plain_run(pr_str_n(s.p + at, s.n - at));
        pr_buf_append(out, pr_str_n(s.p + at, run));
        at += run;
    }
    pr_buf_puts(out, "\"");
}

static void put_name(struct pr_buf *out, const char *name)
{
    pr_buf_puts(out, ",\"");
    pr_buf_puts(out, name);
    pr_buf_puts(out, "\":");
}

static void put_member(struct pr_buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    put_name(out, name);
    put_text(out, pr_str(value));
}

static void put_field(struct pr_buf *out, const struct log_field *field)
{
    put_name(out, field->name);
    switch (field->type) {
    case LOG_FIELD_STR:
        put_text(out, pr_str_n(field->s.p, field->s.n > 1024 ? 1024 : field->s.n));
        break;
    case LOG_FIELD_INT:
        pr_buf_printf(out, "%lld", (long long)field->i);
        break;
    case LOG_FIELD_NUM:
        pr_buf_printf(out, isfinite(field->d) ? "%.3f" : "null", field->d);
        break;
    }
}

static void write_out(struct pr_str lines)
{
    while (lines.n > 0) {
        ssize_t n = write(STDOUT_FILENO, lines.p, lines.n);
        if (n <= 0)
            return; /* nobody can be told */
        lines = pr_str_n(lines.p + n, lines.n - (size_t)n);
    }
}

void log_hold(bool on)
{
    log_flush();
    held.on = on;
}

void log_flush(void)
{
    write_out(pr_str_n(held.lines, held.n));
    held.n = 0;
}

static void write_line(enum log_level level, struct pr_str line)
{
    assert(line.p);
    if (state.sink) {
        state.sink(state.sink_arg, line);
        return;
    }
    if (!held.on || level >= LOG_WARN || line.n > sizeof held.lines - held.n)
        log_flush();
    if (held.on && level < LOG_WARN) {
        memcpy(held.lines + held.n, line.p, line.n);
        held.n += line.n;
    } else {
        write_out(line);
    }
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n)
{
    const struct log_context *ctx = state.context;
    struct pr_buf line;
    char now[PR_RFC3339_TEXT];
    if (level < state.level)
        return;
    pr_buf_init(&line, LINE_MAX_BYTES);
    pr_buf_puts(&line, "{\"time\":\"");
    pr_buf_puts(&line, pr_time_rfc3339(pr_now_ms(&pr_clock_system), now));
    pr_buf_puts(&line, "\"");
    put_member(&line, "level", level_names[level]);
    put_member(&line, "service", state.service);
    if (ctx) {
        put_member(&line, "request_id", ctx->request_id);
        put_member(&line, "trace_id", ctx->trace_id);
        put_member(&line, "usecase", ctx->usecase);
        put_member(&line, "step", ctx->step);
    }
    put_member(&line, "msg", msg);
    /* A field that no longer fits is left out whole, so that the line stays JSON. */
    for (size_t i = 1; i < n; i++) {
        size_t before = line.n;
        put_field(&line, &fields[i]);
        if (line.full || line.n > LINE_MAX_BYTES - 2) {
            line.n = before;
            line.full = false;
        }
    }
    pr_buf_puts(&line, "}\n");
    write_line(level, pr_buf_str(&line));
    pr_buf_fini(&line);
}
