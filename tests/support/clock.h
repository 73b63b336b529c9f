/* clock: a pr_clock that stands still until it is moved. */
#pragma once

#include "shared/base/time.h"

struct test_clock {
    struct pr_clock port;
    int64_t now_ms;
};

void test_clock_init(struct test_clock *clock, int64_t now_ms);
void test_clock_move(struct test_clock *clock, int64_t by_ms);
