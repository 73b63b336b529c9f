/* account: who may come in, as what, and what their names, addresses and passwords must be. */
#pragma once

#include "shared/base/err.h"
#include "shared/base/str.h"
#include "shared/base/uuid.h"
#include "shared/http/identity.h"

#define ACCOUNT_NAME_MIN 3
#define ACCOUNT_NAME_MAX 32
#define EVENT_SLUG_MAX 64
#define ACCOUNT_EMAIL_MAX 254 /* RFC 5321 section 4.5.3.1.3 */
#define ACCOUNT_PASSWORD_MIN 8
#define ACCOUNT_PASSWORD_MAX 128 /* both in characters (code points) */

struct account {
    struct pr_uuid id;
    char name[ACCOUNT_NAME_MAX + 1];   /* public: the first part of event links; never changes */
    char email[ACCOUNT_EMAIL_MAX + 1]; /* lower case; empty: made by `admin-token`, cannot log in */
    enum identity_tier tier;
    enum identity_role role;
    bool disabled;
    int64_t version; /* one more with each change */
    int64_t created_at_ms;
};

enum signup_mode { SIGNUP_OPEN, SIGNUP_INVITE, SIGNUP_CLOSED };
const char *signup_mode_name(enum signup_mode mode); /* "open" */
bool signup_mode_parse(struct pr_str text, enum signup_mode *out);

/* Whether an account's name can be so: 3 to 32 of a-z0-9-, without '-' at its ends. One that is
 * reserved can: the command's own account is called "admin". */
bool account_may_be_called(struct pr_str name);

/* Whether an event of somebody's can be found at it, as media makes them: 1 to 64 of a-z0-9-, without
 * '-' at its ends. */
bool account_event_slug(struct pr_str slug);

/* Each sets the fault (field "name", "email" or the one given, status 400) and returns its error.
 * A name is 3 to 32 of a-z0-9-, neither beginning nor ending with '-', and not the first segment of
 * a path that the gateway serves or may come to. An address is trimmed and lowered into out. A
 * password is 8 to 128 characters of UTF-8, none of the ones everybody tries first, and not the name
 * or address. */
enum pr_err account_check_name(struct pr_str name, struct pr_fault *fault);
enum pr_err account_check_email(struct pr_str email, char out[ACCOUNT_EMAIL_MAX + 1],
                                struct pr_fault *fault);
enum pr_err account_check_password(struct pr_str password, const char *field,
                                   const struct account *of, struct pr_fault *fault);
