#include "shared/flow/flow.h"

#include "shared/base/alloc.h"
#include "tests/support/gate.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

/* A flow whose steps write what they do into a trace: "a" ran, "." finished. */
struct op {
    struct flow flow;
    struct gate gate;
    char trace[64];
    unsigned finished;
    enum pr_err err;
    unsigned waits; /* calls the step `ask` makes */
    unsigned count; /* steps run by `count_up` */
    const char *stack_top, *stack_bottom;
};

static void mark(struct op *op, char c)
{
    size_t n = strlen(op->trace);
    assert_true(n + 1 < sizeof op->trace);
    op->trace[n] = c;
}

static void finish(void *arg, enum pr_err err)
{
    struct op *op = arg;
    op->finished++;
    op->err = err;
    mark(op, '.');
}

static enum pr_err a(void *arg)
{
    mark(arg, 'a');
    return PR_OK;
}

static enum pr_err b(void *arg)
{
    mark(arg, 'b');
    return PR_OK;
}

static enum pr_err refuse(void *arg)
{
    mark(arg, 'r');
    return PR_ERR_CONFLICT;
}

static enum pr_err stop(void *arg)
{
    struct op *op = arg;
    mark(op, 's');
    return flow_stop(&op->flow);
}

static enum pr_err effect(const void *args)
{
    mark(*(struct op *const *)args, 'e');
    return PR_OK;
}

static void call(struct op *op)
{
    gate_pass(&op->gate, "call", effect, &op, sizeof op, flow_wait(&op->flow));
}

static enum pr_err ask(void *arg)
{
    struct op *op = arg;
    mark(op, 'q');
    for (unsigned i = 0; i < op->waits; i++)
        call(op);
    return PR_OK;
}

static enum pr_err ask_and_fail(void *arg)
{
    call(arg);
    return PR_ERR_FORBIDDEN;
}

static enum pr_err ask_and_stop(void *arg)
{
    struct op *op = arg;
    call(op);
    return flow_stop(&op->flow);
}

/* The table lives as long as the block it stands in. */
#define START(op, ...)                                                                             \
    flow_start(&(op)->flow, "test", (const struct flow_step[]){__VA_ARGS__, FLOW_STEPS_END},       \
               finish, op)

static void assert_finished(const struct op *op, enum pr_err err, const char *trace)
{
    assert_string_equal(op->trace, trace);
    assert_int_equal(op->finished, 1);
    assert_string_equal(pr_err_name(op->err), pr_err_name(err));
}

static void test_steps_run_in_order_before_start_returns(void **state)
{
    (void)state;
    struct op op = {0};
    START(&op, FLOW_STEP(a), FLOW_STEP(b), FLOW_STEP(a));
    assert_finished(&op, PR_OK, "aba.");
}

static void test_no_steps_at_all(void **state)
{
    (void)state;
    struct op op = {0};
    static const struct flow_step none[] = {FLOW_STEPS_END};
    flow_start(&op.flow, "test", none, finish, &op);
    assert_finished(&op, PR_OK, ".");
}

static void test_port_that_answers_at_once(void **state)
{
    (void)state;
    struct op op = {.waits = 1};
    START(&op, FLOW_STEP(a), FLOW_STEP(ask), FLOW_STEP(b));
    assert_finished(&op, PR_OK, "aqeb.");
}

static void test_port_that_answers_later(void **state)
{
    (void)state;
    struct op op = {.waits = 1, .gate.holding = true};
    START(&op, FLOW_STEP(a), FLOW_STEP(ask), FLOW_STEP(b));
    assert_string_equal(op.trace, "aq");
    gate_release(&op.gate, 0, "call");
    assert_finished(&op, PR_OK, "aqeb.");
}

static void test_step_waits_for_all_its_calls(void **state)
{
    (void)state;
    struct op op = {.waits = 3, .gate.holding = true};
    START(&op, FLOW_STEP(ask), FLOW_STEP(b));
    gate_release(&op.gate, 2, "call");
    gate_release(&op.gate, 0, "call");
    assert_string_equal(op.trace, "qee");
    gate_release(&op.gate, 0, "call");
    assert_finished(&op, PR_OK, "qeeeb.");
}

static void test_some_at_once_and_some_later(void **state)
{
    (void)state;
    struct op op = {.waits = 2, .gate.holding = true};
    START(&op, FLOW_STEP(ask), FLOW_STEP(ask), FLOW_STEP(b));
    gate_release(&op.gate, 0, "call");
    gate_hold(&op.gate, false); /* the second step's are answered at once */
    gate_release(&op.gate, 0, "call");
    assert_finished(&op, PR_OK, "qeeqeeb.");
}

static void test_returned_error_skips_the_rest(void **state)
{
    (void)state;
    struct op op = {0};
    START(&op, FLOW_STEP(a), FLOW_STEP(refuse), FLOW_STEP(b));
    assert_finished(&op, PR_ERR_CONFLICT, "ar.");
}

static void test_error_of_a_call_skips_the_rest(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct op op = {.waits = 1, .gate.holding = later};
        gate_fail(&op.gate, 1, PR_ERR_TIMEOUT, false);
        START(&op, FLOW_STEP(ask), FLOW_STEP(b));
        gate_release_all(&op.gate);
        assert_finished(&op, PR_ERR_TIMEOUT, "q.");
    }
}

static void test_first_error_wins_and_all_calls_are_awaited(void **state)
{
    (void)state;
    struct op op = {.waits = 3, .gate.holding = true};
    gate_fail(&op.gate, 2, PR_ERR_TIMEOUT, false);
    START(&op, FLOW_STEP(ask), FLOW_STEP(b));
    gate_release(&op.gate, 1, "call");
    assert_int_equal(op.finished, 0);
    gate_release(&op.gate, 0, "call");
    assert_int_equal(op.finished, 0);
    gate_release(&op.gate, 0, "call");
    assert_finished(&op, PR_ERR_TIMEOUT, "qee.");
}

/* Returned after a call was made: finish waits for the call, whose own error comes too late. */
static void test_returned_error_waits_for_calls_under_way(void **state)
{
    (void)state;
    struct op op = {.gate.holding = true};
    gate_fail(&op.gate, 1, PR_ERR_TIMEOUT, false);
    START(&op, FLOW_STEP(ask_and_fail), FLOW_STEP(b));
    assert_int_equal(op.finished, 0);
    gate_release(&op.gate, 0, "call");
    assert_finished(&op, PR_ERR_FORBIDDEN, ".");
}

/* A call that failed at once came first. */
static void test_error_at_once_is_before_the_returned_one(void **state)
{
    (void)state;
    struct op op = {0};
    gate_fail(&op.gate, 1, PR_ERR_TIMEOUT, false);
    START(&op, FLOW_STEP(ask_and_fail), FLOW_STEP(b));
    assert_finished(&op, PR_ERR_TIMEOUT, ".");
}

static void test_stop_is_success_without_the_rest(void **state)
{
    (void)state;
    struct op op = {0};
    START(&op, FLOW_STEP(a), FLOW_STEP(stop), FLOW_STEP(b));
    assert_finished(&op, PR_OK, "as.");
}

static void test_stop_awaits_calls_and_their_errors(void **state)
{
    (void)state;
    for (int failing = 0; failing < 2; failing++) {
        struct op op = {.gate.holding = true};
        if (failing)
            gate_fail(&op.gate, 1, PR_ERR_TIMEOUT, false);
        START(&op, FLOW_STEP(ask_and_stop), FLOW_STEP(b));
        assert_int_equal(op.finished, 0);
        gate_release(&op.gate, 0, "call");
        assert_finished(&op, failing ? PR_ERR_TIMEOUT : PR_OK, failing ? "." : "e.");
    }
}

/* ---- depth of the stack ---- */

#define STEPS 20000

static enum pr_err go_down(void *arg)
{
    struct op *op = arg;
    const char *at = __builtin_frame_address(0);
    if (!op->stack_top)
        op->stack_top = op->stack_bottom = at;
    if (at < op->stack_bottom)
        op->stack_bottom = at;
    op->count++;
    pr_done_call(flow_wait(&op->flow), PR_OK);
    return PR_OK;
}

static void test_thousands_of_immediate_answers_do_not_grow_the_stack(void **state)
{
    (void)state;
    struct op op = {0};
    struct flow_step *steps = calloc(STEPS + 1, sizeof *steps);
    for (int i = 0; i < STEPS; i++)
        steps[i] = (struct flow_step)FLOW_STEP(go_down);
    flow_start(&op.flow, "test", steps, finish, &op);
    assert_finished(&op, PR_OK, ".");
    assert_int_equal(op.count, STEPS);
    assert_ptr_equal(op.stack_bottom, op.stack_top);
    free(steps);
}

/* ---- flows inside flows ---- */

struct nested {
    struct flow flow;
    struct op *outer;
    unsigned *left;
    struct pr_done done;
};

static enum pr_err mark_outer(void *arg)
{
    mark(((struct nested *)arg)->outer, 'i');
    return PR_OK;
}

static void finish_nested(void *arg, enum pr_err err);

static void start_nested(struct op *outer, unsigned *left, struct pr_done done)
{
    static const struct flow_step steps[] = {FLOW_STEP(mark_outer), FLOW_STEPS_END};
    struct nested *nested = calloc(1, sizeof *nested);
    nested->outer = outer;
    nested->left = left;
    nested->done = done;
    flow_start(&nested->flow, "nested", steps, finish_nested, nested);
}

/* Starts the next one while it ends itself, as one usecase may start another when it is over. */
static void finish_nested(void *arg, enum pr_err err)
{
    struct nested *nested = arg, last = *nested;
    assert_string_equal(log_context_current()->usecase, "nested");
    free(nested);
    if (--*last.left > 0)
        start_nested(last.outer, last.left, last.done);
    else
        pr_done_call(last.done, err);
}

static enum pr_err run_nested(void *arg)
{
    struct op *op = arg;
    start_nested(op, &op->waits, flow_wait(&op->flow));
    assert_string_equal(log_context_current()->usecase, "test");
    assert_string_equal(log_context_current()->step, "run_nested");
    return PR_OK;
}

static void test_a_flow_starts_another_in_its_finish(void **state)
{
    (void)state;
    struct op op = {.waits = 3};
    START(&op, FLOW_STEP(run_nested), FLOW_STEP(b));
    assert_finished(&op, PR_OK, "iiib.");
}

/* ---- what the log and the metrics learn ---- */

static const struct log_context request = {.request_id = "req-1",
                                           .trace_id = "0af7651916cd43dd8448eb211c80319c",
                                           .span_id = "b7ad6b7169203331"};

static enum pr_err say(void *arg)
{
    (void)arg;
    log_at(LOG_INFO, "here I am");
    return PR_OK;
}

static void finish_saying(void *arg, enum pr_err err)
{
    log_at(LOG_INFO, "the end");
    finish(arg, err);
}

static void assert_line(size_t i, const char *text)
{
    struct pr_str line = logs_line(i);
    if (!memmem(line.p, line.n, text, strlen(text)))
        fail_msg("%s is not in " PR_STR_FMT, text, PR_STR_ARG(line));
}

static void test_context_of_the_start_is_kept_over_waits(void **state)
{
    (void)state;
    static const struct flow_step steps[] = {FLOW_STEP(ask), FLOW_STEP(say), FLOW_STEPS_END};
    struct log_context ctx = request;
    struct op op = {.waits = 1, .gate.holding = true};
    logs_catch();
    log_context_enter(&ctx);
    flow_start(&op.flow, "test", steps, finish_saying, &op);
    assert_ptr_equal(log_context_current(), &ctx);
    log_context_enter(NULL);
    memset(&ctx, 'x', sizeof ctx); /* the request is gone */
    gate_release(&op.gate, 0, "call");
    assert_null(log_context_current());
    assert_int_equal(logs_count(), 2);
    assert_line(0, "\"request_id\":\"req-1\",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
                   "\"usecase\":\"test\",\"step\":\"say\",\"msg\":\"here I am\"");
    assert_line(1, "\"usecase\":\"test\",\"msg\":\"the end\"");
}

static void test_failed_step_is_logged_once_at_the_level_of_its_class(void **state)
{
    (void)state;
    static const struct {
        enum pr_err err;
        const char *level;
    } cases[] = {{PR_ERR_CONFLICT, "info"}, {PR_ERR_TIMEOUT, "warn"}, {PR_ERR_INTERNAL, "error"}};
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        char expected[32];
        struct op op = {.waits = 1};
        logs_catch();
        gate_fail(&op.gate, 1, cases[i].err, false);
        START(&op, FLOW_STEP(ask), FLOW_STEP(b));
        assert_int_equal(logs_count(), 1);
        snprintf(expected, sizeof expected, "\"level\":\"%s\"", cases[i].level);
        assert_line(0, expected);
        assert_line(0, "\"step\":\"ask\",\"msg\":\"step failed\"");
        assert_line(0, pr_err_text(cases[i].err));
    }
}

static char observed[256];

static void observe(const char *what, const char *step, enum pr_err err)
{
    size_t n = strlen(observed);
    snprintf(observed + n, sizeof observed - n, "%s%s%s%s;", what, step ? " " : "",
             step ? step : "", err ? "!" : "");
}

static void observe_start(const char *flow)
{
    assert_string_equal(flow, "test");
    observe("start", NULL, PR_OK);
}

static void observe_step(const char *flow, const char *step, int64_t duration_ns, enum pr_err err)
{
    assert_string_equal(flow, "test");
    assert_true(duration_ns >= 0);
    observe("step", step, err);
}

static void observe_finish(const char *flow, int64_t duration_ns, enum pr_err err)
{
    assert_string_equal(flow, "test");
    assert_true(duration_ns >= 0);
    observe("finish", NULL, err);
}

static void test_observer_sees_each_step(void **state)
{
    (void)state;
    static const struct flow_observer all = {observe_start, observe_step, observe_finish};
    static const struct flow_observer none = {0};
    struct op first = {0}, second = {0}, third = {0};
    observed[0] = 0;
    flow_set_observer(&all);
    START(&first, FLOW_STEP(a), FLOW_STEP(refuse), FLOW_STEP(b));
    assert_string_equal(observed, "start;step a;step refuse!;finish!;");
    flow_set_observer(&none);
    START(&second, FLOW_STEP(a));
    flow_set_observer(NULL);
    START(&third, FLOW_STEP(a));
    assert_string_equal(observed, "start;step a;step refuse!;finish!;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_run_in_order_before_start_returns),
        cmocka_unit_test(test_no_steps_at_all),
        cmocka_unit_test(test_port_that_answers_at_once),
        cmocka_unit_test(test_port_that_answers_later),
        cmocka_unit_test(test_step_waits_for_all_its_calls),
        cmocka_unit_test(test_some_at_once_and_some_later),
        cmocka_unit_test(test_returned_error_skips_the_rest),
        cmocka_unit_test(test_error_of_a_call_skips_the_rest),
        cmocka_unit_test(test_first_error_wins_and_all_calls_are_awaited),
        cmocka_unit_test(test_returned_error_waits_for_calls_under_way),
        cmocka_unit_test(test_error_at_once_is_before_the_returned_one),
        cmocka_unit_test(test_stop_is_success_without_the_rest),
        cmocka_unit_test(test_stop_awaits_calls_and_their_errors),
        cmocka_unit_test(test_thousands_of_immediate_answers_do_not_grow_the_stack),
        cmocka_unit_test(test_a_flow_starts_another_in_its_finish),
        cmocka_unit_test(test_context_of_the_start_is_kept_over_waits),
        cmocka_unit_test(test_failed_step_is_logged_once_at_the_level_of_its_class),
        cmocka_unit_test(test_observer_sees_each_step),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
