#include "services/gateway/usecases/faults.h"

static const struct {
    enum pr_err err;
    const char *field, *detail;
} creations[] = {
    [CREATION_NEW] = {PR_OK, "", ""},
    [CREATION_REPLAYED] = {PR_OK, "", ""},
    [CREATION_RUNNING] = {PR_ERR_CONFLICT, "idempotency-key",
                          "a request with this key is being worked on"},
    [CREATION_MISMATCH] = {PR_ERR_UNPROCESSABLE, "idempotency-key", "was used for another request"},
    [CREATION_GONE] = {PR_ERR_GONE, "idempotency-key", "what was created with it is no more"},
    [CREATION_NAME_TAKEN] = {PR_ERR_CONFLICT, "name", "is taken"},
    [CREATION_EMAIL_TAKEN] = {PR_ERR_CONFLICT, "email", "has an account already"},
    [CREATION_NOT_INVITED] = {PR_ERR_FORBIDDEN, "invite", "is unknown, used or expired"},
};

enum pr_err creation_fault(enum creation creation, struct pr_fault *fault)
{
    if (!creations[creation].err)
        return PR_OK;
    return pr_fault_set(fault, creations[creation].err, creations[creation].field, "%s",
                        creations[creation].detail);
}

enum pr_err busy_fault(struct pr_fault *fault)
{
    return pr_fault_set(fault, PR_ERR_UNAVAILABLE, "",
                        "too many passwords are being checked, try again");
}

enum pr_err limit_fault(const struct limit_verdict *verdict, struct pr_fault *fault)
{
    return pr_fault_set(fault, PR_ERR_LIMITED, "", "too many tries, the next one in %lld s",
                        (long long)(verdict->retry_ms + 999) / 1000);
}

enum pr_err last_admin_fault(struct pr_fault *fault)
{
    return pr_fault_set(fault, PR_ERR_CONFLICT, "", "no other administrator would be left");
}
