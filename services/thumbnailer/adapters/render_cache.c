#include "services/thumbnailer/adapters/render_cache.h"

#include "shared/base/alloc.h"

#include <unistd.h>

#define PREVIEW_TTL_MS ((int64_t)24 * 3600 * 1000)
#define PREVIEW_MAX_BYTES ((size_t)1 << 20)

static struct render_cache *self(struct preview_cache *port)
{
    return PR_CONTAINER(port, struct render_cache, port);
}

static void put(struct preview_cache *port, const char *key, const struct render_file *file,
                struct pr_done done)
{
    struct pr_buf bytes;
    size_t n = (size_t)file->size_bytes;
    pr_buf_init(&bytes, PREVIEW_MAX_BYTES);
    char *to = pr_buf_reserve(&bytes, n);
    if (to && pread(file->fd, to, n, 0) == (ssize_t)n)
        cache_put(self(port)->cache, pr_str(key), pr_str_n(to, n), PREVIEW_TTL_MS, done);
    else
        pr_done_call(done, PR_OK); /* not kept: it is read from the store */
    pr_buf_fini(&bytes);
}

static void remove_preview(struct preview_cache *port, const char *key, struct pr_done done)
{
    cache_delete(self(port)->cache, pr_str(key), done);
}

void render_cache_init(struct render_cache *to, struct cache *cache)
{
    *to = (struct render_cache){.port = {.put = put, .remove = remove_preview}, .cache = cache};
}
