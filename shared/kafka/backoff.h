/* backoff (of shared/kafka alone): when to try again, and when to say so. */
#pragma once

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds to wait after that many failures in a row: 100, 200, … 10,000, the upper half of it
 * random, so that copies of a service do not try in step. */
static inline uint64_t kafka_backoff_ms(unsigned failures)
{
    uint32_t full = failures > 7 ? 10000 : (uint32_t)100 << (failures - 1);
    full = full > 10000 ? 10000 : full;
    return full / 2 + randombytes_uniform(full / 2 + 1);
}

/* The first failure, then ever more sparsely: the 2nd, 4th, 8th, … */
static inline bool kafka_backoff_tell(unsigned failures)
{
    return (failures & (failures - 1)) == 0;
}
