#include "tests/support/failures.h"

#include "shared/base/alloc.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

struct failure {
    unsigned nth;
    enum pr_err err;
    bool after_effect, later;
};

static enum pr_err run(const struct failure_case *c, void *world, bool later)
{
    struct await await;
    struct gate *gate = c->gate(world);
    gate_hold(gate, later);
    c->start(world, await_done(&await));
    gate_release_all(gate);
    gate_hold(gate, false);
    return await_once(&await);
}

/* Returns how many port calls an undisturbed run makes. */
static unsigned run_undisturbed(const struct failure_case *c, bool later)
{
    void *world = c->setup();
    unsigned before = c->gate(world)->passed;
    assert_string_equal(pr_err_name(run(c, world, later)), pr_err_name(c->answer));
    c->check(world);
    unsigned calls = c->gate(world)->passed - before;
    c->teardown(world);
    return calls;
}

static void run_failing(const struct failure_case *c, const struct failure *failure)
{
    void *world = c->setup();
    gate_fail(c->gate(world), failure->nth, failure->err, failure->after_effect);
    enum pr_err told = c->told ? c->told(failure->err) : failure->err;
    assert_string_equal(pr_err_name(run(c, world, failure->later)), pr_err_name(told));
    if (c->check_half)
        c->check_half(world);
    bool repeats = c->took_effect && c->took_effect(world);
    enum pr_err expected = repeats ? c->repeated_answer : c->answer;
    assert_string_equal(pr_err_name(run(c, world, failure->later)), pr_err_name(expected));
    c->check(world);
    c->teardown(world);
}

void for_each_failure(const struct failure_case *c)
{
    static const enum pr_err errors[] = {PR_ERR_UNAVAILABLE, PR_ERR_TIMEOUT, PR_ERR_UPSTREAM,
                                         PR_ERR_INTERNAL,    PR_ERR_DECODE,  PR_ERR_CONFLICT};
    unsigned calls = run_undisturbed(c, true);
    assert_int_equal(run_undisturbed(c, false), calls);
    assert_true(calls > 0);
    for (unsigned i = 0; i < calls * PR_COUNT(errors) * 4; i++)
        run_failing(c, &(struct failure){
                           .nth = 1 + i / 4 / PR_COUNT(errors),
                           .err = errors[i / 4 % PR_COUNT(errors)],
                           .after_effect = i & 1,
                           .later = i & 2,
                       });
}
