/* ports: what the usecases of the thumbnailer need of the world. Each asynchronous port completes
 * exactly once, now or later; what it fills or is given is borrowed until then. */
#pragma once

#include "proto/messages.h"
#include "services/thumbnailer/domain/renditions.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/base/work.h"

struct render_repo {
    /* Remembers the media and adds the job that renders it; nothing when it was deleted before, or
     * seen already. value is the message as it came: the job's arguments. */
    void (*queue)(struct render_repo *repo, const struct message_origin *origin,
                  const struct media_finalized_msg *msg, struct pr_str value, struct pr_done done);

    /* Ends the job with its message. Nothing happens when the job's lease was lost or the media
     * deleted meanwhile. */
    void (*save_rendered)(struct render_repo *repo, const struct job_claim *job,
                          const struct media_rendered_msg *msg, struct pr_done done);
    void (*save_rejected)(struct render_repo *repo, const struct job_claim *job,
                          const struct media_rejected_msg *msg, struct pr_done done);

    /* Remembers that the media is gone, cancels its rendering, adds the job that removes its
     * renditions, once a rendering under way can no longer write any. */
    void (*mark_deleted)(struct render_repo *repo, const struct message_origin *origin,
                         const struct media_deleted_msg *msg, struct pr_str value,
                         struct pr_done done);
    void (*finish_purge)(struct render_repo *repo, const struct job_claim *job,
                         struct pr_done done);
};

/* Bytes on their way: an unlinked file. fd is -1 when there is none; the owner drops it. */
struct render_file {
    int fd;
    int64_t size_bytes;
};

struct fetched_object {
    struct render_file file;
    uint8_t sha256[32]; /* of the bytes that came */
    uint32_t crc32;
};

struct render_store {
    /* PR_ERR_NOT_FOUND; PR_ERR_TOO_LARGE when there are more than max_bytes. */
    void (*fetch)(struct render_store *store, struct pr_str key, int64_t max_bytes,
                  struct fetched_object *out, struct pr_done done);
    /* *crc32: of the file's bytes. */
    void (*put)(struct render_store *store, const char *key, const char *content_type,
                const struct render_file *file, uint32_t *crc32, struct pr_done done);
    void (*remove)(struct render_store *store, const char *key, struct pr_done done);

    /* Closes a file that fetch or render opened; nothing for one that was not. */
    void (*drop)(struct render_store *store, struct render_file *file);
};

enum render_verdict {
    RENDER_DONE,
    RENDER_REFUSED, /* this file gets no renditions, now or later */
    RENDER_LOST,    /* the worker was killed from outside, or could not write: try again */
};

struct render_picture {
    struct render_file file;
    int64_t width, height;
    uint32_t crc32; /* known once it is stored */
};

struct render_outcome {
    enum render_verdict verdict;
    const char *reason; /* when refused: static, snake_case */
    char detail[128];   /* when refused: for people */
    int64_t width, height, duration_ms;
    bool degraded;
    uint8_t placeholder[64];
    size_t placeholder_n;
    struct render_picture pictures[RENDITIONS]; /* files are the caller's to drop */
};

struct renderer {
    /* Decodes input in a worker process. Waits for a free one. */
    void (*render)(struct renderer *renderer, const char *content_type,
                   const struct render_file *input, struct render_outcome *out,
                   struct pr_done done);
};

/* Never fails: what cannot be kept is made again. */
struct preview_cache {
    void (*put)(struct preview_cache *cache, const char *key, const struct render_file *file,
                struct pr_done done);
    void (*remove)(struct preview_cache *cache, const char *key, struct pr_done done);
};

/* What every usecase of the thumbnailer works with; outlives them. */
struct render_deps {
    struct render_repo *repo;
    struct render_store *store;
    struct renderer *renderer;
    struct preview_cache *cache;
    const struct pr_clock *clock;
};
