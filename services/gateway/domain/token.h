/* token: API tokens: "prt_" and 43 characters of base64url (32 random bytes), so that people and
 * scanners recognise one. Only the SHA-256 of its text is ever stored. */
#pragma once

#include "shared/base/str.h"

#define TOKEN_TEXT 48 /* with the terminator */
#define TOKEN_RANDOM_BYTES 32
#define TOKEN_HASH_BYTES 32

void token_format(const uint8_t random[TOKEN_RANDOM_BYTES], char out[TOKEN_TEXT]);

/* Takes the token out of an Authorization header ("Bearer prt_…", RFC 6750). False when it cannot
 * be one of ours: then nobody needs to be asked. */
bool token_from_authorization(struct pr_str header, struct pr_str *token);
