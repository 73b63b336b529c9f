/* credential: what a request is authenticated by: a browser's session or a program's token. */
#pragma once

#include "services/gateway/domain/secret.h"
#include "shared/base/err.h"
#include "shared/base/uuid.h"
#include "shared/http/identity.h"

enum credential_kind { CREDENTIAL_SESSION, CREDENTIAL_TOKEN };
const char *credential_kind_name(enum credential_kind kind); /* "session", "token" */

/* What it may do. read: GET and HEAD; write: everything else; admin: the administrator's routes,
 * for accounts of that role. A session has all three. */
enum credential_scope { SCOPE_READ = 1, SCOPE_WRITE = 2, SCOPE_ADMIN = 4 };
#define SCOPE_ALL 7u
#define SCOPES_TEXT 24

void scopes_format(unsigned scopes, char out[SCOPES_TEXT]); /* "read write admin" */
bool scopes_parse(struct pr_str text, unsigned *out);       /* the same, any order; never none */

#define CREDENTIAL_NAME_MAX 64
#define CREDENTIAL_AGENT_MAX 160
#define CREDENTIAL_ADDRESS_MAX 45

struct credential {
    struct pr_uuid id, account_id;
    enum credential_kind kind;
    char name[CREDENTIAL_NAME_MAX + 1]; /* a token's; bytes of UTF-8 */
    unsigned scopes;
    int64_t created_at_ms, expires_at_ms;
    int64_t last_used_at_ms;                  /* to the minute; 0: never */
    char agent[CREDENTIAL_AGENT_MAX + 1];     /* of a session: the browser that logged in */
    char address[CREDENTIAL_ADDRESS_MAX + 1]; /* and whence */
};

/* A token's name, chosen by its owner: 1 to CREDENTIAL_NAME_MAX bytes of UTF-8 without control
 * characters; otherwise the fault is set (field "name", 400). */
enum pr_err credential_set_name(struct credential *token, struct pr_str name,
                                struct pr_fault *fault);

/* Fills agent and address, cut to what fits; what is not printable ASCII becomes '?'. */
void credential_set_browser(struct credential *session, struct pr_str agent, struct pr_str address);

/* A credential as a request needs it. */
struct caller {
    struct identity identity; /* expires_at_ms: of the signed header */
    struct pr_uuid credential_id;
    enum credential_kind kind;
    unsigned scopes;       /* admin only with the role */
    int64_t expires_at_ms; /* of the credential */
};
