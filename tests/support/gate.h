/* gate: where every call of a fake port passes. One gate serves all fakes of a test, so that their
 * calls have one order.
 *
 *     open      the call takes effect and completes before it returns
 *     held      nothing happens until the test releases the call; then it takes effect and
 * completes failing   the n-th call from now completes with an error: either it never took effect,
 * or it did and only the answer was lost, as when a connection breaks during a commit
 *
 * Effects read their arguments at the release: what a port is lent until its completion must still
 * be there, which the address sanitizer watches. */
#pragma once

#include "shared/base/done.h"

#include <stdbool.h>
#include <stddef.h>

struct gate_call; /* one that is held */

struct gate {
    bool holding;
    unsigned passed;  /* calls so far, the held ones included */
    unsigned fail_at; /* in numbers of `passed`; 0: none */
    enum pr_err fail_err;
    bool fail_after_effect;
    struct gate_call *first_held;
};

/* A zeroed gate is open. */
void gate_hold(struct gate *gate, bool holding); /* what is held already stays held */

/* The nth call from now (1: the next) fails. */
void gate_fail(struct gate *gate, unsigned nth, enum pr_err err, bool after_effect);

/* Lets the i-th held call go (0: the oldest), which must be this one ("load"). */
void gate_release(struct gate *gate, size_t i, const char *name);
void gate_release_all(struct gate *gate); /* the oldest first, also those that come meanwhile */
size_t gate_held(const struct gate *gate);

/* For the fakes. args (n bytes) is copied and given to effect, whose error is the call's. name:
 * static. */
typedef enum pr_err (*gate_effect_fn)(const void *args);
void gate_pass(struct gate *gate, const char *name, gate_effect_fn effect, const void *args,
               size_t n, struct pr_done done);

/* A call that answers at once by its nature: PR_OK, or the error it shall fail with. */
enum pr_err gate_pass_now(struct gate *gate);
