/* arena: memory that is freed all at once, for what lives as long as one operation and whose size
 * is not known before. Whoever fills it bounds what comes from outside. */
#pragma once

#include "shared/base/str.h"

struct pr_arena_chunk;

struct pr_arena {
    struct pr_arena_chunk *chunks;
};

/* A zeroed struct pr_arena is empty and ready. */
void *pr_arena_alloc(struct pr_arena *arena, size_t n); /* zeroed, aligned for any type */
struct pr_str pr_arena_copy(struct pr_arena *arena, struct pr_str s); /* terminated as well */
char *pr_arena_printf(struct pr_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pr_arena_fini(struct pr_arena *arena); /* frees all; the arena may be used again */
