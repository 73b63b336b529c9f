/* failures: runs a usecase with every port call failing in turn, with an error of every class,
 * before and after its effect, answered at once and later.
 *
 * Each time, in a fresh world: done is called exactly once, with that error (or what the case's
 * told makes of it), no call is left over, and what was committed is whole (the case's check_half).
 * Then the usecase is asked again, with nothing in its way, and the world must be as if nothing had
 * ever failed (the case's check). */
#pragma once

#include "tests/support/gate.h"

struct failure_case {
    void *(*setup)(void); /* a new world in its first state */
    void (*teardown)(void *world);
    struct gate *(*gate)(void *world);
    void (*start)(void *world, struct pr_done done); /* the usecase */

    enum pr_err answer; /* of a run in which nothing fails */

    /* What becomes of a port's error; NULL: it is passed on. */
    enum pr_err (*told)(enum pr_err err);

    /* Tells after a failed run whether it had its effect nevertheless; a second run then ends with
     * repeated_answer. NULL: the second run always ends with answer. */
    bool (*took_effect)(void *world);
    enum pr_err repeated_answer;

    void (*check_half)(void *world); /* after a failed run; NULL: nothing to look at */
    void (*check)(void *world);      /* after an undisturbed one, the first or the second */
};

void for_each_failure(const struct failure_case *c);
