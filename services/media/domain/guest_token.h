/* guest_token: what a guest is let in with after the code was right: "prg_" and the base64url of the
 * code's id and a seal that nobody makes without our key. Nothing about it is stored, and it says
 * nothing about what it opens: each request asks whether the code still does. */
#pragma once

#include "shared/base/str.h"
#include "shared/base/uuid.h"

#define GUEST_TOKEN_TEXT 53 /* with the terminator */
#define GUEST_SEAL_BYTES 20

struct guest_token {
    struct pr_uuid code_id;
    uint8_t seal[GUEST_SEAL_BYTES];
};

void guest_token_format(const struct guest_token *token, char out[GUEST_TOKEN_TEXT]);

/* False when it cannot be one. Whether its seal is ours is not looked at. */
bool guest_token_parse(struct pr_str text, struct guest_token *out);
