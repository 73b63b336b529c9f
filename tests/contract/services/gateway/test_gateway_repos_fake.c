#include "shared/base/alloc.h"
#include "tests/contract/services/gateway/gateway_repos_contract.h"
#include "tests/support/fake_credential_repo.h"
#include "tests/support/fake_invite_repo.h"

struct fake_fixture {
    struct repos_fixture port;
    struct gate gate;
    struct fake_account_repo accounts;
    struct fake_credential_repo credentials;
    struct fake_invite_repo invites;
};

static struct fake_fixture *self(struct repos_fixture *port)
{
    return PR_CONTAINER(port, struct fake_fixture, port);
}

static void wait(struct repos_fixture *port, const struct await *await)
{
    (void)port;
    assert_int_equal(await->calls, 1); /* an open gate answers at once */
}

static size_t messages(struct repos_fixture *port, const struct pr_uuid *account_id,
                       struct sent_account *out, size_t max)
{
    const struct fake_account_repo *repo = &self(port)->accounts;
    size_t n = 0;
    for (size_t i = 0; i < repo->outbox_n && n < max; i++) {
        const struct fake_account_message *sent = &repo->outbox[i];
        if (pr_uuid_eq(&sent->account.id, account_id))
            out[n++] = (struct sent_account){sent->account, sent->deleted, sent->changed_at_ms};
    }
    return n;
}

static void hold_key(struct repos_fixture *port, const struct pr_uuid *account,
                     const struct idempotency *key)
{
    (void)account;
    (void)key;
    self(port)->accounts.idempotency.busy = true;
}

static void let_key_go(struct repos_fixture *port)
{
    self(port)->accounts.idempotency.busy = false;
}

static int setup(void **state)
{
    struct fake_fixture *f = PR_NEW(struct fake_fixture);
    fake_account_repo_init(&f->accounts, &f->gate);
    fake_credential_repo_init(&f->credentials, &f->accounts);
    fake_invite_repo_init(&f->invites, &f->accounts);
    f->port = (struct repos_fixture){
        .accounts = &f->accounts.port,
        .credentials = &f->credentials.port,
        .invites = &f->invites.port,
        .wait = wait,
        .messages = messages,
        .hold_key = hold_key,
        .let_key_go = let_key_go,
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
    return gateway_repos_contract_run(setup, teardown);
}
