#include "services/media/domain/guess.h"

#include <math.h>

const struct guess_rule guess_client = {GUESS_CLIENT_FREE, GUESS_CLIENT_MAX_S};
const struct guess_rule guess_event = {GUESS_EVENT_FREE, GUESS_EVENT_MAX_S};

void guess_fail(struct guess *guess, const struct guess_rule *rule, int64_t now_ms)
{
    double leaked = (double)(now_ms - guess->at_ms) / (GUESS_LEAK_S * 1000.0);
    double most = rule->free + log2(rule->max_s);
    double failures = fmax(0, guess->failures - fmax(0, leaked)) + 1;
    failures = fmin(failures, most);
    double delay_s = failures > rule->free ? fmin(exp2(failures - rule->free), rule->max_s) : 0;
    *guess = (struct guess){failures, now_ms, now_ms + (int64_t)(delay_s * 1000)};
}
