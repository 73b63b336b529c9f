#include "shared/base/alloc.h"
#include "tests/contract/services/media/media_repo_contract.h"
#include "tests/support/fake_media_repo.h"

struct fake_fixture {
    struct repo_fixture port;
    struct gate gate;
    struct fake_media_repo repo;
};

static struct fake_media_repo *repo_of(struct repo_fixture *port)
{
    return &PR_CONTAINER(port, struct fake_fixture, port)->repo;
}

static void wait(struct repo_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static size_t messages(struct repo_fixture *port, const struct pr_uuid *media_id,
                       struct sent_message *out, size_t max)
{
    const struct fake_media_repo *repo = repo_of(port);
    size_t n = 0;
    for (size_t i = 0; i < repo->outbox_n && n < max; i++) {
        const struct fake_message *sent = &repo->outbox[i];
        if (pr_uuid_eq(&sent->media_id, media_id))
            out[n++] =
                (struct sent_message){sent->kind, sent->media_id, sent->owner_id, sent->version};
    }
    return n;
}

static size_t jobs(struct repo_fixture *port, const struct pr_uuid *subject, struct queued_job *out,
                   size_t max)
{
    const struct fake_media_repo *repo = repo_of(port);
    size_t n = 0;
    for (size_t i = 0; i < repo->jobs_n && n < max; i++) {
        const struct fake_job *job = &repo->jobs[i];
        if (!pr_uuid_eq(&job->subject, subject))
            continue;
        out[n] = (struct queued_job){.id = job->id, .run_at_ms = job->run_at_ms, .done = job->done};
        assert_true(pr_str_copy(pr_str(job->kind), out[n].kind, sizeof out[n].kind));
        memcpy(out[n++].args, job->args, sizeof job->args);
    }
    return n;
}

static struct job_claim claim(struct repo_fixture *port, int64_t job_id)
{
    return fake_media_repo_claim(repo_of(port), job_id);
}

static int setup(void **state)
{
    struct fake_fixture *fixture = PR_NEW(struct fake_fixture);
    fake_media_repo_init(&fixture->repo, &fixture->gate);
    fixture->port = (struct repo_fixture){&fixture->repo.port, wait, messages, jobs, claim};
    *state = &fixture->port;
    return 0;
}

static int teardown(void **state)
{
    free(PR_CONTAINER(*state, struct fake_fixture, port));
    return 0;
}

int main(void)
{
    return media_repo_contract_run(setup, teardown);
}
