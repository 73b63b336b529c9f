#include "tests/support/fake_render_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

static struct fake_render_repo *self(struct render_repo *port)
{
    return PR_CONTAINER(port, struct fake_render_repo, port);
}

struct fake_rendition_set *fake_render_repo_find(struct fake_render_repo *repo,
                                                 const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->sets_n; i++) {
        if (pr_uuid_eq(&repo->sets[i].media_id, media_id))
            return &repo->sets[i];
    }
    return NULL;
}

struct fake_render_job *fake_render_repo_job(struct fake_render_repo *repo, const char *kind,
                                             const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->jobs_n; i++) {
        if (strcmp(repo->jobs[i].kind, kind) == 0 && pr_uuid_eq(&repo->jobs[i].media_id, media_id))
            return &repo->jobs[i];
    }
    return NULL;
}

static bool is_state(const char *state, const char *wanted)
{
    return strcmp(state, wanted) == 0;
}

bool fake_render_repo_claim(struct fake_render_repo *repo, const char *kind,
                            const struct pr_uuid *media_id, int64_t lease_ms, struct job_claim *out)
{
    int64_t now_ms = pr_now_ms(repo->clock);
    struct fake_render_job *job = fake_render_repo_job(repo, kind, media_id);
    if (!job || is_state(job->state, "done") || is_state(job->state, "cancelled") ||
        job->run_at_ms > now_ms)
        return false;
    job->state = "leased";
    job->lease = pr_uuid_v7(now_ms);
    job->lease_until_ms = now_ms + lease_ms;
    *out = (struct job_claim){job - repo->jobs + 1, job->lease};
    return true;
}

/* True the first time. */
static bool add_to_inbox(struct fake_render_repo *repo, const struct message_origin *origin)
{
    for (size_t i = 0; i < repo->inbox_n; i++) {
        if (pr_uuid_eq(&repo->inbox[i], &origin->id))
            return false;
    }
    assert_true(repo->inbox_n < FAKE_RENDER_LOG);
    repo->inbox[repo->inbox_n++] = origin->id;
    return true;
}

static struct fake_rendition_set *add_set(struct fake_render_repo *repo,
                                          const struct pr_uuid *media_id,
                                          const struct pr_uuid *owner_id, struct pr_str object_key)
{
    assert_true(repo->sets_n < FAKE_SETS);
    struct fake_rendition_set *set = &repo->sets[repo->sets_n++];
    set->media_id = *media_id;
    set->owner_id = *owner_id;
    assert_true(pr_str_copy(object_key, set->object_key, sizeof set->object_key));
    return set;
}

/* One a kind and media. */
static void add_job(struct fake_render_repo *repo, const char *kind, const struct pr_uuid *media_id,
                    struct pr_str args, int64_t run_at_ms)
{
    if (fake_render_repo_job(repo, kind, media_id))
        return;
    assert_true(repo->jobs_n < FAKE_RENDER_JOBS);
    struct fake_render_job *job = &repo->jobs[repo->jobs_n++];
    assert_true(args.n <= sizeof job->args);
    job->kind = kind;
    job->state = "ready";
    job->media_id = *media_id;
    job->args_n = args.n;
    memcpy(job->args, args.p, args.n);
    job->run_at_ms = run_at_ms;
}

static bool finish_job(struct fake_render_repo *repo, const struct job_claim *claim)
{
    assert_in_range(claim->id, 1, repo->jobs_n);
    struct fake_render_job *job = &repo->jobs[claim->id - 1];
    bool mine = is_state(job->state, "leased") && pr_uuid_eq(&job->lease, &claim->lease);
    if (mine)
        job->state = "done";
    return mine;
}

/* What a call takes, until it has its effect. */
struct args {
    struct fake_render_repo *repo;
    const struct message_origin *origin;
    const struct media_finalized_msg *finalized;
    const struct media_deleted_msg *deleted;
    const struct media_rendered_msg *rendered;
    const struct media_rejected_msg *rejected;
    const struct job_claim *job;
    struct pr_str value;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

static enum pr_err queue_effect(const void *arg)
{
    const struct args *args = arg;
    const struct media_finalized_msg *msg = args->finalized;
    if (!add_to_inbox(args->repo, args->origin) ||
        fake_render_repo_find(args->repo, &msg->media_id))
        return PR_OK;
    struct fake_rendition_set *set =
        add_set(args->repo, &msg->media_id, &msg->owner_id, msg->object_key);
    set->version = msg->version;
    set->state = "queued";
    add_job(args->repo, "render", &msg->media_id, args->value, pr_now_ms(args->repo->clock));
    return PR_OK;
}

static void queue(struct render_repo *port, const struct message_origin *origin,
                  const struct media_finalized_msg *msg, struct pr_str value, struct pr_done done)
{
    pass("queue", queue_effect,
         &(struct args){.repo = self(port), .origin = origin, .finalized = msg, .value = value},
         done);
}

/* Ends the job and the rendering; NULL when the job is not the caller's or the media is gone. */
static struct fake_rendition_set *
finish_rendering(const struct args *args, const struct pr_uuid *media_id, const char *state)
{
    if (!finish_job(args->repo, args->job))
        return NULL;
    struct fake_rendition_set *set = fake_render_repo_find(args->repo, media_id);
    if (!set || !is_state(set->state, "queued"))
        return NULL;
    set->state = state;
    return set;
}

static void send_message(struct fake_render_repo *repo, enum message_kind kind,
                         const struct pr_uuid *media_id, const struct pr_buf *body)
{
    assert_true(repo->outbox_n < FAKE_RENDER_LOG);
    struct fake_render_message *message = &repo->outbox[repo->outbox_n++];
    assert_true(body->n <= sizeof message->body);
    message->kind = kind;
    message->media_id = *media_id;
    message->body_n = body->n;
    memcpy(message->body, body->p, body->n);
}

/* What was stored for a media that is gone goes again. */
static void purge_again(struct fake_render_repo *repo, const struct pr_uuid *media_id)
{
    struct fake_render_job *job = fake_render_repo_job(repo, "purge_renditions", media_id);
    if (!job || is_state(job->state, "ready"))
        return;
    job->state = "ready";
    job->run_at_ms = pr_now_ms(repo->clock);
}

static enum pr_err save_rendered_effect(const void *arg)
{
    const struct args *args = arg;
    struct pr_buf body;
    pr_buf_init(&body, MESSAGE_MAX_BYTES);
    enum pr_err err = media_rendered_encode(args->rendered, &body);
    if (!err && finish_rendering(args, &args->rendered->media_id, "rendered"))
        send_message(args->repo, MESSAGE_MEDIA_RENDERED, &args->rendered->media_id, &body);
    else if (!err)
        purge_again(args->repo, &args->rendered->media_id);
    pr_buf_fini(&body);
    return err;
}

static void save_rendered(struct render_repo *port, const struct job_claim *job,
                          const struct media_rendered_msg *msg, struct pr_done done)
{
    pass("save_rendered", save_rendered_effect,
         &(struct args){.repo = self(port), .job = job, .rendered = msg}, done);
}

static enum pr_err save_rejected_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_rendition_set *set;
    struct pr_buf body;
    pr_buf_init(&body, MESSAGE_MAX_BYTES);
    enum pr_err err = media_rejected_encode(args->rejected, &body);
    if (!err && (set = finish_rendering(args, &args->rejected->media_id, "rejected"))) {
        assert_true(pr_str_copy(args->rejected->reason, set->reason, sizeof set->reason));
        send_message(args->repo, MESSAGE_MEDIA_REJECTED, &set->media_id, &body);
    }
    pr_buf_fini(&body);
    return err;
}

static void save_rejected(struct render_repo *port, const struct job_claim *job,
                          const struct media_rejected_msg *msg, struct pr_done done)
{
    pass("save_rejected", save_rejected_effect,
         &(struct args){.repo = self(port), .job = job, .rejected = msg}, done);
}

/* Cancels the rendering; answers when the renditions may be removed. */
static int64_t cancel_rendering(struct fake_render_repo *repo, const struct pr_uuid *media_id)
{
    int64_t now_ms = pr_now_ms(repo->clock);
    struct fake_render_job *job = fake_render_repo_job(repo, "render", media_id);
    if (!job || is_state(job->state, "done") || is_state(job->state, "cancelled"))
        return now_ms;
    bool busy = is_state(job->state, "leased") && job->lease_until_ms > now_ms;
    job->state = "cancelled";
    return busy ? job->lease_until_ms + 60000 : now_ms;
}

static enum pr_err mark_deleted_effect(const void *arg)
{
    const struct args *args = arg;
    const struct media_deleted_msg *msg = args->deleted;
    if (!add_to_inbox(args->repo, args->origin))
        return PR_OK;
    struct fake_rendition_set *set = fake_render_repo_find(args->repo, &msg->media_id);
    if (!set)
        set = add_set(args->repo, &msg->media_id, &msg->owner_id, msg->object_key);
    set->version = msg->version;
    set->state = "deleted";
    add_job(args->repo, "purge_renditions", &msg->media_id, args->value,
            cancel_rendering(args->repo, &msg->media_id));
    return PR_OK;
}

static void mark_deleted(struct render_repo *port, const struct message_origin *origin,
                         const struct media_deleted_msg *msg, struct pr_str value,
                         struct pr_done done)
{
    pass("mark_deleted", mark_deleted_effect,
         &(struct args){.repo = self(port), .origin = origin, .deleted = msg, .value = value},
         done);
}

static enum pr_err finish_purge_effect(const void *arg)
{
    const struct args *args = arg;
    finish_job(args->repo, args->job);
    return PR_OK;
}

static void finish_purge(struct render_repo *port, const struct job_claim *job, struct pr_done done)
{
    pass("finish_purge", finish_purge_effect, &(struct args){.repo = self(port), .job = job}, done);
}

void fake_render_repo_init(struct fake_render_repo *repo, struct gate *gate,
                           const struct pr_clock *clock)
{
    repo->port = (struct render_repo){
        .queue = queue,
        .save_rendered = save_rendered,
        .save_rejected = save_rejected,
        .mark_deleted = mark_deleted,
        .finish_purge = finish_purge,
    };
    repo->gate = gate;
    repo->clock = clock;
}
