/* guess: how wrong access codes are slowed down. A client's network has a count of them, and so has
 * each event, whether there is one of that name or not. A count leaks one a minute; above what is
 * free, each failure blocks for twice as long as the one before:
 *
 *     a client:  20 free, then 2, 4, 8, … up to 300 s
 *     an event: 100 free, then 2, 4, 8, 10 s, so that one who guesses shuts nobody out for long
 *
 * While either is blocked, what is tried is not looked at and does not count. A right code takes
 * nothing from a count: who has one could else go on guessing others. */
#pragma once

#include <stdint.h>

#define GUESS_LEAK_S 60 /* a failure is forgotten */

#define GUESS_CLIENT_FREE 20
#define GUESS_CLIENT_MAX_S 300
#define GUESS_EVENT_FREE 100
#define GUESS_EVENT_MAX_S 10

/* After so long nothing is left of any count. */
#define GUESS_FORGOTTEN_MS ((int64_t)2 * 3600 * 1000)

struct guess_rule {
    double free, max_s;
};

extern const struct guess_rule guess_client, guess_event;

/* A zeroed one is of nobody who failed lately. */
struct guess {
    double failures; /* as of at_ms */
    int64_t at_ms, blocked_until_ms;
};

/* One more at now_ms. The count ends where the delay does, so that what was a long attack is
 * forgotten as soon as a short one. */
void guess_fail(struct guess *guess, const struct guess_rule *rule, int64_t now_ms);
