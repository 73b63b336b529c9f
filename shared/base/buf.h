/* buf: bytes that grow, up to a maximum given at the start. An append that would pass the maximum
 * changes nothing but `full`, which stays set: a writer may append in a row and check once. */
#pragma once

#include "shared/base/err.h"
#include "shared/base/str.h"

#include <assert.h>

struct pr_buf {
    char *p;
    size_t n, cap, max;
    bool full;
};

void pr_buf_init(struct pr_buf *buf, size_t max_bytes);
void pr_buf_fini(struct pr_buf *buf);  /* frees the bytes */
void pr_buf_clear(struct pr_buf *buf); /* empty again, keeps the memory */

/* Room for n more bytes at the end; NULL when that would pass the maximum. The bytes count once
 * pr_buf_commit says how many were written. */
char *pr_buf_reserve(struct pr_buf *buf, size_t n);
void pr_buf_commit(struct pr_buf *buf, size_t n);

/* Inline: heads of requests and lines of the log are put together of many small pieces. */
static inline void pr_buf_append(struct pr_buf *buf, struct pr_str s)
{
    if (s.n == 0)
        return;
    assert(s.p);
    char *to = s.n <= buf->cap - buf->n ? buf->p + buf->n : pr_buf_reserve(buf, s.n);
    if (to) {
        memcpy(to, s.p, s.n);
        buf->n += s.n;
    }
}

static inline void pr_buf_puts(struct pr_buf *buf, const char *text)
{
    pr_buf_append(buf, pr_str_n(text, strlen(text)));
}

void pr_buf_printf(struct pr_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pr_buf_consume(struct pr_buf *buf, size_t n); /* drops the first n bytes */

static inline struct pr_str pr_buf_str(const struct pr_buf *buf)
{
    return pr_str_n(buf->p, buf->n);
}
