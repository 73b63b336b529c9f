/* child: runs service_main in a process of its own, with this environment, and reads what it says.
 */
#pragma once

#include "shared/service/service.h"
#include "tests/support/test.h"

#include <sys/types.h>

struct child {
    pid_t pid;
    int out, err;            /* ends of pipes; -1 when read to the end */
    char stdout_text[65536]; /* child_end fills both */
    char stderr_text[65536];
};

/* Settings of a service whose Postgres and Kafka do not answer. */
void child_environment(void);

void child_start(struct child *child, const struct service_spec *spec, const char *const *args);

/* Waits for its end; returns its exit status, -1 when it did not exit. */
int child_end(struct child *child);
int child_run(struct child *child, const struct service_spec *spec, const char *const *args);
