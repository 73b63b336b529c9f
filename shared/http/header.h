/* header: a header line, of a request or an answer. */
#pragma once

#include "shared/base/str.h"

struct http_header {
    struct pr_str name, value; /* name in lower case */
};
