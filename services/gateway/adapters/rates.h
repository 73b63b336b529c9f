/* rates: how many requests of which kind one address, and one account, may make. */
#pragma once

#include "shared/config/config.h"
#include "shared/http/identity.h"
#include "shared/limit/limit.h"

enum rate_class {
    RATE_BY_METHOD, /* read for GET and HEAD, else write */
    RATE_READ,
    RATE_WRITE,
    RATE_LOGIN,
    RATE_SIGNUP,
    RATE_CODE, /* an access code is tried */
};
#define RATE_CLASSES 6
#define RATE_TIERS 3

struct rate_settings {
    struct config_rate login, signup, code, write, read;
};

struct rates {
    struct limit_rate address[RATE_CLASSES];
    struct limit_rate account[RATE_TIERS][RATE_CLASSES]; /* more reads and writes in higher tiers */
    struct limit_rate email;                             /* logins at one account, from anywhere */
    struct limit_rate unknown; /* credentials of nobody's, from one address */
};

void rates_init(struct rates *rates, const struct rate_settings *settings);

enum rate_class rate_class_of(enum rate_class class, struct pr_str method);
