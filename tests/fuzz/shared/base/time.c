/* Any text as a time: what parses is written and parsed as the same time again. */
#include "shared/base/time.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int64_t at_ms, again;
    char text[PR_RFC3339_TEXT], amz[PR_AMZ_DATE_TEXT];
    if (pr_time_parse(pr_str_n(data, n), &at_ms)) {
        pr_time_rfc3339(at_ms, text);
        assert(pr_time_parse(pr_str(text), &again));
        /* An offset may reach beyond the years that can be written. */
        if (at_ms >= -62167219200000 && at_ms <= 253402300799999)
            assert(again == at_ms);
        assert(strlen(pr_time_amz(at_ms, amz)) == PR_AMZ_DATE_TEXT - 1);
    }
    return 0;
}
