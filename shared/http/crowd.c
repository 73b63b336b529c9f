/* A hash table of groups, chained. It is seeded, since strangers choose what goes into it. */
#include "shared/http/crowd.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"

#include <assert.h>

#define BUCKETS 1024

struct crowd_group {
    struct crowd_group *next;
    struct address network;
    unsigned count;
};

struct crowd {
    unsigned max_each;
    uint64_t seeds[2];
    struct crowd_group *buckets[BUCKETS];
};

struct crowd *crowd_create(unsigned max_each)
{
    struct crowd *crowd = PR_NEW(struct crowd);
    crowd->max_each = max_each;
    crypto_random(crowd->seeds, sizeof crowd->seeds);
    return crowd;
}

void crowd_destroy(struct crowd *crowd)
{
    for (size_t i = 0; i < BUCKETS; i++)
        assert(!crowd->buckets[i]);
    free(crowd);
}

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93;
    return h ^ h >> 32;
}

static struct crowd_group **bucket_of(struct crowd *crowd, const struct address *network)
{
    uint64_t halves[2];
    memcpy(halves, network->bytes, sizeof halves);
    uint64_t h = mix(mix(halves[0] ^ crowd->seeds[0]) + (halves[1] ^ crowd->seeds[1]));
    return &crowd->buckets[h % BUCKETS];
}

struct crowd_group *crowd_enter(struct crowd *crowd, const struct address *network)
{
    struct crowd_group **bucket = bucket_of(crowd, network), *group = *bucket;
    while (group && memcmp(&group->network, network, sizeof *network) != 0)
        group = group->next;
    if (!group) {
        group = PR_NEW(struct crowd_group);
        group->network = *network;
        group->next = *bucket;
        *bucket = group;
    }
    if (group->count == crowd->max_each)
        return NULL;
    group->count++;
    return group;
}

void crowd_leave(struct crowd *crowd, struct crowd_group *group)
{
    if (--group->count > 0)
        return;
    struct crowd_group **place = bucket_of(crowd, &group->network);
    while (*place != group)
        place = &(*place)->next;
    *place = group->next;
    free(group);
}
