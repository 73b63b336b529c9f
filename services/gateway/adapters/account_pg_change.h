/* account_pg_change: of account_pg alone: the changes that account.changed tells of. */
#pragma once

#include "services/gateway/adapters/account_pg.h"
#include "shared/base/buf.h"

/* The body of account.changed: the account as it is now. */
enum pr_err account_changed_body(const struct account *account, bool deleted, int64_t changed_at_ms,
                                 struct pr_buf *out) PR_CHECK;

/* As of the ports of account_repo; the repo is that of a struct account_pg. */
void account_pg_change_email(struct account_repo *repo, const struct pr_uuid *id,
                             struct pr_str email, int64_t now_ms, struct account *out,
                             struct pr_done done);
void account_pg_administer(struct account_repo *repo, const struct pr_uuid *id,
                           const struct account_change *change, int64_t now_ms, struct account *out,
                           struct pr_done done);
void account_pg_remove(struct account_repo *repo, const struct pr_uuid *id, int64_t now_ms,
                       struct pr_done done);
