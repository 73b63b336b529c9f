#include "services/media/domain/event.h"

#include "shared/base/utf8.h"

#include <assert.h>

#define SUFFIX_MAX ((size_t)16)

enum pr_err event_set_name(struct event *event, struct pr_str name, struct pr_fault *fault)
{
    static const char field[] = "name";
    struct pr_str trimmed = pr_str_trim(name);
    if (trimmed.n == 0 || trimmed.n > EVENT_NAME_MAX)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must have 1 to %d bytes",
                            EVENT_NAME_MAX);
    if (!pr_utf8_valid(trimmed))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be UTF-8");
    if (pr_utf8_has_control(trimmed))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must not hold control characters");
    (void)pr_str_copy(trimmed, event->name, sizeof event->name);
    return PR_OK;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

enum pr_err event_set_slug(struct event *event, struct pr_str slug, struct pr_fault *fault)
{
    bool good = slug.n >= 1 && slug.n <= EVENT_SLUG_MAX;
    for (size_t i = 0; good && i < slug.n; i++)
        good = is_plain(slug.p[i]) || slug.p[i] == '-';
    if (!good || slug.p[0] == '-' || slug.p[slug.n - 1] == '-')
        return pr_fault_set(fault, PR_ERR_INVALID, "slug",
                            "must have 1 to %d of a-z, 0-9 and '-', which neither begins nor ends "
                            "it",
                            EVENT_SLUG_MAX);
    (void)pr_str_copy(slug, event->slug, sizeof event->slug);
    return PR_OK;
}

enum pr_err event_set_ttl(struct event *event, int64_t seconds_to_live, struct pr_fault *fault)
{
    if (seconds_to_live < EVENT_TTL_MIN_S || seconds_to_live > EVENT_TTL_MAX_S)
        return pr_fault_set(fault, PR_ERR_INVALID, "seconds_to_live", "must be %lld to %lld",
                            (long long)EVENT_TTL_MIN_S, (long long)EVENT_TTL_MAX_S);
    event->seconds_to_live = seconds_to_live;
    event->expires_at_ms = event->created_at_ms + seconds_to_live * 1000;
    return PR_OK;
}

/* Reads one character of UTF-8 at *at: a letter or digit as a slug has it, else '-'. */
static char next_plain(const char *name, size_t *at)
{
    /* U+00C0 to U+00FF without their marks */
    static const char latin[] = "aaaaaaaceeeeiiiidnooooo-ouuuuypsaaaaaaaceeeeiiiidnooooo-ouuuuypy";
    unsigned char c = (unsigned char)name[(*at)++], second = (unsigned char)name[*at];
    if (c == 0xc3 && second >= 0x80 && second <= 0xbf) {
        (*at)++;
        return latin[second - 0x80];
    }
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return is_plain((char)c) ? (char)c : '-';
}

void event_make_slug(struct event *event, struct pr_str suffix)
{
    size_t n = 0, room = EVENT_SLUG_MAX - (suffix.n > 0 ? suffix.n + 1 : 0);
    assert(suffix.n <= SUFFIX_MAX);
    for (size_t at = 0; event->name[at] && n < room;) {
        char c = next_plain(event->name, &at);
        if (c != '-' || (n > 0 && event->slug[n - 1] != '-'))
            event->slug[n++] = c;
    }
    while (n > 0 && event->slug[n - 1] == '-')
        n--;
    if (n == 0) {
        memcpy(event->slug, "event", 5);
        n = 5;
    }
    if (suffix.n > 0) {
        event->slug[n++] = '-';
        memcpy(event->slug + n, suffix.p, suffix.n);
        n += suffix.n;
    }
    event->slug[n] = 0;
}

bool event_is_open(const struct event *event, int64_t now_ms)
{
    return now_ms < event->expires_at_ms;
}
