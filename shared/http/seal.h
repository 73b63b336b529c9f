/* seal: a text that services hand each other in a header, and know for their own:
 * base64url(text) "." base64url(HMAC-SHA256(secret, text)). */
#pragma once

#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#define SEAL_HEADER_SIZE(text_max) (PR_BASE64_SIZE(text_max) + PR_BASE64_SIZE(SHA256_BYTES))

/* Terminated; out has room for SEAL_HEADER_SIZE(text.n). */
void seal_text(struct pr_str secret, struct pr_str text, char *out);

/* *n is the room of text at the start and the count after. False when it is malformed, does not fit,
 * or was sealed with another secret; always, when the secret is empty. Constant time in the
 * signature. */
bool seal_open(struct pr_str secret, struct pr_str header, char *text, size_t *n);
