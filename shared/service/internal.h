/* What the files of shared/service share among themselves. */
#pragma once

#include "shared/service/service.h"

const char *service_dead_letters(const struct service *service, char out[64]);

/* /healthz, /readyz and /metrics, in front of the service's own routes; arg of each is its own. */
extern const struct http_route service_health_routes[];
void service_health_init(struct service *service);
void service_gauges_init(struct service *service);

int service_serve(struct service *service);

/* Give memory back: all that only starting needed, once; and now and then what a rush needed. */
void service_trim_all(void);
void service_trim_heap(void);
