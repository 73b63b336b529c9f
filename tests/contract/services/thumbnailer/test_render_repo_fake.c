#include "shared/base/alloc.h"
#include "tests/contract/services/thumbnailer/render_repo_contract.h"
#include "tests/support/clock.h"
#include "tests/support/fake_render_repo.h"

struct fake_fixture {
    struct render_fixture port;
    struct gate gate;
    struct test_clock clock;
    struct fake_render_repo repo;
};

static struct fake_fixture *self(struct render_fixture *port)
{
    return PR_CONTAINER(port, struct fake_fixture, port);
}

static void wait(struct render_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static bool row(struct render_fixture *port, const struct pr_uuid *media_id, struct seen_row *out)
{
    const struct fake_rendition_set *set = fake_render_repo_find(&self(port)->repo, media_id);
    if (!set)
        return false;
    strcpy(out->state, set->state);
    strcpy(out->object_key, set->object_key);
    strcpy(out->reason, set->reason);
    out->owner_id = set->owner_id;
    out->version = set->version;
    return true;
}

static bool job(struct render_fixture *port, const char *kind, const struct pr_uuid *media_id,
                struct seen_job *out)
{
    const struct fake_render_job *from = fake_render_repo_job(&self(port)->repo, kind, media_id);
    if (!from)
        return false;
    strcpy(out->state, from->state);
    memcpy(out->args, from->args, from->args_n);
    out->args_n = from->args_n;
    out->due_in_ms = from->run_at_ms - self(port)->clock.now_ms;
    return true;
}

static size_t messages(struct render_fixture *port, const struct pr_uuid *media_id,
                       struct seen_message *out, size_t max)
{
    const struct fake_render_repo *repo = &self(port)->repo;
    size_t n = 0;
    for (size_t i = 0; i < repo->outbox_n && n < max; i++) {
        const struct fake_render_message *sent = &repo->outbox[i];
        if (!pr_uuid_eq(&sent->media_id, media_id))
            continue;
        out[n].kind = sent->kind;
        memcpy(out[n].body, sent->body, sent->body_n);
        out[n++].body_n = sent->body_n;
    }
    return n;
}

static bool claim(struct render_fixture *port, const char *kind, const struct pr_uuid *media_id,
                  int64_t lease_ms, struct job_claim *out)
{
    return fake_render_repo_claim(&self(port)->repo, kind, media_id, lease_ms, out);
}

static void pass_time(struct render_fixture *port, int64_t ms)
{
    test_clock_move(&self(port)->clock, ms);
}

static int setup(void **state)
{
    struct fake_fixture *f = PR_NEW(struct fake_fixture);
    test_clock_init(&f->clock, 1795248000000);
    fake_render_repo_init(&f->repo, &f->gate, &f->clock.port);
    f->port = (struct render_fixture){&f->repo.port, wait, row, job, messages, claim, pass_time};
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
    return render_repo_contract_run(setup, teardown);
}
