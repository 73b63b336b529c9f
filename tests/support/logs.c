#include "tests/support/logs.h"

#include "shared/base/buf.h"
#include "tests/support/test.h"

static struct pr_buf caught;

static void catch_line(void *arg, struct pr_str line)
{
    (void)arg;
    assert_true(line.n > 0 && line.p[line.n - 1] == '\n');
    pr_buf_append(&caught, line);
    assert_false(caught.full);
}

void logs_catch(void)
{
    pr_buf_fini(&caught);
    pr_buf_init(&caught, (size_t)16 << 20);
    log_set_sink(catch_line, NULL);
}

void logs_let_go(void)
{
    log_set_sink(NULL, NULL);
    pr_buf_fini(&caught);
}

size_t logs_count(void)
{
    size_t n = 0;
    for (size_t i = 0; i < caught.n; i++)
        n += caught.p[i] == '\n';
    return n;
}

struct pr_str logs_line(size_t i)
{
    struct pr_str line = {NULL, 0}, rest = pr_buf_str(&caught);
    assert_true(i < logs_count());
    for (size_t k = 0; k <= i; k++)
        pr_str_cut(rest, '\n', &line, &rest);
    return line;
}

bool logs_hold(const char *text)
{
    return caught.n > 0 && memmem(caught.p, caught.n, text, strlen(text));
}

int logs_setup(void **state)
{
    (void)state;
    logs_catch();
    return 0;
}

int logs_teardown(void **state)
{
    (void)state;
    logs_let_go();
    return 0;
}
