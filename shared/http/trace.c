#include "shared/http/trace.h"

#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

static bool lower_hex(struct pr_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    }
    return true;
}

static bool all_zero(struct pr_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '0')
            return false;
    }
    return true;
}

bool trace_parse(struct pr_str header, struct trace *out)
{
    if (header.n < TRACEPARENT_BYTES || header.p[2] != '-' || header.p[35] != '-' ||
        header.p[52] != '-')
        return false;
    struct pr_str version = pr_str_n(header.p, 2), trace_id = pr_str_n(header.p + 3, 32),
                  span_id = pr_str_n(header.p + 36, 16), flags = pr_str_n(header.p + 53, 2);
    if (!lower_hex(version) || pr_str_is(version, "ff") || !lower_hex(trace_id) ||
        all_zero(trace_id) || !lower_hex(span_id) || all_zero(span_id) || !lower_hex(flags))
        return false;
    if (header.n > TRACEPARENT_BYTES &&
        (pr_str_is(version, "00") || header.p[TRACEPARENT_BYTES] != '-'))
        return false;
    pr_str_copy(trace_id, out->trace_id, sizeof out->trace_id);
    pr_str_copy(span_id, out->span_id, sizeof out->span_id);
    return pr_hex_decode(flags, &out->flags, 1);
}

void trace_format(const struct trace *trace, char out[TRACEPARENT_BYTES + 1])
{
    memcpy(out, "00-", 3);
    memcpy(out + 3, trace->trace_id, 32);
    out[35] = '-';
    memcpy(out + 36, trace->span_id, 16);
    out[52] = '-';
    pr_hex_encode(&trace->flags, 1, out + 53);
}

/* splitmix64, seeded once: a system call for each request would cost more than the rest of this
 * file. */
static uint64_t next_id(void)
{
    static uint64_t state;
    if (state == 0)
        crypto_random(&state, sizeof state);
    state += 0x9e3779b97f4a7c15U;
    uint64_t id = state;
    id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9U;
    id = (id ^ id >> 27) * 0x94d049bb133111ebU;
    id ^= id >> 31;
    return id ? id : 1;
}

void trace_continue(struct pr_str traceparent, struct trace *out)
{
    if (!trace_parse(traceparent, out)) {
        uint64_t trace_id[2] = {next_id(), next_id()};
        pr_hex_encode(trace_id, sizeof trace_id, out->trace_id);
        out->flags = 1;
    }
    uint64_t span_id = next_id();
    pr_hex_encode(&span_id, sizeof span_id, out->span_id);
}

bool request_id_valid(struct pr_str id)
{
    if (id.n < 1 || id.n > 63)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}
