/* faults: what more than one usecase tells its caller. Each sets the fault and returns its error. */
#pragma once

#include "services/gateway/usecases/ports.h"

/* How a POST that creates ended; PR_OK, and nothing set, for CREATION_NEW and CREATION_REPLAYED. */
enum pr_err creation_fault(enum creation creation, struct pr_fault *fault);

/* Too many passwords wait for their turn. */
enum pr_err busy_fault(struct pr_fault *fault);

/* An empty bucket. */
enum pr_err limit_fault(const struct limit_verdict *verdict, struct pr_fault *fault);

/* It would leave nobody who can administer. */
enum pr_err last_admin_fault(struct pr_fault *fault);
