/* logs: catches log lines while a test runs, so that it can read them and the terminal stays quiet.
 */
#pragma once

#include "shared/log/log.h"

void logs_catch(void); /* forgets what was caught before */
void logs_let_go(void);

size_t logs_count(void);
struct pr_str logs_line(size_t i); /* without its end of line; borrowed until the next catch */
bool logs_hold(const char *text);  /* some line holds it */

/* As cmocka's setup and teardown of a group. */
int logs_setup(void **state);
int logs_teardown(void **state);
