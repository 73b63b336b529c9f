#include "shared/base/alloc.h"
#include "tests/contract/services/media/code_repo_contract.h"
#include "tests/support/fake_code_repo.h"

struct fake_fixture {
    struct codes_fixture port;
    struct gate gate;
    struct fake_code_repo repo;
};

static struct fake_code_repo *repo_of(struct codes_fixture *port)
{
    return &PR_CONTAINER(port, struct fake_fixture, port)->repo;
}

static void wait(struct codes_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static void add_event(struct codes_fixture *port, const struct pr_uuid *id,
                      const struct pr_uuid *owner_id, const struct code_event *event)
{
    fake_code_repo_add_event(repo_of(port),
                             &(struct fake_code_event){*id, *owner_id, *event, false});
}

static void close_event(struct codes_fixture *port, const struct pr_uuid *id)
{
    struct fake_code_repo *repo = repo_of(port);
    for (size_t i = 0; i < repo->events_n; i++) {
        if (pr_uuid_eq(&repo->events[i].id, id))
            repo->events[i].deleting = true;
    }
}

static void add_photo(struct codes_fixture *port, const struct pr_uuid *event_id,
                      const struct pr_uuid *media_id)
{
    fake_code_repo_add_photo(repo_of(port), event_id, media_id);
}

static void remove_photo(struct codes_fixture *port, const struct pr_uuid *media_id)
{
    fake_code_repo_remove_photo(repo_of(port), media_id);
}

static int setup(void **state)
{
    struct fake_fixture *fixture = PR_NEW(struct fake_fixture);
    fake_code_repo_init(&fixture->repo, &fixture->gate);
    fixture->port = (struct codes_fixture){&fixture->repo.port, wait,      add_event,
                                           close_event,         add_photo, remove_photo};
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
    return code_repo_contract_run(setup, teardown);
}
