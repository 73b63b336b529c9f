/* render_pool: the renderer: decode workers, each a process of its own (services/thumbnailer/worker).
 *
 * They are started before they are needed, serve one file at a time, and are replaced when they end. What a
 * hostile file can do is end its worker: the file is refused, or tried again when the worker was killed
 * from outside. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"

#include <uv.h>

struct render_limits {
    int64_t max_pixels, cpu_s;
};

struct render_pool;

/* worker_path is copied. */
struct render_pool *render_pool_create(uv_loop_t *loop, const char *worker_path, unsigned workers,
                                       const struct render_limits *limits);

/* Its orders end with PR_ERR_UNAVAILABLE while no worker comes up, which is tried again every second. */
struct renderer *render_pool_port(struct render_pool *pool);

unsigned render_pool_ready(const struct render_pool *pool); /* workers that are up */

/* Nothing may be under way. Ends the workers, then calls closed. */
void render_pool_close(struct render_pool *pool, void (*closed)(void *arg), void *arg);
