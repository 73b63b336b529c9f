/* done: a one-shot completion. Whoever is given one calls it exactly once, now or later, on the
 * loop thread. Every asynchronous port of the project takes one as its last argument. */
#pragma once

#include "shared/base/err.h"

struct pr_done {
    void (*fn)(void *arg, enum pr_err err);
    void *arg;
};

static inline void pr_done_call(struct pr_done done, enum pr_err err)
{
    done.fn(done.arg, err);
}
