#include "tests/support/fake_invite_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#define LIST_MAX 200

static struct fake_invite_repo *self(struct invite_repo *port)
{
    return PR_CONTAINER(port, struct fake_invite_repo, port);
}

void fake_invite_repo_put(struct fake_invite_repo *repo, const struct invite *invite,
                          const uint8_t hash[SECRET_HASH_BYTES])
{
    assert_true(repo->rows_n < FAKE_INVITES);
    struct fake_invite *row = &repo->rows[repo->rows_n++];
    row->invite = *invite;
    memcpy(row->hash, hash, sizeof row->hash);
}

/* Or NULL. */
static struct fake_invite *find(struct fake_invite_repo *repo, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (pr_uuid_eq(&repo->rows[i].invite.id, id))
            return &repo->rows[i];
    }
    return NULL;
}

static struct invite *find_hash(struct fake_invite_repo *repo, const uint8_t *hash)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (memcmp(repo->rows[i].hash, hash, SECRET_HASH_BYTES) == 0)
            return &repo->rows[i].invite;
    }
    return NULL;
}

struct invite *fake_invite_repo_usable(struct fake_invite_repo *repo,
                                       const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms)
{
    struct invite *invite = find_hash(repo, hash);
    return invite && !invite->used_at_ms && invite->expires_at_ms > now_ms ? invite : NULL;
}

static void delete_row(struct fake_invite_repo *repo, size_t i)
{
    repo->rows[i] = repo->rows[--repo->rows_n];
}

void fake_invite_repo_reap(struct fake_invite_repo *repo, int64_t now_ms, size_t limit)
{
    for (size_t i = repo->rows_n; i-- > 0 && limit > 0;) {
        if (repo->rows[i].invite.expires_at_ms <= now_ms) {
            delete_row(repo, i);
            limit--;
        }
    }
}

void fake_invite_repo_take_back(struct fake_invite_repo *repo, const struct pr_uuid *made_by)
{
    for (size_t i = repo->rows_n; i-- > 0;) {
        if (pr_uuid_eq(&repo->rows[i].made_by, made_by) && !repo->rows[i].invite.used_at_ms)
            delete_row(repo, i);
    }
}

/* What a call takes, until it has its effect. */
struct args {
    struct fake_invite_repo *repo;
    const struct invite *invite;
    const uint8_t *hash;
    const struct idempotency *idempotency;
    const struct pr_uuid *id, *caller;
    int64_t now_ms;
    struct invite *stored;
    enum creation *creation;
    struct invite_list *list;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->accounts->gate, name, effect, args, sizeof *args, done);
}

static enum pr_err add_effect(const void *arg)
{
    const struct args *args = arg;
    struct pr_uuid id = args->invite->id;
    enum creation creation = fake_idempotency_claim(&args->repo->accounts->idempotency,
                                                    args->caller, args->idempotency, &id);
    if (creation == CREATION_NEW) {
        if (find_hash(args->repo, args->hash)) {
            fake_idempotency_release(&args->repo->accounts->idempotency, args->idempotency);
            return PR_ERR_CONFLICT;
        }
        fake_invite_repo_put(args->repo, args->invite, args->hash);
        find(args->repo, &id)->made_by = *args->caller;
    } else if (creation == CREATION_REPLAYED && !find(args->repo, &id)) {
        creation = CREATION_GONE;
    }
    if (creation == CREATION_NEW || creation == CREATION_REPLAYED)
        *args->stored = find(args->repo, &id)->invite;
    *args->creation = creation;
    return PR_OK;
}

static void add(struct invite_repo *port, const struct invite *invite,
                const uint8_t hash[SECRET_HASH_BYTES], const struct pr_uuid *caller,
                const struct idempotency *idempotency, struct invite *stored, enum creation *out,
                struct pr_done done)
{
    pass("add_invite", add_effect,
         &(struct args){.repo = self(port),
                        .invite = invite,
                        .hash = hash,
                        .caller = caller,
                        .idempotency = idempotency,
                        .stored = stored,
                        .creation = out},
         done);
}

static int newest_first(const void *a, const void *b)
{
    return memcmp(((const struct invite *)b)->id.b, ((const struct invite *)a)->id.b, 16);
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    struct invite_list *list = args->list;
    list->items = pr_arena_alloc(&list->arena, args->repo->rows_n * sizeof *list->items);
    list->items_n = 0;
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        if (args->repo->rows[i].invite.expires_at_ms > args->now_ms)
            list->items[list->items_n++] = args->repo->rows[i].invite;
    }
    if (list->items_n > 0)
        qsort(list->items, list->items_n, sizeof *list->items, newest_first);
    if (list->items_n > LIST_MAX)
        list->items_n = LIST_MAX;
    return PR_OK;
}

static void list(struct invite_repo *port, int64_t now_ms, struct invite_list *out,
                 struct pr_done done)
{
    pass("list_invites", list_effect,
         &(struct args){.repo = self(port), .now_ms = now_ms, .list = out}, done);
}

static enum pr_err revoke_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_invite *row = find(args->repo, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    delete_row(args->repo, (size_t)(row - args->repo->rows));
    return PR_OK;
}

static void revoke_one(struct invite_repo *port, const struct pr_uuid *id, struct pr_done done)
{
    pass("revoke_invite", revoke_effect, &(struct args){.repo = self(port), .id = id}, done);
}

void fake_invite_repo_init(struct fake_invite_repo *repo, struct fake_account_repo *accounts)
{
    repo->accounts = accounts;
    accounts->invites = repo;
    repo->port = (struct invite_repo){.add = add, .list = list, .revoke = revoke_one};
}
