#include "shared/http/identity.h"

#include "shared/base/alloc.h"
#include "shared/base/utf8.h"
#include "shared/http/seal.h"

#include <assert.h>
#include <stdio.h>

#define VERSION "1"
#define PAYLOAD_MAX ((size_t)140) /* with its signature it fills IDENTITY_HEADER_MAX */

static const char *const tier_names[] = {"free", "premium", "business"};
static const char *const role_names[] = {"user", "admin"};

const char *identity_tier_name(enum identity_tier tier)
{
    return tier_names[tier];
}

bool identity_tier_parse(struct pr_str name, enum identity_tier *out)
{
    for (unsigned i = 0; i < PR_COUNT(tier_names); i++) {
        if (pr_str_is(name, tier_names[i])) {
            *out = (enum identity_tier)i;
            return true;
        }
    }
    return false;
}

const char *identity_role_name(enum identity_role role)
{
    return role_names[role];
}

bool identity_role_parse(struct pr_str name, enum identity_role *out)
{
    for (unsigned i = 0; i < PR_COUNT(role_names); i++) {
        if (pr_str_is(name, role_names[i])) {
            *out = (enum identity_role)i;
            return true;
        }
    }
    return false;
}

/* A name that could be mistaken for the next field, or break a line, is nobody's. */
static bool name_is_plain(struct pr_str name)
{
    return name.n > 0 && !memchr(name.p, '|', name.n) && pr_utf8_valid(name) &&
           !pr_utf8_has_control(name);
}

bool identity_sign(struct pr_str secret, const struct identity *identity,
                   char out[IDENTITY_HEADER_MAX])
{
    char payload[PAYLOAD_MAX], id[PR_UUID_TEXT];
    out[0] = 0;
    if (secret.n == 0 || !name_is_plain(pr_str(identity->name)))
        return false;
    int n = snprintf(payload, sizeof payload, VERSION "|%s|%s|%s|%s|%lld",
                     pr_uuid_format(&identity->account_id, id), identity->name,
                     tier_names[identity->tier], role_names[identity->role],
                     (long long)identity->expires_at_ms);
    if (n < 0 || (size_t)n >= sizeof payload)
        return false;
    static_assert(SEAL_HEADER_SIZE(PAYLOAD_MAX) <= IDENTITY_HEADER_MAX, "every payload fits");
    seal_text(secret, pr_str_n(payload, (size_t)n), out);
    return true;
}

static bool parse_payload(struct pr_str payload, struct identity *out)
{
    struct pr_str fields[6];
    for (unsigned i = 0; i < PR_COUNT(fields); i++) {
        bool cut = pr_str_cut(payload, '|', &fields[i], &payload);
        if (cut == (i == PR_COUNT(fields) - 1))
            return false; /* too few, or too many */
    }
    return pr_str_is(fields[0], VERSION) && pr_uuid_parse(fields[1], &out->account_id) &&
           name_is_plain(fields[2]) && pr_str_copy(fields[2], out->name, sizeof out->name) &&
           identity_tier_parse(fields[3], &out->tier) &&
           identity_role_parse(fields[4], &out->role) &&
           pr_str_to_int(fields[5], 0, INT64_MAX, &out->expires_at_ms);
}

bool identity_verify(struct pr_str secret, struct pr_str header, int64_t now_ms,
                     struct identity *out)
{
    char payload[PAYLOAD_MAX];
    size_t n = sizeof payload;
    if (header.n >= IDENTITY_HEADER_MAX || !seal_open(secret, header, payload, &n))
        return false;
    *out = (struct identity){0};
    return parse_payload(pr_str_n(payload, n), out) && out->expires_at_ms > now_ms;
}
