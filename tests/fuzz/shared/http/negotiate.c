/* If-None-Match and Accept-Encoding. A tag that is put before any list is found in it. */
#include "shared/http/negotiate.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char first[] = "\"tag\", ";
    char *bytes = malloc(size + sizeof first);
    assert(bytes);
    memcpy(bytes, first, sizeof first - 1);
    memcpy(bytes + sizeof first - 1, data, size);
    bool listed = etag_listed(pr_str_n(bytes, size + sizeof first - 1), pr_str("\"tag\""));
    assert(listed);
    etag_listed(pr_str_n(data, size), pr_str("\"tag\""));
    gzip_accepted(pr_str_n(data, size));
    free(bytes);
    return 0;
}
