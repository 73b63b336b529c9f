/* Any text as a UUID: what parses is written as the same text in lower case. */
#include "shared/base/uuid.h"

#include <assert.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pr_uuid uuid, again;
    char text[PR_UUID_TEXT];
    if (pr_uuid_parse(pr_str_n(data, n), &uuid)) {
        pr_uuid_format(&uuid, text);
        assert(n == PR_UUID_TEXT - 1 && strncasecmp(text, (const char *)data, n) == 0);
        assert(pr_uuid_parse(pr_str(text), &again) && pr_uuid_eq(&uuid, &again));
    }
    return 0;
}
