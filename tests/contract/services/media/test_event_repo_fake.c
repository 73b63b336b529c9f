#include "shared/base/alloc.h"
#include "tests/contract/services/media/event_repo_contract.h"
#include "tests/support/clock.h"
#include "tests/support/fake_event_repo.h"

#define TODAY_MS INT64_C(1795248000000) /* 2026-11-21 */

struct fake_fixture {
    struct event_fixture port;
    struct gate gate;
    struct test_clock clock;
    struct fake_media_repo media;
    struct fake_event_repo events;
};

static struct fake_fixture *self(struct event_fixture *port)
{
    return PR_CONTAINER(port, struct fake_fixture, port);
}

static void wait(struct event_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static size_t jobs(struct event_fixture *port, const struct pr_uuid *event_id,
                   struct waiting_job *out, size_t max)
{
    const struct fake_media_repo *repo = &self(port)->media;
    size_t n = 0;
    for (size_t i = 0; i < repo->jobs_n; i++) {
        const struct fake_job *job = &repo->jobs[i];
        if (job->done || job->cancelled || strcmp(job->kind, "purge_event") != 0 ||
            !pr_uuid_eq(&job->subject, event_id))
            continue;
        assert_true(n < max);
        out[n++] = (struct waiting_job){job->id, job->run_at_ms};
    }
    return n;
}

static struct job_claim claim(struct event_fixture *port, int64_t job_id)
{
    return fake_media_repo_claim(&self(port)->media, job_id);
}

static void fill(struct event_fixture *port, const struct event *event, int n)
{
    const struct pr_uuid nobody = {{0}};
    for (int i = 0; i < n; i++)
        fake_event_repo_add_link(&self(port)->events, &event->id, &nobody);
}

static void add_codes(struct event_fixture *port, const struct pr_uuid *event_id, int n)
{
    fake_event_repo_find(&self(port)->events, event_id)->codes_n += (size_t)n;
}

static void make_ready(struct event_fixture *port, const struct pr_uuid *media_id,
                       const char *preview_key)
{
    struct media *media = fake_media_repo_find(&self(port)->media, media_id);
    media->state = MEDIA_READY;
    media->renditions_n = 1;
    strcpy(media->renditions[0].name, "preview");
    assert_true(pr_str_copy(pr_str(preview_key), media->renditions[0].object_key,
                            sizeof media->renditions[0].object_key));
}

static bool exists(struct event_fixture *port, const struct pr_uuid *event_id)
{
    return fake_event_repo_find(&self(port)->events, event_id) != NULL;
}

static int setup(void **state)
{
    struct fake_fixture *f = PR_NEW(struct fake_fixture);
    test_clock_init(&f->clock, TODAY_MS);
    fake_media_repo_init(&f->media, &f->gate);
    fake_event_repo_init(&f->events, &f->media, &f->clock.port, &f->gate);
    f->port = (struct event_fixture){
        .events = &f->events.port,
        .media = &f->media.port,
        .wait = wait,
        .jobs = jobs,
        .claim = claim,
        .fill = fill,
        .add_codes = add_codes,
        .make_ready = make_ready,
        .exists = exists,
    };
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    free(self(*state));
    return 0;
}

int main(void)
{
    return event_repo_contract_run(setup, teardown);
}
