#include "services/gateway/adapters/rates.h"

#define COUNT_MAX 1000000000
#define PERIOD_MAX_S 86400
#define UNKNOWN_FACTOR 10 /* a login is dear, a credential looked up is cheap */

/* Tokens are fetched from Redis by the fiftieth part: few round trips, and another process is not
 * kept waiting for what this one holds. Where every single one matters, one at a time. */
#define LEASE_PART 50
#define LEASE_MAX 100

static int64_t lease_of(int64_t count)
{
    int64_t lease = count / LEASE_PART;
    return lease < 1 ? 1 : lease > LEASE_MAX ? LEASE_MAX : lease;
}

static bool parse(const char *text, struct limit_rate *out)
{
    struct pr_str count, period;
    int64_t period_s;
    if (!pr_str_cut(pr_str(text), '/', &count, &period) ||
        !pr_str_to_int(count, 0, COUNT_MAX, &out->count) ||
        !pr_str_to_int(period, 1, PERIOD_MAX_S, &period_s))
        return false;
    out->period_ms = period_s * 1000;
    return true;
}

static struct limit_rate rate(const struct limit_rate *of, const char *name, int64_t factor)
{
    int64_t count = of->count * factor;
    return (struct limit_rate){name, count, of->period_ms, lease_of(count)};
}

static struct limit_rate strict(const struct limit_rate *of, const char *name)
{
    return (struct limit_rate){name, of->count, of->period_ms, 1};
}

bool rates_init(struct rates *rates, const struct rate_settings *settings, const char **wrong)
{
    struct limit_rate login, signup, write, read;
    *wrong = !parse(settings->login, &login)     ? "PIERROT_LIMIT_LOGIN"
             : !parse(settings->signup, &signup) ? "PIERROT_LIMIT_SIGNUP"
             : !parse(settings->write, &write)   ? "PIERROT_LIMIT_WRITE"
             : !parse(settings->read, &read)     ? "PIERROT_LIMIT_READ"
                                                 : NULL;
    if (*wrong)
        return false;
    *rates = (struct rates){
        .address =
            {
                [RATE_READ] = rate(&read, "read", 1),
                [RATE_WRITE] = rate(&write, "write", 1),
                [RATE_LOGIN] = strict(&login, "login"),
                [RATE_SIGNUP] = strict(&signup, "signup"),
            },
        .email = strict(&login, "login-email"),
        .unknown = rate(&login, "unknown", UNKNOWN_FACTOR),
    };
    for (int tier = 0; tier < RATE_TIERS; tier++) {
        rates->account[tier][RATE_READ] = rate(&read, "account-read", 1 << tier);
        rates->account[tier][RATE_WRITE] = rate(&write, "account-write", 1 << tier);
        rates->account[tier][RATE_LOGIN] = strict(&login, "account-login");
        rates->account[tier][RATE_SIGNUP] = strict(&signup, "account-signup");
    }
    return true;
}

enum rate_class rate_class_of(enum rate_class class, struct pr_str method)
{
    if (class != RATE_BY_METHOD)
        return class;
    return pr_str_is(method, "GET") || pr_str_is(method, "HEAD") ? RATE_READ : RATE_WRITE;
}
