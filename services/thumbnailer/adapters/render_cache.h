/* render_cache: preview_cache on shared/cache. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "shared/cache/cache.h"

struct render_cache {
    struct preview_cache port;
    struct cache *cache;
};

/* cache is borrowed; storage is the caller's. */
void render_cache_init(struct render_cache *to, struct cache *cache);
