/* gateway_pg_rows: of this service's repositories alone: a row of each table, and back. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/pg/pg.h"

#define ACCOUNT_COLUMNS "id, name, email, tier, role, disabled, version, created_at"
#define LOGIN_COLUMNS ACCOUNT_COLUMNS ", password_hash"
#define CREDENTIAL_COLUMNS                                                                         \
    "id, account_id, kind, name, scopes, created_at, expires_at, last_used_at, agent, address"
#define INVITE_COLUMNS "id, tier, role, created_at, expires_at, used_at"

/* Each writes all of *out. Everything in a row was bounded when it was written. */
void account_from_row(const struct pg_result *result, size_t row, struct account *out);
void login_from_row(const struct pg_result *result, struct login *out);
void credential_from_row(const struct pg_result *result, size_t row, struct credential *out);
void invite_from_row(const struct pg_result *result, size_t row, struct invite *out);

/* What an invitation makes of an account; the columns tier, role. */
void invited_from_row(const struct pg_result *result, struct account *out);

/* The columns account id, name, tier, role, credential id, kind, scopes, expires_at. */
void caller_from_row(const struct pg_result *result, struct caller *out);

/* Eight parameters: kind, name, scopes, hash, agent, address, created_at, expires_at. */
void credential_bind(struct pg_query *query, const struct credential *credential,
                     const uint8_t hash[SECRET_HASH_BYTES]);
