/* redis_url: redis://[:password@]host[:port][/db], the part of the registered scheme Pierrot uses.
 */
#pragma once

#include "shared/base/str.h"

struct redis_url {
    char host[256]; /* a name or an address; IPv6 without its brackets */
    int port;
    char password[256]; /* decoded; empty: no AUTH */
    int db;
};

/* False for anything else, a user name included. Port 6379 and database 0 when they are not given.
 */
bool redis_url_parse(struct pr_str text, struct redis_url *out);
