/* Bounded reading of binary headers: every access is checked against the end, and reading past it
 * gives zeros and sets `short_read`, so that a parser may read a whole struct and ask once. */
#ifndef PIERROT_THUMBNAILER_WORKER_BYTES_H
#define PIERROT_THUMBNAILER_WORKER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p; /* borrowed */
    size_t n;         /* what is left */
    bool short_read;
};

/* The next n bytes, or NULL when there are fewer. */
static inline const uint8_t *bytes_take(struct bytes *b, size_t n)
{
    if (n > b->n) {
        b->short_read = true;
        b->n = 0;
        return NULL;
    }
    const uint8_t *p = b->p;
    b->p += n;
    b->n -= n;
    return p;
}

static inline void bytes_skip(struct bytes *b, size_t n)
{
    (void)bytes_take(b, n);
}

static inline uint64_t bytes_big(struct bytes *b, size_t n)
{
    const uint8_t *p = bytes_take(b, n);
    uint64_t value = 0;
    for (size_t i = 0; p != NULL && i < n; i++)
        value = value << 8 | p[i];
    return value;
}

static inline uint32_t bytes_little(struct bytes *b, size_t n)
{
    const uint8_t *p = bytes_take(b, n);
    uint32_t value = 0;
    for (size_t i = 0; p != NULL && i < n; i++)
        value |= (uint32_t)p[i] << (8 * i);
    return value;
}

static inline uint8_t bytes_u8(struct bytes *b)
{
    return (uint8_t)bytes_big(b, 1);
}

static inline uint16_t bytes_be16(struct bytes *b)
{
    return (uint16_t)bytes_big(b, 2);
}

static inline uint32_t bytes_be32(struct bytes *b)
{
    return (uint32_t)bytes_big(b, 4);
}

/* True, and past it, when the next bytes are `text` (its final NUL not counted). */
static inline bool bytes_match(struct bytes *b, const char *text)
{
    size_t n = strlen(text);
    if (b->n < n || memcmp(b->p, text, n) != 0)
        return false;
    bytes_skip(b, n);
    return true;
}

#endif
