#include "shared/base/alloc.h"
#include "tests/contract/services/media/guest_repo_contract.h"

struct fake_fixture {
    struct guests_fixture port;
    struct gate gate;
    struct fake_guest_repo repo;
};

static struct fake_guest_repo *repo_of(struct guests_fixture *port)
{
    return &PR_CONTAINER(port, struct fake_fixture, port)->repo;
}

static void wait(struct guests_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static void put_event(struct guests_fixture *port, const struct guest_event_row *event)
{
    fake_guest_repo_put_event(repo_of(port), event);
}

static void put_code(struct guests_fixture *port, const struct guest_code_row *code)
{
    fake_guest_repo_put_code(repo_of(port), code);
}

static void add_photo(struct guests_fixture *port, const struct guest_photo_row *photo)
{
    fake_guest_repo_put_photo(repo_of(port), photo);
}

static void link_photo(struct guests_fixture *port, const struct pr_uuid *code_id,
                       const struct pr_uuid *media_id)
{
    fake_guest_repo_link(repo_of(port), code_id, media_id);
}

static void remove_photo(struct guests_fixture *port, const struct pr_uuid *media_id)
{
    fake_guest_repo_remove_photo(repo_of(port), media_id);
}

static struct guest_code_row used(struct guests_fixture *port, const struct pr_uuid *code_id)
{
    return *fake_guest_repo_code(repo_of(port), code_id);
}

static size_t guesses(struct guests_fixture *port)
{
    return repo_of(port)->guesses_n;
}

static int setup(void **state)
{
    struct fake_fixture *fixture = PR_NEW(struct fake_fixture);
    fake_guest_repo_init(&fixture->repo, &fixture->gate);
    fixture->port =
        (struct guests_fixture){&fixture->repo.port, wait,         put_event, put_code, add_photo,
                                link_photo,          remove_photo, used,      guesses};
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
    return guest_repo_contract_run(setup, teardown);
}
