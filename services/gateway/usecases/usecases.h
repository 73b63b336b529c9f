/* usecases: what the gateway does itself, one function each; the file of the same name tells how.
 * Commands are copied, what their views point to is borrowed until done; deps are borrowed. done is
 * called once, with what it is given borrowed for the call. A fault with err PR_OK is none. limited
 * is NULL unless the caller ran into it: a bucket that is empty. */
#pragma once

#include "services/gateway/usecases/ports.h"

/* Whoever sends this secret: PR_ERR_UNAUTHORIZED when nobody we let in. Answered from memory
 * nearly always. client: the address, which pays for unknown secrets (PR_ERR_LIMITED, with
 * limited telling until when). header is the identity, signed for the services. */
typedef void (*authenticate_done_fn)(void *arg, enum pr_err err, const struct caller *caller,
                                     const char *header, const struct limit_verdict *limited);
void authenticate(const struct gateway_deps *deps, struct pr_str secret, struct pr_str client,
                  authenticate_done_fn done, void *arg);

/* --- accounts --- */

struct sign_up_cmd {
    struct pr_str email, name, password;
    struct pr_str invite; /* pri_…; empty: none */
    struct idempotency idempotency;
};
/* 400 for each field; 403 without an invitation where one is needed, or when closed; 409 (field
 * name or email) when taken; 409 and 422 of the Idempotency-Key; 503 when too many hash. */
typedef void (*account_done_fn)(void *arg, const struct pr_fault *fault,
                                const struct account *account, bool replayed);
void sign_up(const struct gateway_deps *deps, const struct sign_up_cmd *cmd, account_done_fn done,
             void *arg);

void get_account(const struct gateway_deps *deps, const struct pr_uuid *id, account_done_fn done,
                 void *arg);

void change_email(const struct gateway_deps *deps, const struct pr_uuid *id, struct pr_str email,
                  account_done_fn done, void *arg);

struct change_password_cmd {
    struct caller caller;
    struct pr_str current_password, new_password;
};
/* Every other session of the account ends. 400 (field current_password) when that is wrong, (field
 * new_password) when that will not do; 503 when too many hash. */
typedef void (*fault_done_fn)(void *arg, const struct pr_fault *fault);
void change_password(const struct gateway_deps *deps, const struct change_password_cmd *cmd,
                     fault_done_fn done, void *arg);

/* The account and all it has: the other services hear of it. 409 for the last administrator. */
void delete_account(const struct gateway_deps *deps, const struct pr_uuid *id, fault_done_fn done,
                    void *arg);

typedef void (*list_accounts_done_fn)(void *arg, enum pr_err err, const struct account_page *page);
void list_accounts(const struct gateway_deps *deps, const struct account_query *query,
                   list_accounts_done_fn done, void *arg);

/* What an administrator changes of another's account, or of his own. 409 for the last one. */
void administer_account(const struct gateway_deps *deps, const struct pr_uuid *id,
                        const struct account_change *change, account_done_fn done, void *arg);

/* --- sessions and tokens --- */

struct log_in_cmd {
    struct pr_str email, password;
    struct pr_str agent, address; /* of the browser; cut to what a credential holds */
    struct pr_str replaces; /* prs_…: the session the browser had, which ends; may be empty */
};
/* The same 401 in the same time for a wrong password and an unknown address; 403 for a disabled
 * account, to who knows its password; 429 with limited; 503 when too many hash. */
typedef void (*log_in_done_fn)(void *arg, const struct pr_fault *fault,
                               const struct limit_verdict *limited, const char *secret,
                               const struct credential *session, const struct account *account);
void log_in(const struct gateway_deps *deps, const struct log_in_cmd *cmd, log_in_done_fn done,
            void *arg);

struct make_token_cmd {
    struct caller caller;
    struct pr_str name;
    unsigned scopes;       /* no more than the caller's: 403 */
    int64_t expires_in_ms; /* 1 second to 10 years */
    struct pr_str key;     /* the Idempotency-Key itself: the text is derived from it */
    struct idempotency idempotency;
};
typedef void (*make_token_done_fn)(void *arg, const struct pr_fault *fault, const char *secret,
                                   const struct credential *token, bool replayed);
void make_token(const struct gateway_deps *deps, const struct make_token_cmd *cmd,
                make_token_done_fn done, void *arg);

typedef void (*list_credentials_done_fn)(void *arg, enum pr_err err,
                                         const struct credential_list *list);
void list_credentials(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                      enum credential_kind kind, list_credentials_done_fn done, void *arg);

void revoke_credential(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                       enum credential_kind kind, const struct pr_uuid *id, struct pr_done done);
void revoke_sessions(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                     struct pr_done done);

/* Called now and then: what has expired goes. */
void reap_credentials(const struct gateway_deps *deps, struct pr_done done);

/* --- invitations --- */

struct make_invite_cmd {
    enum identity_tier tier;
    enum identity_role role;
    int64_t expires_in_ms; /* 1 minute to 1 year */
    struct pr_str key;     /* as of make_token */
    struct idempotency idempotency;
    struct pr_uuid caller;
};
typedef void (*make_invite_done_fn)(void *arg, const struct pr_fault *fault, const char *secret,
                                    const struct invite *invite, bool replayed);
void make_invite(const struct gateway_deps *deps, const struct make_invite_cmd *cmd,
                 make_invite_done_fn done, void *arg);

typedef void (*list_invites_done_fn)(void *arg, enum pr_err err, const struct invite_list *list);
void list_invites(const struct gateway_deps *deps, list_invites_done_fn done, void *arg);
void revoke_invite(const struct gateway_deps *deps, const struct pr_uuid *id, struct pr_done done);

/* --- the command admin-token --- */

/* Makes an administrator's token, good for a year; its text is shown this once. */
void make_admin_token(const struct gateway_deps *deps, char token[SECRET_TEXT],
                      struct pr_done done);
