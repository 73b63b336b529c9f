/* The real worker program, driven as the service drives it, and its renditions decoded again. */
#ifndef PIERROT_TESTS_WORKER_RIG_H
#define PIERROT_TESTS_WORKER_RIG_H

#include "services/thumbnailer/worker/picture.h"
#include "services/thumbnailer/worker/protocol.h"

#include <stddef.h>
#include <sys/types.h>

#define RIG_TIMEOUT_MS 60000 /* no job of the tests needs a tenth of it, even under sanitizers */

struct worker {
    pid_t pid;
    int sock;
};

struct rendered {
    struct render_reply reply;
    uint8_t *preview, *large; /* the encoded files, reply.*.size_bytes long */
};

struct worker worker_start(const char *jobs);
/* Closes the socket and gives the wait status. */
int worker_stop(struct worker *worker);

/* What the tests ask for, with the default limits. */
struct render_request rig_request(enum content_type type, size_t size);

/* 1: answered, 0: the worker is gone. Anything else, and a worker that is too slow, fails the test.
 * Free with rendered_free. */
int worker_render(struct worker *worker, const struct render_request *request, int input,
                  struct rendered *out);
/* The same for bytes in memory, with the default limits. */
int worker_render_bytes(struct worker *worker, enum content_type type, const void *data,
                        size_t size, struct rendered *out);
/* The same for a file of tests/support/images. */
int worker_render_file(struct worker *worker, enum content_type type, const char *name,
                       struct rendered *out);
void rendered_free(struct rendered *rendered);

/* A file of tests/support/images; free it. */
uint8_t *rig_read_file(const char *name, size_t *size);

/* RGBA; free the data. The decoders are the encoders' own libraries. */
struct pixels decode_webp_file(const uint8_t *data, size_t size);
struct pixels decode_jpeg_file(const uint8_t *data, size_t size);

#endif
