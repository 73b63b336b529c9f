/* Any bytes as any message (the first byte chooses): what decodes must encode, and that must decode
 * and encode to the same again. */
#include "proto/codec.h"
#include "shared/base/alloc.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const struct message_record *record = message_infos[data[0] % MESSAGE_KINDS].record();
    void *msg = pr_alloc(record->size);
    struct pr_fault fault;
    if (!message_decode(record, pr_str_n(data + 1, n - 1), msg, &fault)) {
        struct pr_buf once, twice;
        pr_buf_init(&once, MESSAGE_MAX_BYTES);
        pr_buf_init(&twice, MESSAGE_MAX_BYTES);
        enum pr_err err = message_encode(record, msg, &once);
        assert(!err);
        err = message_decode(record, pr_buf_str(&once), msg, &fault);
        assert(!err);
        err = message_encode(record, msg, &twice);
        assert(!err && pr_str_eq(pr_buf_str(&once), pr_buf_str(&twice)));
        pr_buf_fini(&once);
        pr_buf_fini(&twice);
    }
    free(msg);
    return 0;
}
