#include "services/gateway/domain/credential.h"

#include "shared/base/alloc.h"
#include "shared/base/utf8.h"

#include <stdio.h>

static const struct {
    const char *name;
    unsigned scope;
} scopes_known[] = {{"read", SCOPE_READ}, {"write", SCOPE_WRITE}, {"admin", SCOPE_ADMIN}};

const char *credential_kind_name(enum credential_kind kind)
{
    return kind == CREDENTIAL_SESSION ? "session" : "token";
}

void scopes_format(unsigned scopes, char out[SCOPES_TEXT])
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < PR_COUNT(scopes_known); i++) {
        if (scopes & scopes_known[i].scope)
            n += (size_t)snprintf(out + n, SCOPES_TEXT - n, n ? " %s" : "%s", scopes_known[i].name);
    }
}

static bool scope_parse(struct pr_str text, unsigned *out)
{
    for (unsigned i = 0; i < PR_COUNT(scopes_known); i++) {
        if (pr_str_is(text, scopes_known[i].name)) {
            *out = scopes_known[i].scope;
            return true;
        }
    }
    return false;
}

bool scopes_parse(struct pr_str text, unsigned *out)
{
    struct pr_str word;
    unsigned scope;
    bool more;
    *out = 0;
    do {
        more = pr_str_cut(text, ' ', &word, &text);
        if (!scope_parse(word, &scope))
            return false;
        *out |= scope;
    } while (more);
    return true;
}

enum pr_err credential_set_name(struct credential *token, struct pr_str name,
                                struct pr_fault *fault)
{
    if (name.n < 1 || !pr_str_copy(name, token->name, sizeof token->name))
        return pr_fault_set(fault, PR_ERR_INVALID, "name", "must be 1 to %d bytes",
                            CREDENTIAL_NAME_MAX);
    if (!pr_utf8_valid(name) || pr_utf8_has_control(name))
        return pr_fault_set(fault, PR_ERR_INVALID, "name",
                            "must be UTF-8 without control characters");
    return PR_OK;
}

/* A header may hold any byte; the table holds text. */
static void copy_printable(struct pr_str s, char *out, size_t size)
{
    size_t n = s.n < size - 1 ? s.n : size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    out[n] = 0;
}

void credential_set_browser(struct credential *session, struct pr_str agent, struct pr_str address)
{
    copy_printable(agent, session->agent, sizeof session->agent);
    copy_printable(address, session->address, sizeof session->address);
}
