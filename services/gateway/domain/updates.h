/* updates: what happens to media, and who is told: those who listen for its owner. A hash table by
 * account, so that telling one account costs nothing for the others. */
#pragma once

#include "shared/base/str.h"
#include "shared/base/uuid.h"

#include <sys/queue.h>

#define UPDATE_REASON_MAX 64

enum update_state { UPDATE_READY, UPDATE_REJECTED, UPDATE_DELETED };
const char *update_state_name(enum update_state state); /* "ready", "rejected", "deleted" */

struct update {
    struct pr_uuid media_id, owner_id;
    enum update_state state;
    struct pr_str reason; /* of a rejection, a word for programs; borrowed */
};

struct updates;
struct updates_account;

/* Storage is the listener's own, who leaves before it goes. tell is called in the order in which
 * listeners came; it may leave, but not join. */
struct updates_listener {
    void (*tell)(struct updates_listener *listener, const struct update *update);
    struct updates_account *account; /* ours, like link */
    TAILQ_ENTRY(updates_listener) link;
};

struct updates *updates_create(unsigned max_each);
void updates_destroy(struct updates *updates); /* nobody listens */

/* False when as many listen for the account as may. */
bool updates_join(struct updates *updates, struct updates_listener *listener,
                  const struct pr_uuid *account_id);
void updates_leave(struct updates *updates, struct updates_listener *listener);

size_t updates_count(const struct updates *updates); /* of listeners */

/* To those who listen for its owner. */
void updates_tell(struct updates *updates, const struct update *update);
