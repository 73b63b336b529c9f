/* Range: a part lies within the whole. Two lines: Range, If-Range. */
#include "shared/http/range.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t size_bytes = 1000;
    struct pr_str range, if_range;
    int64_t first, n;
    pr_str_cut(pr_str_n(data, size), '\n', &range, &if_range);
    enum http_range is =
        http_range_read(range, if_range, pr_str("\"tag\""), size_bytes, &first, &n);
    if (is == HTTP_RANGE_PART)
        assert(first >= 0 && n > 0 && first + n <= size_bytes);
    if (is == HTTP_RANGE_WHOLE)
        assert(first == 0 && n == size_bytes);
    return 0;
}
