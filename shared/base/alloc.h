/* alloc: memory that is there or the process ends. Small allocations abort on failure: restart and
 * idempotence are tested paths, half-handled exhaustion is not. Any size taken from input is
 * bounded before it comes here. */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory of n bytes (n may be 0). Freed by free(). */
static inline void *pr_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        abort();
    return p;
}

static inline void *pr_realloc(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p)
        abort();
    return p;
}

#define PR_NEW(type) ((type *)pr_alloc(sizeof(type)))

/* The struct that holds the member p points to. */
#define PR_CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#define PR_COUNT(array) (sizeof(array) / sizeof((array)[0]))
