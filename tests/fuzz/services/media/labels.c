/* Any text of labels: what is read can be labels as they are, in their order, and few enough. */
#include "services/media/domain/labels.h"

#include <assert.h>

static void check(const struct labels *labels)
{
    assert(labels->n >= 1 && labels->n <= CODES_AT_ONCE);
    for (size_t i = 0; i < labels->n; i++) {
        struct pr_fault fault;
        struct code code;
        enum pr_err err = code_set_label(&code, labels->items[i], &fault);
        assert(!err && pr_str_is(labels->items[i], code.label));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pr_arena arena = {0};
    struct pr_fault fault = {0};
    struct labels labels;
    char code[CODE_LENGTH_MAX + 1];
    struct pr_str text = pr_str_n(data, n);
    enum pr_err err = labels_read(text, &arena, &labels, &fault);
    if (err)
        assert(err == PR_ERR_INVALID && fault.err == err && fault.field[0] && fault.detail[0]);
    else
        check(&labels);
    pr_arena_fini(&arena);

    /* A code typed by somebody is the same when it is typed as it is stored. */
    if (code_normalize(text, code)) {
        char again[CODE_LENGTH_MAX + 1];
        assert(code_normalize(pr_str(code), again) && strcmp(code, again) == 0);
    }
    return 0;
}
