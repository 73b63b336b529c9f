/* picohttp: the HTTP/1 parser inside libh2o, which exports it without a header of its own. The
 * layouts are those of libh2o 2.2 (soname 0.13). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct phr_header {
    const char *name; /* NULL: goes on the line before (obsolete folding) */
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* Bytes of the head, -2 when it is not whole yet, -1 when it is none. last_len: how many bytes were
 * there at the call before, or 0. */
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len);
int phr_parse_response(const char *buf, size_t len, int *minor_version, int *status,
                       const char **msg, size_t *msg_len, struct phr_header *headers,
                       size_t *num_headers, size_t last_len);

struct phr_chunked_decoder { /* zeroed at the start */
    size_t bytes_left_in_chunk;
    char consume_trailer; /* 1: the trailer is read and dropped */
    char hex_count, state;
};

/* Decodes in place; *size becomes the count of decoded bytes. -2: more must come; -1: broken; else
 * the body is whole and so many bytes follow it. */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *size);
