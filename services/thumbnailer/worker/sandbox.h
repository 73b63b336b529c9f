/* The walls around the decoders. A process that has entered cannot open anything, reach a network,
 * start a program or another process, grow beyond its memory, or outlive its parent; it can read
 * and write the descriptors it is handed, use memory and threads, and exit.
 *
 * Each wall stands alone, so that one which a kernel lacks, or which turns out to have a hole, does
 * not open the rest: no_new_privs, resource limits, Landlock, seccomp. */
#ifndef PIERROT_THUMBNAILER_WORKER_SANDBOX_H
#define PIERROT_THUMBNAILER_WORKER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#define SANDBOX_MEMORY_BYTES (1ull << 30) /* of address space */

/* True when the build has a sanitizer, whose runtime needs terabytes of address space and system
 * calls of its own: then the memory limit and seccomp are left out, and only these. */
extern const bool sandbox_is_relaxed;

/* Enters, for good. `output_max` is the largest file that can be written, in bytes. False, with one
 * line on standard error, when a wall cannot be built; the process must end then. A kernel without
 * Landlock is no failure. */
bool sandbox_enter(uint64_t output_max);

/* Allows this many more seconds of CPU time from now; then SIGXCPU ends the process. 0: any. */
void sandbox_limit_cpu(uint32_t seconds);

#endif
