#include "tests/unit/shared/service/child.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 8

void child_environment(void)
{
    static const char *const settings[][2] = {
        {"PIERROT_LISTEN", "127.0.0.1:0"},
        {"PIERROT_DATABASE_URL", "postgresql://nobody:topsecret@127.0.0.1:1/none"},
        {"PIERROT_KAFKA_BROKERS", "127.0.0.1:1"},
        {"PIERROT_IDENTITY_SECRET",
         "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        setenv(settings[i][0], settings[i][1], 1);
    unsetenv("PIERROT_LOG_LEVEL");
    unsetenv("PIERROT_STOP_LIMIT_S");
}

void child_start(struct child *child, const struct service_spec *spec, const char *const *args)
{
    int out[2], err[2], argc = 1;
    char *argv[ARGS_MAX] = {(char *)"pierrot-test"};
    while (args[argc - 1]) {
        argv[argc] = (char *)args[argc - 1];
        argc++;
        assert_true(argc < ARGS_MAX);
    }
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    fflush(NULL);
    *child = (struct child){.out = out[0], .err = err[0]};
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        exit(service_main(argc, argv, spec)); /* not _exit: the leak checker looks too */
    }
    close(out[1]);
    close(err[1]);
}

static void read_some(int *fd, char *text, size_t size)
{
    size_t n = strlen(text);
    assert_true(n + 1 < size);
    ssize_t got = read(*fd, text + n, size - 1 - n);
    if (got <= 0) {
        close(*fd);
        *fd = -1;
    }
}

int child_end(struct child *child)
{
    int status;
    while (child->out >= 0 || child->err >= 0) {
        struct pollfd fds[] = {{child->out, POLLIN, 0}, {child->err, POLLIN, 0}};
        poll(fds, 2, -1);
        if (fds[0].revents)
            read_some(&child->out, child->stdout_text, sizeof child->stdout_text);
        if (fds[1].revents)
            read_some(&child->err, child->stderr_text, sizeof child->stderr_text);
    }
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int child_run(struct child *child, const struct service_spec *spec, const char *const *args)
{
    child_start(child, spec, args);
    return child_end(child);
}
