#include "services/gateway/usecases/expect.h"

static void completed(void *arg, enum pr_err err)
{
    struct expected *expected = arg;
    expected->came = err == expected->err;
    pr_done_call(expected->done, expected->came ? PR_OK : err);
}

struct pr_done expect(struct expected *expected, enum pr_err err, struct pr_done done)
{
    *expected = (struct expected){.err = err, .done = done};
    return (struct pr_done){completed, expected};
}
