#include "shared/metrics/process.h"

#include "shared/base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The word of a file of /proc/self, counted from 0; -1 when it cannot be read. In stat the second
 * word is the program's name in parentheses, which may hold anything: `after` skips it. */
static int64_t read_number(const char *path, char after, unsigned word)
{
    char text[1024];
    int64_t number = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    struct pr_str rest = pr_str_n(text, fread(text, 1, sizeof text, file)), head;
    fclose(file);
    const char *skip = after ? memrchr(text, after, rest.n) : NULL;
    if (skip)
        rest = pr_str_n(skip + 1, rest.n - (size_t)(skip + 1 - text));
    for (unsigned i = 0; i <= word; i++)
        pr_str_cut(rest, ' ', &head, &rest);
    return pr_str_to_int(head, 0, INT64_MAX, &number) ? number : -1;
}

/* proc(5): the second number, in pages. */
static double resident_bytes(void)
{
    int64_t pages = read_number("/proc/self/statm", 0, 1);
    return pages < 0 ? 0 : (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_fds(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and the one that reads */
}

/* proc(5): field 22 of stat, in ticks since the machine started; behind the name's ")" it is word
 * 20. */
static double start_seconds(void)
{
    int64_t ticks = read_number("/proc/self/stat", ')', 20);
    if (ticks < 0)
        return 0;
    double age = seconds_of(CLOCK_BOOTTIME) - (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return seconds_of(CLOCK_REALTIME) - age;
}

struct process_stats process_stats_read(void)
{
    return (struct process_stats){
        .resident_bytes = resident_bytes(),
        .cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
        .open_fds = open_fds(),
        .start_seconds = start_seconds(),
    };
}
