#include "services/gateway/domain/updates.h"

#include "shared/base/alloc.h"

#include <assert.h>

#define BUCKETS 1024

struct updates_account {
    struct pr_uuid id;
    struct updates_account *next;
    TAILQ_HEAD(, updates_listener) listeners;
    unsigned count;
    bool held; /* is being told: stays, though everybody leaves */
};

struct updates {
    unsigned max_each;
    size_t count;
    struct updates_account *buckets[BUCKETS];
};

const char *update_state_name(enum update_state state)
{
    static const char *const names[] = {
        [UPDATE_READY] = "ready", [UPDATE_REJECTED] = "rejected", [UPDATE_DELETED] = "deleted"};
    return names[state];
}

struct updates *updates_create(unsigned max_each)
{
    struct updates *updates = PR_NEW(struct updates);
    updates->max_each = max_each;
    return updates;
}

void updates_destroy(struct updates *updates)
{
    assert(updates->count == 0);
    free(updates);
}

/* The place that points to the account, or to NULL at the end of its bucket. The ids are our own:
 * nobody chooses them so that they collide. Their last bytes are random. */
static struct updates_account **place_of(struct updates *updates, const struct pr_uuid *id)
{
    unsigned hash = (unsigned)id->b[14] << 8 | id->b[15];
    struct updates_account **place = &updates->buckets[hash % BUCKETS];
    while (*place && !pr_uuid_eq(&(*place)->id, id))
        place = &(*place)->next;
    return place;
}

static void drop_if_empty(struct updates *updates, struct updates_account *account)
{
    if (account->count > 0 || account->held)
        return;
    *place_of(updates, &account->id) = account->next;
    free(account);
}

bool updates_join(struct updates *updates, struct updates_listener *listener,
                  const struct pr_uuid *account_id)
{
    struct updates_account **place = place_of(updates, account_id);
    if (*place && (*place)->count == updates->max_each)
        return false;
    if (!*place) {
        *place = PR_NEW(struct updates_account);
        (*place)->id = *account_id;
        TAILQ_INIT(&(*place)->listeners);
    }
    TAILQ_INSERT_TAIL(&(*place)->listeners, listener, link);
    listener->account = *place;
    (*place)->count++;
    updates->count++;
    return true;
}

void updates_leave(struct updates *updates, struct updates_listener *listener)
{
    struct updates_account *account = listener->account;
    TAILQ_REMOVE(&account->listeners, listener, link);
    listener->account = NULL;
    account->count--;
    updates->count--;
    drop_if_empty(updates, account);
}

size_t updates_count(const struct updates *updates)
{
    return updates->count;
}

void updates_tell(struct updates *updates, const struct update *update)
{
    struct updates_account *account = *place_of(updates, &update->owner_id);
    struct updates_listener *next;
    if (!account)
        return;
    account->held = true;
    for (struct updates_listener *one = TAILQ_FIRST(&account->listeners); one; one = next) {
        next = TAILQ_NEXT(one, link);
        one->tell(one, update);
    }
    account->held = false;
    drop_if_empty(updates, account);
}
