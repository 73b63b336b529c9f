/* gateway_repos_calls: of the contract suite alone: calls that wait for their answer, what goes into
 * them and what must come out; then the suite's cases. */
#pragma once

#include "tests/contract/services/gateway/gateway_repos_contract.h"

/* The year 2100: later than any database that this runs against thinks it is. On no full minute. */
#define NOW_MS INT64_C(4102444812345)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define AT_ONCE 6
#define PASSWORD_HASH "$argon2id$of" /* that of every account added here */

extern const struct pr_uuid nobody;
extern const struct idempotency no_key;

struct hash {
    uint8_t b[SECRET_HASH_BYTES];
};

struct idempotency new_key(uint8_t key, uint8_t request);
struct hash new_hash(void); /* another one each time */

/* ---- what goes in; made NOW_MS, free, user; nothing is stored yet ---- */

struct account new_account(const char *name); /* its address is name@x.org */
struct credential new_credential(const struct account *of, enum credential_kind kind);
struct invite new_invite(void);

/* ---- calls that wait ---- */

enum pr_err answer(struct repos_fixture *f, struct await *await);

/* In the repo; the test fails if it cannot be. */
struct account added(struct repos_fixture *f, const char *name);
struct account added_admin(struct repos_fixture *f, const char *name);
struct credential added_credential(struct repos_fixture *f, const struct account *of,
                                   enum credential_kind kind, struct hash *hash);
struct hash added_invite(struct repos_fixture *f, const struct invite *invite);

enum creation add(struct repos_fixture *f, const struct account *account, const struct hash *invite,
                  const struct idempotency *key, struct account *out);
enum pr_err load(struct repos_fixture *f, const struct pr_uuid *id, struct account *out);
struct login find_login(struct repos_fixture *f, const char *email);
struct login load_login(struct repos_fixture *f, const struct pr_uuid *id);
enum pr_err change_email(struct repos_fixture *f, const struct pr_uuid *id, const char *email,
                         struct account *out);
enum pr_err change_password(struct repos_fixture *f, const struct pr_uuid *id, const char *old_hash,
                            const char *new_hash, const struct pr_uuid *keep);
enum pr_err administer(struct repos_fixture *f, const struct pr_uuid *id,
                       struct account_change change, struct account *out);
enum pr_err remove_account(struct repos_fixture *f, const struct pr_uuid *id);
enum pr_err add_admin_token(struct repos_fixture *f, const struct hash *hash);

enum pr_err find(struct repos_fixture *f, const struct hash *hash, int64_t now_ms,
                 int64_t idle_before_ms, struct caller *out);
enum pr_err add_session(struct repos_fixture *f, const struct credential *session,
                        const struct hash *hash, const struct hash *replaced); /* NULL: none */
enum pr_err add_token(struct repos_fixture *f, const struct credential *token,
                      const struct hash *hash, const struct idempotency *key,
                      struct credential *stored, enum creation *out);
struct credential_list list_credentials(struct repos_fixture *f, const struct account *of,
                                        enum credential_kind kind, int64_t now_ms);
size_t count_credentials(struct repos_fixture *f, const struct account *of,
                         enum credential_kind kind);
enum pr_err revoke_credential(struct repos_fixture *f, const struct account *of,
                              enum credential_kind kind, const struct pr_uuid *id);
void reap(struct repos_fixture *f, int64_t now_ms, size_t limit);

enum creation add_invite(struct repos_fixture *f, const struct invite *invite,
                         const struct hash *hash, const struct pr_uuid *caller,
                         const struct idempotency *key, struct invite *stored);
struct invite_list list_invites(struct repos_fixture *f, int64_t now_ms);

/* ---- what must come out ---- */

void assert_same_account(const struct account *a, const struct account *b);
void assert_saved(struct repos_fixture *f, const struct account *account);
void assert_same_credential(const struct credential *a, const struct credential *b);

/* How many messages were sent about it; the last tells what the account is now, as of now_ms. */
void assert_sent(struct repos_fixture *f, const struct account *account, size_t n, bool deleted);

/* ---- account_repo_cases.c ---- */
void test_account_is_loaded_as_it_was_added(void **state);
void test_longest_values_survive(void **state);
void test_name_and_address_are_taken_once(void **state);
void test_invitation_is_used_once(void **state);
void test_bad_invitation_adds_nothing(void **state);
void test_sign_up_is_replayed(void **state);
void test_refused_sign_up_frees_its_key(void **state);
void test_login_is_found(void **state);
void test_list_goes_from_the_newest_in_pages(void **state);
void test_list_searches_names_and_addresses(void **state);
void test_admin_token_makes_the_account_once(void **state);

/* ---- account_change_cases.c ---- */
void test_address_changes(void **state);
void test_address_of_another_is_a_conflict(void **state);
void test_password_changes_and_sessions_end(void **state);
void test_administrator_changes_what_is_meant(void **state);
void test_disabling_ends_sessions(void **state);
void test_last_administrator_stays(void **state);
void test_removed_account_keeps_its_name_only(void **state);
void test_changes_of_nobody_are_not_found(void **state);

/* ---- credential_repo_cases.c ---- */
void test_secret_tells_its_caller(void **state);
void test_expired_and_idle_are_nobodys(void **state);
void test_disabled_and_removed_are_nobodys(void **state);
void test_use_is_noted_to_the_minute(void **state);
void test_credential_is_listed_as_it_was_added(void **state);
void test_credential_is_replayed(void **state);
void test_credentials_of_an_account_are_limited(void **state);
void test_session_replaces_another(void **state);
void test_stalest_sessions_give_way(void **state);
void test_session_of_nobody_is_refused(void **state);
void test_credential_of_nobody_is_refused(void **state);
void test_credentials_are_listed_by_kind_and_account(void **state);
void test_only_the_owner_revokes(void **state);
void test_expired_are_reaped(void **state);

/* ---- invite_repo_cases.c ---- */
void test_invitation_is_listed_as_it_was_added(void **state);
void test_invitation_is_replayed_to_its_administrator(void **state);
void test_invitations_are_revoked(void **state);
void test_invitations_go_with_their_administrator(void **state);

/* ---- race_cases.c ---- */
void test_one_invitation_lets_one_in(void **state);
void test_one_name_goes_to_one(void **state);
void test_one_key_creates_one(void **state);
void test_changes_at_once_are_all_made(void **state);
void test_administrators_do_not_depose_each_other(void **state);
void test_admin_tokens_at_once_make_one_account(void **state);
void test_limit_holds_at_once(void **state);
void test_nobody_logs_in_while_disabled(void **state);
void test_nobody_logs_in_with_the_old_password(void **state);
