#include "tests/support/gate.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

struct gate_call {
    struct gate_call *next;
    const char *name;
    gate_effect_fn effect;
    struct pr_done done;
    enum pr_err fail_err;
    bool fail_after_effect;
    max_align_t args[];
};

void gate_hold(struct gate *gate, bool holding)
{
    gate->holding = holding;
}

void gate_fail(struct gate *gate, unsigned nth, enum pr_err err, bool after_effect)
{
    gate->fail_at = gate->passed + nth;
    gate->fail_err = err;
    gate->fail_after_effect = after_effect;
}

static enum pr_err fault_of_next(struct gate *gate)
{
    gate->passed++;
    return gate->passed == gate->fail_at ? gate->fail_err : PR_OK;
}

static void run(struct gate_call *call)
{
    enum pr_err err = PR_OK;
    struct pr_done done = call->done;
    if (!call->fail_err || call->fail_after_effect)
        err = call->effect(call->args);
    if (call->fail_err)
        err = call->fail_err;
    free(call);
    pr_done_call(done, err);
}

void gate_pass(struct gate *gate, const char *name, gate_effect_fn effect, const void *args,
               size_t n, struct pr_done done)
{
    struct gate_call *call = pr_alloc(sizeof *call + n);
    *call = (struct gate_call){
        .name = name,
        .effect = effect,
        .done = done,
        .fail_err = fault_of_next(gate),
        .fail_after_effect = gate->fail_after_effect,
    };
    memcpy(call->args, args, n);
    if (!gate->holding) {
        run(call);
        return;
    }
    struct gate_call **end = &gate->first_held;
    while (*end)
        end = &(*end)->next;
    *end = call;
}

enum pr_err gate_pass_now(struct gate *gate)
{
    return fault_of_next(gate);
}

void gate_release(struct gate *gate, size_t i, const char *name)
{
    struct gate_call **at = &gate->first_held;
    assert_true(i < gate_held(gate));
    while (i-- > 0)
        at = &(*at)->next;
    struct gate_call *call = *at;
    assert_string_equal(call->name, name);
    *at = call->next;
    run(call);
}

void gate_release_all(struct gate *gate)
{
    while (gate->first_held)
        gate_release(gate, 0, gate->first_held->name);
}

size_t gate_held(const struct gate *gate)
{
    size_t n = 0;
    for (const struct gate_call *call = gate->first_held; call; call = call->next)
        n++;
    return n;
}
