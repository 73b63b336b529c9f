#include "tests/support/clock.h"

#include "shared/base/alloc.h"

static int64_t now_ms(const struct pr_clock *port)
{
    return PR_CONTAINER(port, struct test_clock, port)->now_ms;
}

void test_clock_init(struct test_clock *clock, int64_t at_ms)
{
    *clock = (struct test_clock){{now_ms}, at_ms};
}

void test_clock_move(struct test_clock *clock, int64_t by_ms)
{
    clock->now_ms += by_ms;
}
