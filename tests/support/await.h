/* await: a completion that a test looks at: how often it was called, and with what. */
#pragma once

#include "shared/base/done.h"

struct await {
    unsigned calls;
    enum pr_err err; /* of the last call */
};

/* Makes await new; it must outlive the call it is given to. */
struct pr_done await_done(struct await *await);

/* Fails the test unless it was called exactly once; returns what with. */
enum pr_err await_once(const struct await *await);
