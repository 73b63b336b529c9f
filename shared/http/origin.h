/* origin: which pages in a browser may do what. Pure.
 *
 * An origin is a scheme, a host and a port (RFC 6454), as browsers send it: "https://example.org",
 * "http://127.0.0.1:28080". */
#pragma once

#include "shared/base/str.h"

#define ORIGIN_MAX 264 /* with the terminator */

struct origin {
    char text[ORIGIN_MAX]; /* lower case, without the scheme's own port */
};

/* A URL of http or https with a host, perhaps a port, and nothing more than one "/" behind it.
 * False for anything else. */
bool origin_parse(struct pr_str url, struct origin *out);
bool origin_is_https(const struct origin *origin);

#define ORIGINS_MAX 16

struct origins {
    struct origin items[ORIGINS_MAX];
    size_t n;
};

/* Comma separated; blanks do not count. False when one is none, or there are too many. */
bool origins_parse(struct pr_str list, struct origins *out);
bool origins_have(const struct origins *origins, struct pr_str origin);

/* What the headers of a request tell about the page it comes from; empty when there is none. */
struct origin_claim {
    struct pr_str sec_fetch_site, origin, host;
};

/* Whether a request that changes something may come with our cookie: not from a page of another
 * site, which a browser always tells (cross-site request forgery). Programs, which tell nothing,
 * may. `own` is where our pages are; where a front forgets that, the Host they were asked at. */
bool origin_may_write(const struct origin_claim *claim, const struct origin *own);
