/* What a process cannot do any more once it has entered the sandbox. Each attempt is made by a
 * child of its own; the parent sees how it ended. */
#include "services/thumbnailer/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 4096, ALIVE = 0, REFUSED = 3 };

/* ALIVE when it could do it, REFUSED when it got an error; or it dies. */
typedef int (*attempt_fn)(void);

static int scratch; /* a file that was opened outside */

static int outcome(attempt_fn attempt)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (!sandbox_enter(OUTPUT_MAX))
            _exit(99);
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_killed_by(attempt_fn attempt, int signal_number)
{
    int status = outcome(attempt);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
}

static void assert_exits(attempt_fn attempt, int exit_status)
{
    int status = outcome(attempt);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), exit_status);
}

static int open_file(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? REFUSED : ALIVE;
}

static int create_file(void)
{
    return open("/tmp/pierrot-sandbox-test", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES
               ? REFUSED
               : ALIVE;
}

static int stat_path(void)
{
    struct stat file;
    return stat("/etc/passwd", &file) != 0 && errno == EACCES ? REFUSED : ALIVE;
}

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? REFUSED : ALIVE;
}

static int run_program(void)
{
    return execl("/bin/true", "true", NULL) < 0 ? REFUSED : ALIVE;
}

static int make_process(void)
{
    return fork() < 0 ? REFUSED : ALIVE;
}

static int signal_parent(void)
{
    return kill(getppid(), 0) < 0 ? REFUSED : ALIVE;
}

static int trace_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? REFUSED : ALIVE;
}

static int map_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? REFUSED : ALIVE;
}

static int make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 ? REFUSED : ALIVE;
}

static int raise_memory_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_AS, &limit) < 0 ? REFUSED : ALIVE;
}

static int use_too_much_memory(void)
{
    void *memory = mmap(NULL, SANDBOX_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED && errno == ENOMEM ? REFUSED : ALIVE;
}

static int write_too_much(void)
{
    bool within = pwrite(scratch, "x", 1, OUTPUT_MAX - 1) == 1;
    bool beyond = pwrite(scratch, "x", 1, OUTPUT_MAX) == 1;
    return within && !beyond && errno == EFBIG ? REFUSED : ALIVE;
}

static int spin(void)
{
    volatile bool forever = true;

    sandbox_limit_cpu(1);
    while (forever)
        ;
    return ALIVE;
}

static void *answer(void *arg)
{
    return arg;
}

/* What decoding does need. */
static int work(void)
{
    pthread_t thread;
    void *result = NULL;
    char byte;

    sandbox_limit_cpu(5);
    sandbox_limit_cpu(0);
    if (pthread_create(&thread, NULL, answer, &result) != 0 || pthread_join(thread, &result) != 0 ||
        result == NULL)
        return 4;
    void *memory = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || munmap(memory, 64 << 20) != 0)
        return 5;
    if (pwrite(scratch, "y", 1, 0) != 1 || pread(scratch, &byte, 1, 0) != 1 || byte != 'y')
        return 6;
    struct stat file;
    return fstat(scratch, &file) == 0 ? ALIVE : 7;
}

static void test_work_goes_on(void **state)
{
    (void)state;
    assert_exits(work, ALIVE);
}

static void test_files_cannot_be_opened(void **state)
{
    (void)state;
    if (sandbox_is_relaxed) /* then Landlock alone refuses, where the kernel has it */
        skip();
    assert_exits(open_file, REFUSED);
    assert_exits(create_file, REFUSED);
    assert_exits(stat_path, REFUSED);
}

static void test_network_programs_and_processes_kill(void **state)
{
    static const attempt_fn attempts[] = {make_socket,   run_program,       make_process,
                                          signal_parent, trace_parent,      map_code,
                                          make_code,     raise_memory_limit};

    (void)state;
    if (sandbox_is_relaxed)
        skip();
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        assert_killed_by(attempts[i], SIGSYS);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    if (sandbox_is_relaxed)
        skip();
    assert_exits(use_too_much_memory, REFUSED);
}

static void test_outputs_are_bounded(void **state)
{
    (void)state;
    assert_exits(write_too_much, REFUSED);
}

static void test_cpu_time_is_bounded(void **state)
{
    (void)state;
    assert_killed_by(spin, SIGXCPU);
}

/* The child enters and sleeps, its parent dies; the pipe closes when the child is dead too. */
static void test_it_dies_with_its_parent(void **state)
{
    int ends[2], status = 0;
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        if (fork() == 0) {
            bool entered = sandbox_enter(OUTPUT_MAX);
            if (write(ends[1], entered ? "+" : "-", 1) == 1)
                for (;;)
                    sleep(1);
            _exit(1);
        }
        _exit(read(ends[0], &byte, 1) == 1 && byte == '+' ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_goes_on),
        cmocka_unit_test(test_files_cannot_be_opened),
        cmocka_unit_test(test_network_programs_and_processes_kill),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_outputs_are_bounded),
        cmocka_unit_test(test_cpu_time_is_bounded),
        cmocka_unit_test(test_it_dies_with_its_parent),
    };
    scratch = memfd_create("scratch", MFD_CLOEXEC);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
