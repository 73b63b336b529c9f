/* trace: the ids a request carries from hop to hop: x-request-id, and traceparent as W3C Trace
 * Context level 1 has it (00-<trace-id>-<parent-id>-<flags>). */
#pragma once

#include "shared/base/str.h"

#define TRACEPARENT_BYTES 55

struct trace {
    char trace_id[33]; /* 32 lower-case hex digits, never all zero */
    char span_id[17];  /* 16, likewise: of whoever sent it */
    uint8_t flags;     /* bit 0: sampled */
};

/* False for anything the standard does not call valid; then a new trace begins. A version above 00
 * may say more after the flags, which is ignored. */
bool trace_parse(struct pr_str traceparent, struct trace *out);

/* Ours, for the next hop; version 00, terminated. */
void trace_format(const struct trace *trace, char out[TRACEPARENT_BYTES + 1]);

/* Goes on with what the caller sent, or begins a trace; the span is new. The ids are unlikely to
 * meet and easy to guess: they are names, not secrets. */
void trace_continue(struct pr_str traceparent, struct trace *out);

/* 1 to 63 characters of [A-Za-z0-9._-]. */
bool request_id_valid(struct pr_str id);
