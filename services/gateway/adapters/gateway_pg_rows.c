#include "services/gateway/adapters/gateway_pg_rows.h"

#include <assert.h>

static void copy_text(const struct pg_result *result, size_t row, int column, char *out,
                      size_t size)
{
    bool fits = pr_str_copy(pg_text(result, row, column), out, size);
    assert(fits);
    (void)fits;
}

static int64_t time_or_0(const struct pg_result *result, size_t row, int column)
{
    return pg_is_null(result, row, column) ? 0 : pg_time_ms(result, row, column);
}

/* The tables' checks allow nothing else than what is known. */
static void read_class(const struct pg_result *result, size_t row, int tier_column,
                       enum identity_tier *tier, enum identity_role *role)
{
    bool known = identity_tier_parse(pg_text(result, row, tier_column), tier) &&
                 identity_role_parse(pg_text(result, row, tier_column + 1), role);
    assert(known);
    (void)known;
}

static enum credential_kind read_kind(const struct pg_result *result, size_t row, int column)
{
    return pr_str_is(pg_text(result, row, column), credential_kind_name(CREDENTIAL_SESSION))
               ? CREDENTIAL_SESSION
               : CREDENTIAL_TOKEN;
}

static unsigned read_scopes(const struct pg_result *result, size_t row, int column)
{
    unsigned scopes = 0;
    bool known = scopes_parse(pg_text(result, row, column), &scopes);
    assert(known);
    (void)known;
    return scopes;
}

void account_from_row(const struct pg_result *result, size_t row, struct account *out)
{
    *out = (struct account){
        .id = pg_uuid(result, row, 0),
        .disabled = pg_bool(result, row, 5),
        .version = pg_int(result, row, 6),
        .created_at_ms = pg_time_ms(result, row, 7),
    };
    copy_text(result, row, 1, out->name, sizeof out->name);
    if (!pg_is_null(result, row, 2))
        copy_text(result, row, 2, out->email, sizeof out->email);
    read_class(result, row, 3, &out->tier, &out->role);
}

void login_from_row(const struct pg_result *result, struct login *out)
{
    *out = (struct login){.found = true};
    account_from_row(result, 0, &out->account);
    copy_text(result, 0, 8, out->password_hash, sizeof out->password_hash);
}

void credential_from_row(const struct pg_result *result, size_t row, struct credential *out)
{
    *out = (struct credential){
        .id = pg_uuid(result, row, 0),
        .account_id = pg_uuid(result, row, 1),
        .kind = read_kind(result, row, 2),
        .scopes = read_scopes(result, row, 4),
        .created_at_ms = pg_time_ms(result, row, 5),
        .expires_at_ms = pg_time_ms(result, row, 6),
        .last_used_at_ms = time_or_0(result, row, 7),
    };
    copy_text(result, row, 3, out->name, sizeof out->name);
    copy_text(result, row, 8, out->agent, sizeof out->agent);
    copy_text(result, row, 9, out->address, sizeof out->address);
}

void invite_from_row(const struct pg_result *result, size_t row, struct invite *out)
{
    *out = (struct invite){
        .id = pg_uuid(result, row, 0),
        .created_at_ms = pg_time_ms(result, row, 3),
        .expires_at_ms = pg_time_ms(result, row, 4),
        .used_at_ms = time_or_0(result, row, 5),
    };
    read_class(result, row, 1, &out->tier, &out->role);
}

void invited_from_row(const struct pg_result *result, struct account *out)
{
    read_class(result, 0, 0, &out->tier, &out->role);
}

void caller_from_row(const struct pg_result *result, struct caller *out)
{
    *out = (struct caller){
        .identity.account_id = pg_uuid(result, 0, 0),
        .credential_id = pg_uuid(result, 0, 4),
        .kind = read_kind(result, 0, 5),
        .scopes = read_scopes(result, 0, 6),
        .expires_at_ms = pg_time_ms(result, 0, 7),
    };
    copy_text(result, 0, 1, out->identity.name, sizeof out->identity.name);
    read_class(result, 0, 2, &out->identity.tier, &out->identity.role);
    if (out->identity.role != ROLE_ADMIN)
        out->scopes &= ~(unsigned)SCOPE_ADMIN;
}

void credential_bind(struct pg_query *query, const struct credential *credential,
                     const uint8_t hash[SECRET_HASH_BYTES])
{
    char scopes[SCOPES_TEXT];
    scopes_format(credential->scopes, scopes);
    pg_bind_text(query, pr_str(credential_kind_name(credential->kind)));
    pg_bind_text(query, pr_str(credential->name));
    pg_bind_text(query, pr_str(scopes));
    pg_bind_bytes(query, pr_str_n(hash, SECRET_HASH_BYTES));
    pg_bind_text(query, pr_str(credential->agent));
    pg_bind_text(query, pr_str(credential->address));
    pg_bind_time(query, credential->created_at_ms);
    pg_bind_time(query, credential->expires_at_ms);
}
