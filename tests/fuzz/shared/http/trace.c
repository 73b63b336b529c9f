/* What is taken comes out again as it is written. */
#include "shared/http/trace.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pr_str text = pr_str_n(data, size);
    struct trace trace;
    char again[TRACEPARENT_BYTES + 1];
    request_id_valid(text);
    if (trace_parse(text, &trace)) {
        trace_format(&trace, again);
        assert(memcmp(again + 2, text.p + 2, TRACEPARENT_BYTES - 2) == 0);
    }
    return 0;
}
