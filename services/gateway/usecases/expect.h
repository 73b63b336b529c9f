/* expect: one error of a port call that is an answer here, and does not end the flow.
 *
 *     repo->find(repo, …, expect(&op->unknown, PR_ERR_UNAUTHORIZED, flow_wait(&op->flow)));
 *
 * The next step looks at op->unknown.came. */
#pragma once

#include "shared/base/done.h"

#include <stdbool.h>

struct expected {
    enum pr_err err;
    bool came; /* the call completed with err */
    struct pr_done done;
};

/* A completion for the call; expected must live until then. */
struct pr_done expect(struct expected *expected, enum pr_err err, struct pr_done done);
