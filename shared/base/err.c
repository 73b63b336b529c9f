#include "shared/base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
    int status;
    enum pr_err_class class;
} errors[PR_ERR_COUNT] = {
#define PR_ERR_ROW(code, text, status, class) [code] = {#code, text, status, class},
    PR_ERRORS(PR_ERR_ROW)
#undef PR_ERR_ROW
};

const char *pr_err_name(enum pr_err err)
{
    assert(err < PR_ERR_COUNT);
    return errors[err].name;
}

const char *pr_err_text(enum pr_err err)
{
    assert(err < PR_ERR_COUNT);
    return errors[err].text;
}

int pr_err_status(enum pr_err err)
{
    assert(err < PR_ERR_COUNT);
    return errors[err].status;
}

enum pr_err_class pr_err_class(enum pr_err err)
{
    assert(err < PR_ERR_COUNT);
    return errors[err].class;
}

enum pr_err pr_fault_set(struct pr_fault *fault, enum pr_err err, const char *field,
                         const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    fault->err = err;
    snprintf(fault->field, sizeof fault->field, "%s", field ? field : "");
    vsnprintf(fault->detail, sizeof fault->detail, detail, args);
    va_end(args);
    return err;
}
