/* /healthz: the process runs. /readyz: it has all it needs, or says what is missing. /metrics, and
 * the same numbers at /debug/vars. */
#include "shared/service/internal.h"

#include "shared/metrics/expvar.h"
#include "shared/metrics/metrics.h"

#define METRICS_MAX_BYTES ((size_t)4 << 20)

/* The handlers' argument is the service's own; there is one service a process. */
static struct service *the_service;

void service_health_init(struct service *service)
{
    the_service = service;
}

static const char *missing_postgres(const struct service *service)
{
    return pg_ready(service->pg) ? NULL : pg_last_error(service->pg);
}

static const char *missing_schema(const struct service *service)
{
    return service->schema_ready ? NULL : "waiting for `migrate` to have run";
}

static const char *missing_kafka(const struct service *service)
{
    return kafka_producer_ready(service->producer) ? NULL : "no broker answers";
}

static const char *missing_consumer(const struct service *service)
{
    if (!service->spec->consumes || (service->consumer && kafka_consumer_ready(service->consumer)))
        return NULL;
    return service->topics_ready ? "joining the consumer group" : "waiting for the topics";
}

static const struct service_check common_checks[] = {
    {"postgres", missing_postgres},
    {"schema", missing_schema},
    {"kafka", missing_kafka},
    {"consumer", missing_consumer},
    {NULL, NULL},
};

static bool add_checks(json_t *to, const struct service_check *checks)
{
    bool ready = true;
    for (; checks && checks->name; checks++) {
        const char *missing = checks->missing(the_service);
        json_object_set_new(to, checks->name, json_string(missing ? missing : "ready"));
        ready = ready && !missing;
    }
    return ready;
}

static void healthz(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_json(req, 200, json_pack("{s:s}", "status", "ok"));
}

static void readyz(void *arg, struct http_request *req)
{
    (void)arg;
    json_t *checks = json_object();
    bool ready = add_checks(checks, common_checks);
    ready = add_checks(checks, the_service->spec->checks) && ready;
    http_reply_json(
        req, ready ? 200 : 503,
        json_pack("{s:s, s:o}", "status", ready ? "ready" : "waiting", "checks", checks));
}

static void serve_metrics(void *arg, struct http_request *req)
{
    struct pr_buf text;
    (void)arg;
    pr_buf_init(&text, METRICS_MAX_BYTES);
    metrics_write(&text);
    http_reply(req, 200, METRICS_CONTENT_TYPE, pr_buf_str(&text));
    pr_buf_fini(&text);
}

static void serve_vars(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_json(req, 200, metrics_to_json());
}

const struct http_route service_health_routes[] = {
    {"GET", "/healthz", healthz, HTTP_PUBLIC, 0, NULL},
    {"GET", "/readyz", readyz, HTTP_PUBLIC, 0, NULL},
    {"GET", "/metrics", serve_metrics, HTTP_PUBLIC, 0, NULL},
    {"GET", "/debug/vars", serve_vars, HTTP_PUBLIC, 0, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};
