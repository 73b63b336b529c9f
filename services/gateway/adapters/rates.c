#include "services/gateway/adapters/rates.h"

#define UNKNOWN_FACTOR 10 /* a login is dear, a credential looked up is cheap */
#define EMAIL_FACTOR 5    /* a stranger who uses up his own logins must not lock anybody out */

/* Tokens are fetched from Redis by the fiftieth part: few round trips, and another process is not
 * kept waiting for what this one holds. Where every single one matters, one at a time. */
#define LEASE_PART 50
#define LEASE_MAX 100

static int64_t lease_of(int64_t count)
{
    int64_t lease = count / LEASE_PART;
    return lease < 1 ? 1 : lease > LEASE_MAX ? LEASE_MAX : lease;
}

static struct limit_rate rate(const struct config_rate *of, const char *name, int64_t factor)
{
    int64_t count = of->count * factor;
    return (struct limit_rate){name, count, of->period_s * 1000, lease_of(count)};
}

static struct limit_rate strict(const struct config_rate *of, const char *name, int64_t factor)
{
    return (struct limit_rate){name, of->count * factor, of->period_s * 1000, 1};
}

/* Each tier has buckets of its own: who is given more has it at once, however empty the old one. */
static const struct {
    const char *read, *write;
} names[RATE_TIERS] = {
    [TIER_FREE] = {"read-free", "write-free"},
    [TIER_PREMIUM] = {"read-premium", "write-premium"},
    [TIER_BUSINESS] = {"read-business", "write-business"},
};

void rates_init(struct rates *rates, const struct rate_settings *settings)
{
    *rates = (struct rates){
        .address =
            {
                [RATE_READ] = rate(&settings->read, "read", 1),
                [RATE_WRITE] = rate(&settings->write, "write", 1),
                [RATE_LOGIN] = strict(&settings->login, "login", 1),
                [RATE_SIGNUP] = strict(&settings->signup, "signup", 1),
                [RATE_CODE] = strict(&settings->code, "code", 1),
            },
        .email = strict(&settings->login, "login-email", EMAIL_FACTOR),
        .unknown = rate(&settings->login, "unknown", UNKNOWN_FACTOR),
    };
    for (int tier = 0; tier < RATE_TIERS; tier++) {
        struct limit_rate *account = rates->account[tier];
        account[RATE_READ] = rate(&settings->read, names[tier].read, 1 << tier);
        account[RATE_WRITE] = rate(&settings->write, names[tier].write, 1 << tier);
        account[RATE_LOGIN] = strict(&settings->login, "account-login", 1);
        account[RATE_SIGNUP] = strict(&settings->signup, "account-signup", 1);
        account[RATE_CODE] = strict(&settings->code, "account-code", 1);
    }
}

enum rate_class rate_class_of(enum rate_class class, struct pr_str method)
{
    if (class != RATE_BY_METHOD)
        return class;
    return pr_str_is(method, "GET") || pr_str_is(method, "HEAD") ? RATE_READ : RATE_WRITE;
}
