#include "services/gateway/domain/account.h"

#include "shared/base/alloc.h"

static const char *const signup_modes[] = {
    [SIGNUP_OPEN] = "open",
    [SIGNUP_INVITE] = "invite",
    [SIGNUP_CLOSED] = "closed",
};

/* First segments of paths that the gateway serves, or may come to. */
static const char *const reserved_names[] = {
    "about",    "abuse",       "access",       "account", "accounts",  "admin",     "api",
    "app",      "apps",        "assets",       "auth",    "billing",   "blog",      "channels",
    "code",     "codes",       "contact",      "css",     "dashboard", "debug",     "docs",
    "download", "downloads",   "event",        "events",  "explore",   "favicon",   "feed",
    "feeds",    "files",       "gallery",      "guest",   "guests",    "health",    "healthz",
    "help",     "home",        "images",       "img",     "index",     "info",      "invite",
    "invites",  "js",          "legal",        "live",    "login",     "logout",    "mail",
    "media",    "metrics",     "new",          "null",    "oauth",     "openapi",   "password",
    "photos",   "photostream", "photostreams", "pierrot", "ping",      "pricing",   "privacy",
    "profile",  "public",      "publications", "readyz",  "register",  "robots",    "root",
    "search",   "security",    "server",       "session", "sessions",  "settings",  "share",
    "sign-in",  "sign-up",     "signin",       "signup",  "sitemap",   "static",    "status",
    "support",  "system",      "tags",         "terms",   "tokens",    "undefined", "upload",
    "uploads",  "user",        "users",        "vars",    "videos",    "webmaster", "well-known",
    "www",      "zip",
};

const char *signup_mode_name(enum signup_mode mode)
{
    return signup_modes[mode];
}

bool signup_mode_parse(struct pr_str text, enum signup_mode *out)
{
    for (unsigned i = 0; i < PR_COUNT(signup_modes); i++) {
        if (pr_str_is(text, signup_modes[i])) {
            *out = (enum signup_mode)i;
            return true;
        }
    }
    return false;
}

static bool is_reserved(struct pr_str name)
{
    for (unsigned i = 0; i < PR_COUNT(reserved_names); i++) {
        if (pr_str_is(name, reserved_names[i]))
            return true;
    }
    return false;
}

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits and '-' inside, 1 to max of them: also the labels of a domain (RFC 1123). */
static bool is_label(struct pr_str s, size_t max)
{
    if (s.n < 1 || s.n > max || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    }
    return true;
}

bool account_may_be_called(struct pr_str name)
{
    return name.n >= ACCOUNT_NAME_MIN && is_label(name, ACCOUNT_NAME_MAX);
}

bool account_event_slug(struct pr_str slug)
{
    return is_label(slug, EVENT_SLUG_MAX);
}

enum pr_err account_check_name(struct pr_str name, struct pr_fault *fault)
{
    if (!account_may_be_called(name))
        return pr_fault_set(fault, PR_ERR_INVALID, "name",
                            "must be %d to %d of a-z, 0-9 and -, with no - at its ends",
                            ACCOUNT_NAME_MIN, ACCOUNT_NAME_MAX);
    if (is_reserved(name))
        return pr_fault_set(fault, PR_ERR_INVALID, "name", "is reserved");
    return PR_OK;
}

/* What browsers take for an address in <input type=email> (WHATWG HTML, "valid email address"). */
static bool is_address(struct pr_str address)
{
    struct pr_str local, domain, label;
    if (!pr_str_cut(address, '@', &local, &domain) || local.n < 1 || local.n > 64)
        return false;
    for (size_t i = 0; i < local.n; i++) {
        if (!is_lower_alnum(local.p[i]) &&
            (local.p[i] == 0 || !strchr(".!#$%&'*+/=?^_`{|}~-", local.p[i])))
            return false;
    }
    bool more;
    do {
        more = pr_str_cut(domain, '.', &label, &domain);
        if (!is_label(label, 63))
            return false;
    } while (more);
    return true;
}

enum pr_err account_check_email(struct pr_str email, char out[ACCOUNT_EMAIL_MAX + 1],
                                struct pr_fault *fault)
{
    bool fits = pr_str_copy(pr_str_trim(email), out, ACCOUNT_EMAIL_MAX + 1);
    pr_lower(out, strlen(out));
    /* A NUL would end the text before its end. */
    if (!fits || strlen(out) != pr_str_trim(email).n || !is_address(pr_str(out))) {
        out[0] = 0;
        return pr_fault_set(fault, PR_ERR_INVALID, "email", "must be an e-mail address");
    }
    return PR_OK;
}
