/* code: an access code of an event: whose it is, what it opens, until when.
 *
 * The alphabet has no look-alikes: A-Z and 2-9 without 0 O 1 I L, 31 characters. What is typed is
 * compared without case, white space and dashes. */
#pragma once

#include "shared/base/err.h"
#include "shared/base/str.h"
#include "shared/base/uuid.h"

#define CODE_LENGTH_MIN 6
#define CODE_LENGTH_MAX 12
#define CODE_LABEL_MAX 100 /* bytes of UTF-8 */
#define CODES_MAX 2000     /* of one event */
#define CODES_AT_ONCE 500
#define CODE_PHOTOS_AT_ONCE 1000 /* that one request adds to a code, or removes from it */
#define CODE_LINKS_AT_ONCE 20000 /* photos of a request times its codes */
#define CODE_TTL_MIN_S INT64_C(60)

struct code {
    struct pr_uuid id, event_id, batch_id;
    char access_code[CODE_LENGTH_MAX + 1];
    char label[CODE_LABEL_MAX + 1];
    bool opens_all;   /* all photos of the event, also later ones */
    int64_t photos_n; /* it opens now; read with the row, never written */
    int64_t created_at_ms;
    int64_t expires_at_ms; /* 0: with the event */
    int64_t revoked_at_ms; /* 0: it is not */
    int64_t opens, downloads;
    int64_t last_used_at_ms; /* 0: never */
};

/* length (CODE_LENGTH_MIN to CODE_LENGTH_MAX) characters, each equally likely, when the bytes are of
 * the system's random source. False when they were too few: some have no character, and are passed
 * over. CODE_RANDOM_BYTES nearly always do. False as well, once in 6,800 times, when spreadsheets
 * would take the code for a number: 2345E6 becomes 2.345E+09. */
#define CODE_RANDOM_BYTES 32
bool code_from_random(const uint8_t *random, size_t n, size_t length,
                      char out[CODE_LENGTH_MAX + 1]);

/* What was typed, as it is stored: upper case, without white space and dashes. False when it can be no
 * code. */
bool code_normalize(struct pr_str typed, char out[CODE_LENGTH_MAX + 1]);

/* Trimmed; 1 to CODE_LABEL_MAX bytes of UTF-8 without control characters, else the fault (400,
 * field "label"). */
enum pr_err code_set_label(struct code *code, struct pr_str label, struct pr_fault *fault);

/* When it ends: its own expiry, never after the event's. */
int64_t code_ends_at_ms(const struct code *code, int64_t event_expires_at_ms);
