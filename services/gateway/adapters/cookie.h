/* cookie: what a browser's session is kept in (RFC 6265). Scripts do not see it, other sites do not
 * send it along with what they post; under HTTPS only we can have set it (the prefix __Host-). */
#pragma once

#include "shared/base/str.h"

#define COOKIE_MAX 192 /* with the terminator */

struct pr_str cookie_name(bool https);

/* Of a guest's, which the service that answers guests sets, for one event's routes alone. */
struct pr_str guest_cookie_name(bool https);

/* The value of a Set-Cookie header. secret "" takes the cookie away. */
void cookie_format(bool https, const char *secret, int64_t max_age_s, char out[COOKIE_MAX]);
