/* Gauges of what every service has: its pool, its relay, its consumer. */
#include "shared/service/internal.h"

#include "shared/metrics/metrics.h"

static double read_pg_connections(void *arg)
{
    struct pg_stats stats;
    pg_stats(((struct service *)arg)->pg, &stats);
    return stats.connections_up;
}

static double read_pg_in_flight(void *arg)
{
    struct pg_stats stats;
    pg_stats(((struct service *)arg)->pg, &stats);
    return stats.in_flight;
}

static double read_pg_waiting(void *arg)
{
    struct pg_stats stats;
    pg_stats(((struct service *)arg)->pg, &stats);
    return stats.waiting;
}

static double read_relay_active(void *arg)
{
    return relay_active(((struct service *)arg)->relay);
}

static double read_consumer_lag(void *arg)
{
    const struct service *service = arg;
    return service->consumer ? (double)kafka_consumer_lag(service->consumer) : -1;
}

void service_gauges_init(struct service *service)
{
    metric_gauge_fn("pierrot_pg_connections", "Connections to Postgres that are up.",
                    read_pg_connections, service);
    metric_gauge_fn("pierrot_pg_in_flight", "Queries sent and not yet answered.", read_pg_in_flight,
                    service);
    metric_gauge_fn("pierrot_pg_waiting", "Queries waiting for a connection.", read_pg_waiting,
                    service);
    metric_gauge_fn("pierrot_relay_active", "1 when this process carries the outbox to Kafka.",
                    read_relay_active, service);
    if (service->spec->consumes)
        metric_gauge_fn("pierrot_consumer_lag", "Messages not yet read; -1 when unknown.",
                        read_consumer_lag, service);
}
