#include "shared/base/buf.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void pr_buf_init(struct pr_buf *buf, size_t max_bytes)
{
    *buf = (struct pr_buf){.max = max_bytes};
}

void pr_buf_fini(struct pr_buf *buf)
{
    free(buf->p);
    *buf = (struct pr_buf){0};
}

void pr_buf_clear(struct pr_buf *buf)
{
    buf->n = 0;
    buf->full = false;
}

char *pr_buf_reserve(struct pr_buf *buf, size_t n)
{
    if (n > buf->max - buf->n) {
        buf->full = true;
        return NULL;
    }
    if (buf->n + n > buf->cap) {
        size_t cap = buf->cap ? buf->cap : 256;
        while (cap < buf->n + n)
            cap *= 2;
        if (cap > buf->max)
            cap = buf->max;
        buf->p = pr_realloc(buf->p, cap);
        buf->cap = cap;
    }
    return buf->p + buf->n;
}

void pr_buf_commit(struct pr_buf *buf, size_t n)
{
    assert(n <= buf->cap - buf->n);
    buf->n += n;
}

void pr_buf_printf(struct pr_buf *buf, const char *format, ...)
{
    va_list args, again;
    size_t room = buf->cap - buf->n;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(room ? buf->p + buf->n : NULL, room, format, args);
    assert(n >= 0);
    if ((size_t)n < room) {
        buf->n += (size_t)n;
    } else { /* room for the terminator vsnprintf insists on, too; it is not counted */
        char *to = pr_buf_reserve(buf, (size_t)n + 1);
        if (to) {
            vsnprintf(to, (size_t)n + 1, format, again);
            buf->n += (size_t)n;
        }
    }
    va_end(again);
    va_end(args);
}

void pr_buf_consume(struct pr_buf *buf, size_t n)
{
    assert(n <= buf->n);
    if (n < buf->n)
        memmove(buf->p, buf->p + n, buf->n - n);
    buf->n -= n;
}
