/* fake_media_repo: media_repo in memory. It keeps what Postgres would (rows, outbox, inbox, jobs)
 * and passes the same contract suite (tests/contract/services/media). */
#pragma once

#include "services/media/usecases/ports.h"
#include "tests/support/gate.h"

#define FAKE_ROWS 640
#define FAKE_LOG 1024
#define FAKE_KEYS 64

struct fake_message {
    enum message_kind kind;
    struct pr_uuid media_id, owner_id;
    int64_t version;
};

struct fake_job {
    int64_t id;
    const char *kind;       /* "purge_object", "purge_library", "purge_event" */
    struct pr_uuid subject; /* the media, the owner, the event */
    char args[MEDIA_OBJECT_KEY_MAX + MEDIA_UPLOAD_ID_MAX + 2]; /* what purge_object takes */
    int64_t run_at_ms;
    struct pr_uuid lease; /* nil until it is claimed */
    bool done, cancelled;
};

struct fake_key {
    struct pr_uuid owner_id, media_id;
    struct idempotency idempotency;
};

struct fake_event_repo;

struct fake_media_repo {
    struct media_repo port;
    struct gate *gate;
    struct fake_event_repo *events; /* that media are uploaded to; NULL: to none */
    struct media rows[FAKE_ROWS];
    size_t rows_n;
    struct fake_message outbox[FAKE_LOG];
    size_t outbox_n;
    struct pr_uuid inbox[FAKE_LOG];
    size_t inbox_n;
    struct fake_job jobs[FAKE_LOG];
    size_t jobs_n;
    struct fake_key keys[FAKE_KEYS];
    size_t keys_n;
    bool keys_busy; /* as if other transactions had every key in hand */
};

/* repo is large: on the heap, zeroed. gate is borrowed. */
void fake_media_repo_init(struct fake_media_repo *repo, struct gate *gate);

/* Puts a row there without a message, as a test wants to find it. */
void fake_media_repo_put(struct fake_media_repo *repo, const struct media *media);

struct media *fake_media_repo_find(struct fake_media_repo *repo,
                                   const struct pr_uuid *id); /* or NULL */
size_t fake_media_repo_sent(const struct fake_media_repo *repo, enum message_kind kind,
                            const struct pr_uuid *media_id);

/* The same effects as job_add, job_cancel and job_finish in SQL. kind: static. */
struct fake_job *fake_media_repo_add_job(struct fake_media_repo *repo, const char *kind,
                                         const struct pr_uuid *subject, int64_t run_at_ms);
void fake_media_repo_cancel_jobs(struct fake_media_repo *repo, const char *kind,
                                 const struct pr_uuid *subject);
bool fake_media_repo_finish_job(struct fake_media_repo *repo, const struct job_claim *job);

/* Leases a job, as a runner would; whoever had it before has it no longer. */
struct job_claim fake_media_repo_claim(struct fake_media_repo *repo, int64_t job_id);
