/* process: what Linux tells of the running process, under the names Prometheus' clients agreed on.
 */
#pragma once

struct process_stats {
    double resident_bytes, cpu_seconds, open_fds, start_seconds; /* start: Unix time */
};

/* What cannot be read stays 0. */
struct process_stats process_stats_read(void);
