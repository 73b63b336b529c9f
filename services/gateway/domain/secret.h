/* secret: the texts that open something: a session's cookie, an API token, an invitation. Each is a
 * prefix, so that people and scanners recognise one, and 43 characters of base64url (32 random
 * bytes). Only the SHA-256 of the text is ever stored. A guest's token is the service's that answers
 * guests: to us it is a text of a certain form. */
#pragma once

#include "shared/base/str.h"

#define SECRET_TEXT 48 /* with the terminator */
#define SECRET_RANDOM_BYTES 32
#define SECRET_HASH_BYTES 32

enum secret_kind {
    SECRET_SESSION, /* prs_… */
    SECRET_TOKEN,   /* prt_… */
    SECRET_INVITE,  /* pri_… */
    SECRET_GUEST,   /* prg_…; none of ours */
};

void secret_format(enum secret_kind kind, const uint8_t random[SECRET_RANDOM_BYTES],
                   char out[SECRET_TEXT]);

/* False when it cannot be one of ours: then nobody needs to be asked. Not for SECRET_GUEST. */
bool secret_is(enum secret_kind kind, struct pr_str text);

/* The token of this kind in an Authorization header ("Bearer prt_…", RFC 6750); false when there is
 * none. Whether it could be one of ours is for secret_is, and only asked of one we do not know. */
bool secret_from_authorization(struct pr_str header, enum secret_kind kind, struct pr_str *token);

/* The value of the cookie `name` in a Cookie header (RFC 6265, the first of that name) when it looks
 * like one of this kind ("prs_…"); false otherwise. */
bool secret_from_cookie(struct pr_str header, struct pr_str name, enum secret_kind kind,
                        struct pr_str *secret);
