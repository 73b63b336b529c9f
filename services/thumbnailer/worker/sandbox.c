#include "services/thumbnailer/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef PIERROT_SANITIZED
const bool sandbox_is_relaxed = true;
#else
const bool sandbox_is_relaxed = false;
#endif

enum { FDS_MAX = 16 };

/* What decoding, answering and exiting need. */
static const char *const allowed[] = {
    "read",
    "pread64",
    "readv",
    "write",
    "pwrite64",
    "writev",
    "lseek",
    "fstat",
    "close",
    "sendmsg",
    "recvmsg",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "futex",
    "set_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "gettid",
    "getpid",
    "getppid",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "getrusage",
    "getrandom",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "tgkill",
    "restart_syscall",
    "exit",
    "exit_group",
};

/* Refused with EACCES instead of death: libraries ask for these in passing (the count of
 * processors, a message catalogue, a thread's name or priority) and do without. */
static const char *const refused[] = {
    "open",           "openat",
    "stat",           "lstat",
    "access",         "faccessat",
    "readlink",       "getcwd",
    "uname",          "sysinfo",
    "ioctl",          "fcntl",
    "prctl",          "sched_setscheduler",
    "sched_getparam", "sched_getscheduler",
    "getpriority",    "setpriority",
    "mbind",          "set_mempolicy",
    "get_mempolicy",
};

static bool fail(const char *what, int error)
{
    fprintf(stderr, "pierrot-thumbnailer-worker: %s: %s\n", what, strerror(error));
    return false;
}

static bool limit(__rlimit_resource_t resource, uint64_t value)
{
    struct rlimit rlimit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &rlimit) == 0;
}

/* No RLIMIT_NPROC: it counts all processes of the user, and seccomp is stricter about new ones. */
static bool limit_resources(uint64_t output_max)
{
    if ((!sandbox_is_relaxed && !limit(RLIMIT_AS, SANDBOX_MEMORY_BYTES)) ||
        !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, FDS_MAX) ||
        !limit(RLIMIT_FSIZE, output_max))
        return fail("setrlimit", errno);
    signal(SIGXFSZ, SIG_IGN); /* too large an output is an error of pwrite, not a death */
    mallopt(M_ARENA_MAX,
            1); /* an arena for each thread would reserve 128 MB of the address space */
    return true;
}

/* A ruleset that handles every access to files and has no rule denies them all. */
static bool deny_files(void)
{
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, /* the 13 of version 1 */
    };
    long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);

    if (ruleset < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP || fail("landlock_create_ruleset", errno);
    long result = syscall(SYS_landlock_restrict_self, (int)ruleset, 0);
    int error = errno;
    close((int)ruleset);
    return result == 0 || fail("landlock_restrict_self", error);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++)
        result = seccomp_rule_add(filter, action, seccomp_syscall_resolve_name(names[i]), 0);
    return result;
}

static int add_rules(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    const struct scmp_arg_cmp by_fd = SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH);
    const struct scmp_arg_cmp by_path = SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH);
    const struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, 0);
    const struct scmp_arg_cmp cpu = SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU);
    const uint32_t allow = SCMP_ACT_ALLOW, refuse = SCMP_ACT_ERRNO(EACCES);
    int result = add_all(filter, allow, allowed, sizeof allowed / sizeof *allowed);

#define ADD(action, name, count, ...)                                                              \
    if (result == 0)                                                                               \
    result = seccomp_rule_add(filter, action, SCMP_SYS(name), count, __VA_ARGS__)
    if (result == 0)
        result = add_all(filter, refuse, refused, sizeof refused / sizeof *refused);
    ADD(allow, mmap, 1, not_executable);
    ADD(allow, mprotect, 1, not_executable);
    ADD(allow, clone, 1, thread); /* libvips needs threads; nothing needs processes */
    ADD(allow, newfstatat, 1, by_fd);
    ADD(refuse, newfstatat, 1, by_path);
    ADD(allow, prlimit64, 2, self, cpu); /* sandbox_limit_cpu */
#undef ADD
    if (result == 0) /* its flags are out of a filter's sight; libc then falls back to clone */
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result;
}

static bool filter_system_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (filter == NULL)
        return fail("seccomp_init", ENOMEM);
    int result = add_rules(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 || fail("seccomp", -result);
}

bool sandbox_enter(uint64_t output_max)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail("prctl", errno);
    return limit_resources(output_max) && deny_files() &&
           (sandbox_is_relaxed || filter_system_calls());
}

void sandbox_limit_cpu(uint32_t seconds)
{
    struct rlimit rlimit;
    struct timespec used;

    if (getrlimit(RLIMIT_CPU, &rlimit) != 0 || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return;
    rlimit.rlim_cur = seconds == 0 ? rlimit.rlim_max : (rlim_t)used.tv_sec + 1 + seconds;
    setrlimit(RLIMIT_CPU, &rlimit);
}
