#include "tests/support/await.h"

#include "tests/support/test.h"

static void called(void *arg, enum pr_err err)
{
    struct await *await = arg;
    await->calls++;
    await->err = err;
}

struct pr_done await_done(struct await *await)
{
    *await = (struct await){0};
    return (struct pr_done){called, await};
}

enum pr_err await_once(const struct await *await)
{
    assert_int_equal(await->calls, 1);
    return await->err;
}
