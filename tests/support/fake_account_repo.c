#include "tests/support/fake_account_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/fake_credential_repo.h"
#include "tests/support/fake_invite_repo.h"
#include "tests/support/test.h"

#include <ctype.h>

static const struct pr_uuid nobody;

static struct fake_account_repo *self(struct account_repo *port)
{
    return PR_CONTAINER(port, struct fake_account_repo, port);
}

/* ---- rows and messages ---- */

struct fake_account *fake_account_repo_find(struct fake_account_repo *repo,
                                            const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (pr_uuid_eq(&repo->rows[i].account.id, id))
            return &repo->rows[i];
    }
    return NULL;
}

struct fake_account *fake_account_repo_named(struct fake_account_repo *repo, const char *name)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (strcmp(repo->rows[i].account.name, name) == 0)
            return &repo->rows[i];
    }
    return NULL;
}

static struct fake_account *find_email(struct fake_account_repo *repo, struct pr_str email)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (email.n > 0 && pr_str_is(email, repo->rows[i].account.email))
            return &repo->rows[i];
    }
    return NULL;
}

static struct fake_account *find_there(struct fake_account_repo *repo, const struct pr_uuid *id)
{
    struct fake_account *row = fake_account_repo_find(repo, id);
    return row && !row->deleted ? row : NULL;
}

void fake_account_repo_put(struct fake_account_repo *repo, const struct account *account,
                           const char *password_hash)
{
    assert_true(repo->rows_n < FAKE_ACCOUNTS);
    struct fake_account *row = &repo->rows[repo->rows_n++];
    *row = (struct fake_account){.account = *account};
    if (password_hash)
        assert_true(
            pr_str_copy(pr_str(password_hash), row->password_hash, sizeof row->password_hash));
}

size_t fake_account_repo_sent(const struct fake_account_repo *repo, const struct pr_uuid *id)
{
    size_t n = 0;
    for (size_t i = 0; i < repo->outbox_n; i++)
        n += pr_uuid_eq(&repo->outbox[i].account.id, id);
    return n;
}

static void send_changed(struct fake_account_repo *repo, const struct fake_account *row,
                         int64_t now_ms)
{
    assert_true(repo->outbox_n < FAKE_ACCOUNT_MESSAGES);
    repo->outbox[repo->outbox_n++] =
        (struct fake_account_message){row->account, row->deleted, now_ms};
}

static void count_up(struct fake_account_repo *repo, struct fake_account *row, int64_t now_ms)
{
    row->account.version++;
    send_changed(repo, row, now_ms);
}

/* What a call takes, until it has its effect. */
struct args {
    struct fake_account_repo *repo;
    const struct pr_uuid *id;
    const struct new_account *new_account;
    const struct idempotency *idempotency;
    const struct account_query *query;
    const struct account_change *change;
    const struct credential *token;
    const uint8_t *hash;
    const char *password_hash, *old_hash;
    const struct pr_uuid *keep;
    struct pr_str email;
    int64_t now_ms;
    struct account *out;
    struct login *login;
    struct account_page *page;
    enum creation *creation;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

/* ---- add ---- */

static enum creation add_new(const struct args *args)
{
    struct fake_account_repo *repo = args->repo;
    struct account account = args->new_account->account;
    struct invite *invite = NULL;
    if (args->new_account->invite_hash) {
        invite = fake_invite_repo_usable(repo->invites, args->new_account->invite_hash,
                                         account.created_at_ms);
        if (!invite)
            return CREATION_NOT_INVITED;
        account.tier = invite->tier;
        account.role = invite->role;
    }
    if (fake_account_repo_named(repo, account.name))
        return CREATION_NAME_TAKEN;
    if (find_email(repo, pr_str(account.email)))
        return CREATION_EMAIL_TAKEN;
    if (invite)
        invite->used_at_ms = account.created_at_ms;
    account.version = 1;
    fake_account_repo_put(repo, &account, args->new_account->password_hash);
    send_changed(repo, fake_account_repo_find(repo, &account.id), account.created_at_ms);
    return CREATION_NEW;
}

static enum pr_err add_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_account_repo *repo = args->repo;
    struct pr_uuid id = args->new_account->account.id;
    enum creation creation =
        fake_idempotency_claim(&repo->idempotency, &nobody, args->idempotency, &id);
    if (creation == CREATION_NEW) {
        creation = add_new(args);
        if (creation != CREATION_NEW)
            fake_idempotency_release(&repo->idempotency, args->idempotency);
    } else if (creation == CREATION_REPLAYED && !find_there(repo, &id)) {
        creation = CREATION_GONE;
    }
    if (creation == CREATION_NEW || creation == CREATION_REPLAYED)
        *args->out = fake_account_repo_find(repo, &id)->account;
    *args->creation = creation;
    return PR_OK;
}

static void add(struct account_repo *port, const struct new_account *new_account,
                const struct idempotency *idempotency, struct account *account, enum creation *out,
                struct pr_done done)
{
    pass("add_account", add_effect,
         &(struct args){.repo = self(port),
                        .new_account = new_account,
                        .idempotency = idempotency,
                        .out = account,
                        .creation = out},
         done);
}

/* ---- reads ---- */

static enum pr_err load_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_account *row = find_there(args->repo, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    *args->out = row->account;
    return PR_OK;
}

static void load(struct account_repo *port, const struct pr_uuid *id, struct account *out,
                 struct pr_done done)
{
    pass("load_account", load_effect, &(struct args){.repo = self(port), .id = id, .out = out},
         done);
}

static enum pr_err fill_login(const struct fake_account *row, struct login *out)
{
    *out = (struct login){0};
    if (!row || row->deleted || !row->password_hash[0])
        return PR_OK;
    out->found = true;
    out->account = row->account;
    memcpy(out->password_hash, row->password_hash, sizeof out->password_hash);
    return PR_OK;
}

static enum pr_err find_login_effect(const void *arg)
{
    const struct args *args = arg;
    return fill_login(find_email(args->repo, args->email), args->login);
}

static void find_login(struct account_repo *port, struct pr_str email, struct login *out,
                       struct pr_done done)
{
    pass("find_login", find_login_effect,
         &(struct args){.repo = self(port), .email = email, .login = out}, done);
}

static enum pr_err load_login_effect(const void *arg)
{
    const struct args *args = arg;
    return fill_login(fake_account_repo_find(args->repo, args->id), args->login);
}

static void load_login(struct account_repo *port, const struct pr_uuid *id, struct login *out,
                       struct pr_done done)
{
    pass("load_login", load_login_effect,
         &(struct args){.repo = self(port), .id = id, .login = out}, done);
}

static bool holds(const char *text, struct pr_str part)
{
    char lower[ACCOUNT_EMAIL_MAX + 1];
    if (part.n >= sizeof lower)
        return false;
    for (size_t i = 0; i < part.n; i++)
        lower[i] = (char)tolower((unsigned char)part.p[i]);
    return part.n == 0 || memmem(text, strlen(text), lower, part.n);
}

static int newest_first(const void *a, const void *b)
{
    return memcmp(((const struct account *)b)->id.b, ((const struct account *)a)->id.b, 16);
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    const struct pr_uuid *before = &args->query->before_id;
    struct account_page *page = args->page;
    page->items = pr_arena_alloc(&page->arena, args->repo->rows_n * sizeof *page->items);
    page->items_n = 0;
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        const struct account *account = &args->repo->rows[i].account;
        if (!args->repo->rows[i].deleted &&
            (pr_uuid_is_nil(before) || memcmp(account->id.b, before->b, 16) < 0) &&
            (holds(account->name, args->query->search) ||
             holds(account->email, args->query->search)))
            page->items[page->items_n++] = *account;
    }
    if (page->items_n > 0)
        qsort(page->items, page->items_n, sizeof *page->items, newest_first);
    page->more = page->items_n > args->query->limit;
    if (page->more)
        page->items_n = args->query->limit;
    return PR_OK;
}

static void list(struct account_repo *port, const struct account_query *query,
                 struct account_page *out, struct pr_done done)
{
    pass("list_accounts", list_effect,
         &(struct args){.repo = self(port), .query = query, .page = out}, done);
}

/* ---- changes ---- */

static enum pr_err change_email_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_account *row = find_there(args->repo, args->id);
    const struct fake_account *other = find_email(args->repo, args->email);
    if (!row)
        return PR_ERR_NOT_FOUND;
    if (other && other != row)
        return PR_ERR_CONFLICT;
    assert_true(pr_str_copy(args->email, row->account.email, sizeof row->account.email));
    count_up(args->repo, row, args->now_ms);
    *args->out = row->account;
    return PR_OK;
}

static void change_email(struct account_repo *port, const struct pr_uuid *id, struct pr_str email,
                         int64_t now_ms, struct account *out, struct pr_done done)
{
    pass("change_email", change_email_effect,
         &(struct args){.repo = self(port), .id = id, .email = email, .now_ms = now_ms, .out = out},
         done);
}

static enum pr_err change_password_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_account *row = find_there(args->repo, args->id);
    if (!row || strcmp(row->password_hash, args->old_hash) != 0)
        return PR_ERR_NOT_FOUND;
    assert_true(
        pr_str_copy(pr_str(args->password_hash), row->password_hash, sizeof row->password_hash));
    fake_credential_repo_revoke(args->repo->credentials, args->id, CREDENTIAL_SESSION, args->keep);
    return PR_OK;
}

static void change_password(struct account_repo *port, const struct pr_uuid *id,
                            const char *old_hash, const char *new_hash, const struct pr_uuid *keep,
                            struct pr_done done)
{
    pass("change_password", change_password_effect,
         &(struct args){.repo = self(port),
                        .id = id,
                        .old_hash = old_hash,
                        .password_hash = new_hash,
                        .keep = keep},
         done);
}

static bool administers(const struct fake_account *row)
{
    return row->account.role == ROLE_ADMIN && !row->account.disabled && !row->deleted;
}

static bool is_last_administrator(const struct fake_account_repo *repo,
                                  const struct fake_account *row)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (&repo->rows[i] != row && administers(&repo->rows[i]))
            return false;
    }
    return administers(row);
}

static enum pr_err administer_effect(const void *arg)
{
    const struct args *args = arg;
    const struct account_change *change = args->change;
    struct fake_account *row = find_there(args->repo, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    struct fake_account next = *row;
    if (change->has_tier)
        next.account.tier = change->tier;
    if (change->has_role)
        next.account.role = change->role;
    if (change->has_disabled)
        next.account.disabled = change->disabled;
    if (is_last_administrator(args->repo, row) && !administers(&next))
        return PR_ERR_CONFLICT;
    if (administers(row) && !administers(&next))
        fake_invite_repo_take_back(args->repo->invites, args->id);
    *row = next;
    count_up(args->repo, row, args->now_ms);
    if (row->account.disabled)
        fake_credential_repo_revoke(args->repo->credentials, args->id, CREDENTIAL_SESSION, &nobody);
    *args->out = row->account;
    return PR_OK;
}

static void administer(struct account_repo *port, const struct pr_uuid *id,
                       const struct account_change *change, int64_t now_ms, struct account *out,
                       struct pr_done done)
{
    pass("administer", administer_effect,
         &(struct args){
             .repo = self(port), .id = id, .change = change, .now_ms = now_ms, .out = out},
         done);
}

static enum pr_err remove_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_account *row = find_there(args->repo, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    if (is_last_administrator(args->repo, row))
        return PR_ERR_CONFLICT;
    fake_invite_repo_take_back(args->repo->invites, args->id);
    row->deleted = row->account.disabled = true;
    row->account.email[0] = row->password_hash[0] = 0;
    count_up(args->repo, row, args->now_ms);
    fake_credential_repo_revoke(args->repo->credentials, args->id, CREDENTIAL_SESSION, &nobody);
    fake_credential_repo_revoke(args->repo->credentials, args->id, CREDENTIAL_TOKEN, &nobody);
    return PR_OK;
}

static void remove_account(struct account_repo *port, const struct pr_uuid *id, int64_t now_ms,
                           struct pr_done done)
{
    pass("remove_account", remove_effect,
         &(struct args){.repo = self(port), .id = id, .now_ms = now_ms}, done);
}

static enum pr_err add_admin_token_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_account_repo *repo = args->repo;
    struct credential token = *args->token;
    struct fake_account *row = fake_account_repo_named(repo, "admin");
    if ((row && (row->account.role != ROLE_ADMIN || row->account.disabled)) ||
        fake_credential_repo_hashed(repo->credentials, args->hash))
        return PR_ERR_CONFLICT;
    if (!row) {
        struct account admin = {.id = pr_uuid_v7(token.created_at_ms),
                                .name = "admin",
                                .tier = TIER_BUSINESS,
                                .role = ROLE_ADMIN,
                                .version = 1,
                                .created_at_ms = token.created_at_ms};
        fake_account_repo_put(repo, &admin, NULL);
        row = fake_account_repo_find(repo, &admin.id);
        send_changed(repo, row, token.created_at_ms);
    }
    token.account_id = row->account.id;
    fake_credential_repo_put(repo->credentials, &token, args->hash);
    return PR_OK;
}

static void add_admin_token(struct account_repo *port, const struct credential *token,
                            const uint8_t hash[SECRET_HASH_BYTES], struct pr_done done)
{
    pass("add_admin_token", add_admin_token_effect,
         &(struct args){.repo = self(port), .token = token, .hash = hash}, done);
}

void fake_account_repo_init(struct fake_account_repo *repo, struct gate *gate)
{
    repo->gate = gate;
    repo->port = (struct account_repo){
        .add = add,
        .load = load,
        .find_login = find_login,
        .load_login = load_login,
        .list = list,
        .change_email = change_email,
        .change_password = change_password,
        .administer = administer,
        .remove = remove_account,
        .add_admin_token = add_admin_token,
    };
}
