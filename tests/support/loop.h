/* loop: a libuv loop in a test: turned until something is true, never for ever, and closed clean.
 */
#pragma once

#include "shared/base/time.h"
#include "tests/support/test.h"

#include <uv.h>

/* One turn of the loop that lasts 20 ms at most. */
void loop_turn(uv_loop_t *loop);
void loop_run_for(uv_loop_t *loop, int64_t ms);

/* Turns the loop until the condition holds; fails the test after 20 s. */
#define loop_until(loop, condition)                                                                \
    do {                                                                                           \
        int64_t loop_end_ns = pr_monotonic_ns() + INT64_C(20000000000);                            \
        while (!(condition)) {                                                                     \
            if (pr_monotonic_ns() > loop_end_ns)                                                   \
                fail_msg("still not so after 20 s: %s", #condition);                               \
            loop_turn(loop);                                                                       \
        }                                                                                          \
    } while (0)

/* Runs what is left and fails the test when a handle was never closed. */
void loop_close_clean(uv_loop_t *loop);

/* For closed callbacks: arg is a bool that becomes true. */
void loop_set_true(void *arg);
