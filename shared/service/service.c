/* `serve`: brings everything up in an order that does not depend on what is already there, and down
 * in the reverse one.
 *
 *     start -> [postgres] -> schema is migrated -+-> run (jobs, tickers)
 *           -> [kafka] -> topics are there ------+-> consumer
 *           -> HTTP, at once: health answers from the first moment */
#include "shared/service/internal.h"

#include "shared/base/alloc.h"
#include "shared/metrics/flow_metrics.h"
#include "shared/metrics/metrics.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#define TICK_MS 1000
#define SETTLED_TICKS 5
#define TRIM_TICKS 15
#define RELAY_POLL_MS 1000

const char *service_dead_letters(const struct service *service, char out[64])
{
    snprintf(out, 64, "%s.dead-letters", service->spec->name);
    return out;
}

static size_t count_topics(const char *const *topics)
{
    size_t n = 0;
    while (topics && topics[n])
        n++;
    return n;
}

static void start_consumer(struct service *service)
{
    const struct service_spec *spec = service->spec;
    char group[64], dead_letters[64];
    if (!spec->consumes || service->consumer || service->stopping || !service->schema_ready ||
        !service->topics_ready)
        return;
    snprintf(group, sizeof group, "pierrot-%s", spec->name);
    service->consumer = kafka_consumer_create(
        &service->loop, &(struct kafka_consumer_options){
                            .kafka = {service->settings.kafka_brokers, group},
                            .group = group,
                            .topics = spec->consumes,
                            .topics_count = count_topics(spec->consumes),
                            .dead_letters = service_dead_letters(service, dead_letters),
                            .producer = service->producer,
                            .paused = !spec->handler,
                            .handler = spec->handler,
                            .arg = service,
                        });
}

static void topics_ensured(void *arg, enum pr_err err)
{
    struct service *service = arg;
    if (err)
        return; /* we are being closed */
    service->topics_ready = true;
    start_consumer(service);
}

static void ensure_topics(struct service *service)
{
    const struct service_spec *spec = service->spec;
    char dead_letters[64];
    size_t emitted = count_topics(spec->emits), consumed = count_topics(spec->consumes), n = 0;
    const char **topics = pr_alloc((emitted + consumed + 1) * sizeof *topics);
    for (size_t i = 0; i < emitted; i++)
        topics[n++] = spec->emits[i];
    for (size_t i = 0; i < consumed; i++)
        topics[n++] = spec->consumes[i];
    topics[n++] = service_dead_letters(service, dead_letters);
    kafka_ensure_topics(service->producer, topics, n, (int)service->settings.kafka_partitions,
                        (struct pr_done){topics_ensured, service});
    free(topics);
}

/* The newest migration this program knows must be in the table. */
static const struct pg_stmt schema_stmt = {
    "schema_ready", "select exists (select 1 from schema_migration where name = $1)"};

static enum pr_err read_schema(void *arg, const struct pg_result *result)
{
    struct service *service = arg;
    service->schema_ready = pg_bool(result, 0, 0);
    return PR_OK;
}

static void schema_asked(void *arg, enum pr_err err)
{
    struct service *service = arg;
    (void)err; /* asked again at the next tick */
    if (!service->schema_ready || service->running || service->stopping)
        return;
    service->running = true;
    log_at(LOG_INFO, "the database schema is ready");
    if (service->spec->run)
        service->spec->run(service);
    start_consumer(service);
}

static const char *newest_migration(const struct service *service)
{
    const struct pg_migration *last = service->spec->migrations;
    if (!last->name)
        last = messaging_migrations;
    while (last[1].name)
        last++;
    return last->name;
}

static void ask_schema(struct service *service)
{
    struct pg_query *query = pg_query_new(service->pg);
    pg_query_add(query, &schema_stmt);
    pg_bind_text(query, pr_str(newest_migration(service)));
    pg_query_rows(query, read_schema, service);
    pg_query_run(query, (struct pr_done){schema_asked, service});
}

static void tick(void *arg)
{
    struct service *service = arg;
    if (!service->schema_ready) {
        if (pg_ready(service->pg))
            ask_schema(service);
    } else if (++service->ticks_since_ready == SETTLED_TICKS) {
        service_trim_all();
    } else if (service->ticks_since_ready % TRIM_TICKS == 0) {
        service_trim_heap();
    }
}

static void close_ticker(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    service->stopping = true;
    ticker_close(&service->ticker, closed, closed_arg);
}

static void close_server(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    if (service->spec->drain)
        service->spec->drain(service);
    http_server_close(service->server, closed, closed_arg);
}

static void close_consumer(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    if (service->consumer)
        kafka_consumer_close(service->consumer, closed, closed_arg);
    else
        closed(closed_arg);
}

static void close_work(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    if (service->spec->stop_work && service->running)
        service->spec->stop_work(service, closed, closed_arg);
    else
        closed(closed_arg);
}

static void close_own(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    if (service->spec->stop)
        service->spec->stop(service, closed, closed_arg);
    else
        closed(closed_arg);
}

static void close_relay(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct service *service = arg;
    struct relay *relay = service->relay;
    service->relay = NULL; /* what nobody waits for may still commit: Postgres goes last */
    relay_close(relay, closed, closed_arg);
}

static void close_producer(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    kafka_producer_close(((struct service *)arg)->producer, closed, closed_arg);
}

static void close_pg(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    pg_close(((struct service *)arg)->pg, closed, closed_arg);
}

static void last_call(void *arg)
{
    struct service *service = arg;
    if (service->spec->give_back && service->running)
        service->spec->give_back(service);
}

static const struct shutdown_stage stages[] = {
    {"ticker", close_ticker},     {"http", close_server},  {"consumer", close_consumer},
    {"work", close_work},         {"adapters", close_own}, {"relay", close_relay},
    {"producer", close_producer}, {"postgres", close_pg},  {NULL, NULL},
};

static bool start_server(struct service *service)
{
    size_t n = 0, health = 0;
    const struct http_route *own = service->spec->routes;
    while (service_health_routes[health].method)
        health++;
    while (own && own[n].method)
        n++;
    service->routes = pr_alloc((health + n + 1) * sizeof *service->routes);
    memcpy(service->routes, service_health_routes, health * sizeof *service->routes);
    if (n)
        memcpy(service->routes + health, own, n * sizeof *service->routes);
    service_health_init(service);
    struct http_server_options options = {
        .listen = service->settings.listen,
        .routes = service->routes,
        .arg = service->spec->routes_arg,
        .identity_secret =
            pr_str_n(service->settings.identity_secret.bytes, service->settings.identity_secret.n),
        .clock = service->clock,
        .max_connections = (unsigned)service->settings.http_connections,
    };
    if (service->spec->http)
        service->spec->http(service, &options);
    service->server = http_server_create(&service->loop, &options);
    return service->server;
}

/* As many files as may be open: the usual 1024 would end before the connections do. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Before the loop waits. */
static void flush_log(uv_prepare_t *turn)
{
    (void)turn;
    log_flush();
}

/* Runs until all is closed, this handle aside. */
static void run_loop(uv_loop_t *loop)
{
    uv_prepare_t turn;
    uv_prepare_init(loop, &turn);
    uv_prepare_start(&turn, flush_log);
    uv_unref((uv_handle_t *)&turn);
    log_hold(true);
    uv_run(loop, UV_RUN_DEFAULT);
    log_hold(false);
    uv_close((uv_handle_t *)&turn, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

int service_serve(struct service *service)
{
    char source[64];
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    snprintf(source, sizeof source, "pierrot/%s", service->spec->name);
    flow_set_observer(&flow_metrics);
    service->pg = pg_create(&service->loop, &service->pg_options);
    service->producer = kafka_producer_create(
        &service->loop,
        &(struct kafka_options){service->settings.kafka_brokers, service->spec->name});
    service->relay = relay_create(&service->loop, &(struct relay_options){
                                                      .source = source,
                                                      .poll_ms = RELAY_POLL_MS,
                                                      .pg = service->pg,
                                                      .lock = &service->pg_options,
                                                      .producer = service->producer,
                                                  });
    if ((service->spec->start && !service->spec->start(service)) || !start_server(service))
        _Exit(EXIT_FAILURE); /* the cause is in the log; nothing was done yet that needs an end */
    service_gauges_init(service);
    ensure_topics(service);
    ticker_start(&service->loop, &service->ticker, TICK_MS, tick, service);
    shutdown_init(&service->loop, &service->shutdown, stages, last_call, service,
                  service->settings.stop_limit_s * 1000);
    log_at(LOG_INFO, "serving", LOG_TEXT("listen", service->settings.listen));
    run_loop(&service->loop);
    log_at(LOG_INFO, "stopped");
    metrics_reset();
    free(service->routes);
    return EXIT_SUCCESS;
}
