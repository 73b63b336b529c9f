#include "services/gateway/adapters/cookie.h"

#include <assert.h>
#include <stdio.h>

struct pr_str cookie_name(bool https)
{
    return pr_str(https ? "__Host-pierrot_session" : "pierrot_session");
}

struct pr_str guest_cookie_name(bool https)
{
    return pr_str(https ? "__Secure-pierrot_guest" : "pierrot_guest");
}

void cookie_format(bool https, const char *secret, int64_t max_age_s, char out[COOKIE_MAX])
{
    int n =
        snprintf(out, COOKIE_MAX, PR_STR_FMT "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                 PR_STR_ARG(cookie_name(https)), secret, (long long)(*secret ? max_age_s : 0),
                 https ? "; Secure" : "");
    assert(n > 0 && n < COOKIE_MAX);
    (void)n;
}
