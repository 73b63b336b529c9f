#include "shared/base/utf8_fold.h"

#include <stdlib.h>
#include <utf8proc.h>

struct pr_str pr_utf8_fold(struct pr_arena *arena, struct pr_str text)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &folded,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    if (n < 0)
        abort(); /* no memory: as all small allocations */
    struct pr_str kept = pr_arena_copy(arena, pr_str_n(folded, (size_t)n));
    free(folded);
    return kept;
}
