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

/* clang-format off */
/* What decoding, answering and exiting need. */
static const char *const allowed[] = {
    "read", "pread64", "readv", "write", "pwrite64", "writev", "lseek", "fstat", "close",
    "sendmsg", "recvmsg", "munmap", "mremap", "madvise", "brk", "futex", "set_robust_list",
    "rseq", "sched_yield", "sched_getaffinity", "gettid", "getpid", "getppid", "nanosleep",
    "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "getrusage",
    "getrandom", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "restart_syscall", "exit", "exit_group",
};

/* Refused with EACCES instead of death: libraries ask for these in passing (the count of
 * processors, a message catalogue, a thread's name or priority) and do without. */
static const char *const refused[] = {
    "open", "openat", "stat", "lstat", "access", "faccessat", "readlink", "getcwd", "uname",
    "sysinfo", "ioctl", "fcntl", "prctl", "sched_setscheduler", "sched_getparam",
    "sched_getscheduler", "getpriority", "setpriority", "mbind", "set_mempolicy",
    "get_mempolicy",
};
/* clang-format on */

/* What depends on the arguments; any others kill. */
static const struct {
    uint32_t action;
    int call;
    unsigned count;
    struct scmp_arg_cmp arguments[2];
} conditional[] = {
    /* memory never becomes code */
    {SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    /* libvips needs threads, nothing needs processes; clone3 hides its flags from a filter, and
     * libc falls back to clone */
    {SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}}},
    {SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, {{0}}},
    /* libc's fstat; by path it would tell which files there are */
    {SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, {{3, SCMP_CMP_EQ, AT_EMPTY_PATH, 0}}},
    {SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, {{3, SCMP_CMP_NE, AT_EMPTY_PATH, 0}}},
    /* sandbox_limit_cpu */
    {SCMP_ACT_ALLOW,
     SCMP_SYS(prlimit64),
     2,
     {{0, SCMP_CMP_EQ, 0, 0}, {1, SCMP_CMP_EQ, RLIMIT_CPU, 0}}},
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

static int add_rules(scmp_filter_ctx filter)
{
    int result = 0;

    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && result == 0; i++)
        result =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(allowed[i]), 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
                                  seccomp_syscall_resolve_name(refused[i]), 0);
    for (size_t i = 0; i < sizeof conditional / sizeof *conditional && result == 0; i++)
        result = seccomp_rule_add_array(filter, conditional[i].action, conditional[i].call,
                                        conditional[i].count, conditional[i].arguments);
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
