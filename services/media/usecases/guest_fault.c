#include "services/media/usecases/guest_fault.h"

void guest_fault_set(struct pr_fault *fault, enum pr_err err)
{
    const char *reason = err == PR_ERR_GONE        ? "the event is over"
                         : err == PR_ERR_FORBIDDEN ? "the event is for looking at only"
                                                   : "";
    (void)pr_fault_set(fault, err, "", "%s", reason);
}
