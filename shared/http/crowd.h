/* crowd: how many connections each network has. Pure. */
#pragma once

#include "shared/http/client_address.h"

struct crowd;
struct crowd_group; /* of one network */

struct crowd *crowd_create(unsigned max_each);
void crowd_destroy(struct crowd *crowd); /* nobody is left in it */

/* NULL when the network has as many as it may. */
struct crowd_group *crowd_enter(struct crowd *crowd, const struct address *network);
void crowd_leave(struct crowd *crowd, struct crowd_group *group);
