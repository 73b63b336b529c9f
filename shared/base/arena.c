#include "shared/base/arena.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define CHUNK_SIZE ((size_t)4096)

struct pr_arena_chunk {
    struct pr_arena_chunk *next;
    size_t used, size;
    max_align_t bytes[];
};

void *pr_arena_alloc(struct pr_arena *arena, size_t n)
{
    size_t align = sizeof(max_align_t);
    struct pr_arena_chunk *chunk = arena->chunks;
    n = (n + align - 1) / align * align;
    if (!chunk || chunk->size - chunk->used < n) {
        size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
        chunk = pr_alloc(sizeof *chunk + size);
        chunk->size = size;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *p = (char *)chunk->bytes + chunk->used;
    chunk->used += n;
    return p;
}

struct pr_str pr_arena_copy(struct pr_arena *arena, struct pr_str s)
{
    char *p = pr_arena_alloc(arena, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return pr_str_n(p, s.n);
}

char *pr_arena_printf(struct pr_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    assert(n >= 0);
    char *p = pr_arena_alloc(arena, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}

void pr_arena_fini(struct pr_arena *arena)
{
    while (arena->chunks) {
        struct pr_arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
