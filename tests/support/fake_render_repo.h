/* fake_render_repo: render_repo in memory. It keeps what Postgres would (renditions with their
 * tombstones, outbox, inbox, jobs) and passes the same contract suite
 * (tests/contract/services/thumbnailer). */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "tests/support/gate.h"

#define FAKE_SETS 64
#define FAKE_RENDER_JOBS 64
#define FAKE_RENDER_LOG 128

struct fake_rendition_set {
    struct pr_uuid media_id, owner_id;
    int64_t version;
    const char *state; /* "queued", "rendered", "rejected", "deleted" */
    char object_key[1025];
    char reason[65]; /* why it was rejected */
};

struct fake_render_job {
    const char *kind;  /* "render", "purge_renditions" */
    const char *state; /* "ready", "leased", "done", "cancelled" */
    struct pr_uuid media_id;
    char args[2048];
    size_t args_n;
    int64_t run_at_ms;
    struct pr_uuid lease;
    int64_t lease_until_ms;
};

struct fake_render_message {
    enum message_kind kind;
    struct pr_uuid media_id;
    char body[2048];
    size_t body_n;
};

struct fake_render_repo {
    struct render_repo port;
    struct gate *gate;
    const struct pr_clock *clock;
    struct fake_rendition_set sets[FAKE_SETS];
    size_t sets_n;
    struct fake_render_job jobs[FAKE_RENDER_JOBS]; /* the job of id n is jobs[n - 1] */
    size_t jobs_n;
    struct fake_render_message outbox[FAKE_RENDER_LOG];
    size_t outbox_n;
    struct pr_uuid inbox[FAKE_RENDER_LOG];
    size_t inbox_n;
};

/* repo is large: on the heap, zeroed. gate and clock are borrowed. */
void fake_render_repo_init(struct fake_render_repo *repo, struct gate *gate,
                           const struct pr_clock *clock);

struct fake_rendition_set *fake_render_repo_find(struct fake_render_repo *repo,
                                                 const struct pr_uuid *media_id); /* or NULL */
struct fake_render_job *fake_render_repo_job(struct fake_render_repo *repo, const char *kind,
                                             const struct pr_uuid *media_id); /* or NULL */

/* Leases the job of that kind and media, as a runner would, which whoever had it before has no
 * longer. False when it is not there, has ended, or is not due. */
bool fake_render_repo_claim(struct fake_render_repo *repo, const char *kind,
                            const struct pr_uuid *media_id, int64_t lease_ms,
                            struct job_claim *out);
