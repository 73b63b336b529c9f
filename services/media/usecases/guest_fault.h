/* guest_fault: what guests are told, the same by whatever route they came. */
#pragma once

#include "shared/base/err.h"

/* Of PR_ERR_GONE and PR_ERR_FORBIDDEN the reason; else the error alone. */
void guest_fault_set(struct pr_fault *fault, enum pr_err err);
