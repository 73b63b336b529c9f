/* pierrot-thumbnailer: renditions of every finalized media, made in sandboxed worker processes. */
#include "services/thumbnailer/adapters/kafka_render.h"
#include "services/thumbnailer/adapters/render_cache.h"
#include "services/thumbnailer/adapters/render_pg.h"
#include "services/thumbnailer/adapters/render_pool.h"
#include "services/thumbnailer/adapters/render_s3.h"
#include "shared/metrics/metrics.h"
#include "shared/s3/s3_connection.h"
#include "shared/service/service.h"

#include <stdio.h>
#include <unistd.h>

#define WORKER_NAME "pierrot-thumbnailer-worker"
#define CACHE_MAX_BYTES ((size_t)8 << 20)
#define CACHE_TIMEOUT_MS 500

struct thumbnailer_settings {
    int64_t workers, max_pixels, cpu_limit_s;
    const char *tmp_folder, *redis_url;
};

static struct {
    struct thumbnailer_settings settings;
    struct s3_settings s3_settings;
    struct s3_connection store;
    struct render_pg repo;
    struct render_s3 objects;
    struct cache *cache;
    struct render_cache previews;
    struct render_pool *pool;
    struct render_deps deps;
    struct jobs *renders, *purges;
    unsigned workers;
    shutdown_closed_fn closed;
    void *closed_arg;
} thumbnailer;

static const struct config_setting settings[] = {
    CONFIG_INT_SETTING(struct thumbnailer_settings, workers, "PIERROT_RENDER_WORKERS", "0", 0, 256,
                       NULL, "Decode workers; 0: one for each core."),
    CONFIG_INT_SETTING(struct thumbnailer_settings, max_pixels, "PIERROT_RENDER_MAX_PIXELS",
                       "100000000", 1, 1000000000, "pixels", "Largest picture that is decoded."),
    CONFIG_INT_SETTING(struct thumbnailer_settings, cpu_limit_s, "PIERROT_RENDER_CPU_S", "20", 1,
                       600, "seconds", "CPU time one file may take."),
    CONFIG_STR_SETTING(
        struct thumbnailer_settings, tmp_folder, "PIERROT_TMP_DIR", "/tmp", 1, 4096,
        "Folder for the unlinked files that are decoded: two a worker at once, whole "
        "uploads."),
    CONFIG_SECRET_SETTING(
        struct thumbnailer_settings, redis_url, "PIERROT_REDIS_URL", "", 0, 1024,
        "Cache of previews, redis://[:password@]host:port/db; none: in the process."),
    CONFIG_END,
};

static void handle_message(void *arg, const struct kafka_message *message, struct pr_done done)
{
    (void)arg;
    kafka_render_handle(&thumbnailer.deps, message, done);
}

static void run_render(void *arg, const struct job *job, struct pr_done done)
{
    (void)arg;
    render_media(&thumbnailer.deps, &(struct job_claim){job->id, job->lease}, job->exhausted,
                 job->args, done);
}

static void run_purge(void *arg, const struct job *job, struct pr_done done)
{
    (void)arg;
    purge_renditions(&thumbnailer.deps, &(struct job_claim){job->id, job->lease}, job->args, done);
}

/* The worker lies beside this executable. */
static bool find_worker(char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - sizeof WORKER_NAME - 1);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0)
        return false;
    snprintf(path + n, size - (size_t)n, "%s", WORKER_NAME);
    if (access(path, X_OK) == 0)
        return true;
    log_at(LOG_ERROR, "the decode worker is missing", LOG_TEXT("path", path));
    return false;
}

static bool start(struct service *service)
{
    char worker[4096];
    const struct thumbnailer_settings *s = &thumbnailer.settings;
    thumbnailer.workers = s->workers ? (unsigned)s->workers : uv_available_parallelism();
    thumbnailer.cache = cache_create(&service->loop, &(struct cache_options){
                                                         .redis_url = s->redis_url,
                                                         .max_bytes = CACHE_MAX_BYTES,
                                                         .timeout_ms = CACHE_TIMEOUT_MS,
                                                     });
    if (!thumbnailer.cache) {
        log_at(LOG_ERROR, "PIERROT_REDIS_URL must be redis://[:password@]host:port/db");
        return false;
    }
    if (!find_worker(worker, sizeof worker) ||
        !s3_connect(&thumbnailer.store, &service->loop, &thumbnailer.s3_settings, service->clock))
        return false;
    render_pg_init(&thumbnailer.repo, service->pg, &service->relay);
    render_s3_init(&thumbnailer.objects, thumbnailer.store.s3, s->tmp_folder);
    render_cache_init(&thumbnailer.previews, thumbnailer.cache);
    thumbnailer.pool = render_pool_create(&service->loop, worker, thumbnailer.workers,
                                          &(struct render_limits){s->max_pixels, s->cpu_limit_s});
    thumbnailer.deps = (struct render_deps){
        .repo = &thumbnailer.repo.port,
        .store = &thumbnailer.objects.port,
        .renderer = render_pool_port(thumbnailer.pool),
        .cache = &thumbnailer.previews.port,
        .clock = service->clock,
    };
    return true;
}

static double read_renders(void *arg)
{
    struct jobs_stats stats = {0};
    (void)arg;
    if (thumbnailer.renders)
        jobs_stats(thumbnailer.renders, &stats);
    return stats.running;
}

/* Twice as many jobs as workers: while one file is decoded, the next one is fetched. */
static void run(struct service *service)
{
    thumbnailer.renders = jobs_create(&service->loop, service->pg,
                                      &(struct jobs_options){
                                          .kind = RENDER_JOB,
                                          .slots = 2 * thumbnailer.workers,
                                          .lease_ms = 20000,
                                          .poll_ms = 1000,
                                          .backoff_ms = 500,
                                          .backoff_max_ms = 60000,
                                          .run = run_render,
                                      });
    thumbnailer.purges = jobs_create(&service->loop, service->pg,
                                     &(struct jobs_options){
                                         .kind = PURGE_JOB,
                                         .slots = 4,
                                         .lease_ms = 30000,
                                         .poll_ms = 5000,
                                         .backoff_ms = 1000,
                                         .backoff_max_ms = 600000,
                                         .run = run_purge,
                                     });
    thumbnailer.repo.renders = thumbnailer.renders;
    thumbnailer.repo.purges = thumbnailer.purges;
    metric_gauge_fn("pierrot_renders_running", "Renderings under way.", read_renders, NULL);
}

/* A rendering that is cut off loses no attempt: long films survive many restarts. */
static void give_back(struct service *service)
{
    (void)service;
    if (thumbnailer.renders)
        jobs_give_back(thumbnailer.renders);
}

static void renders_closed(void *arg)
{
    (void)arg;
    thumbnailer.renders = NULL;
    jobs_close(thumbnailer.purges, thumbnailer.closed, thumbnailer.closed_arg);
}

static void stop_work(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    thumbnailer.closed = closed;
    thumbnailer.closed_arg = arg;
    thumbnailer.repo.renders = thumbnailer.repo.purges = NULL;
    jobs_close(thumbnailer.renders, renders_closed, NULL);
}

static void pool_closed(void *arg)
{
    (void)arg;
    s3_disconnect(&thumbnailer.store, thumbnailer.closed, thumbnailer.closed_arg);
}

static void cache_closed(void *arg)
{
    (void)arg;
    render_pool_close(thumbnailer.pool, pool_closed, NULL);
}

static void stop(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    thumbnailer.closed = closed;
    thumbnailer.closed_arg = arg;
    cache_close(thumbnailer.cache, cache_closed, NULL);
}

static const char *missing_s3(const struct service *service)
{
    (void)service;
    return s3_missing(&thumbnailer.store);
}

static const char *missing_workers(const struct service *service)
{
    (void)service;
    return render_pool_ready(thumbnailer.pool) > 0 ? NULL : "no decode worker is up";
}

int main(int argc, char **argv)
{
    static const char *const emits[] = {"media.rendered", "media.rejected", NULL};
    return service_main(
        argc, argv,
        &(struct service_spec){
            .name = "thumbnailer",
            .about = "renditions of every photo and video, made in sandboxed workers",
            .settings =
                (const struct service_settings_group[]){
                    {settings, &thumbnailer.settings},
                    {s3_settings_table, &thumbnailer.s3_settings},
                    {NULL, NULL},
                },
            .migrations = service_migrations,
            .emits = emits,
            .consumes = kafka_render_topics,
            .handler = handle_message,
            .checks =
                (const struct service_check[]){
                    {"s3", missing_s3},
                    {"workers", missing_workers},
                    {NULL, NULL},
                },
            .start = start,
            .run = run,
            .give_back = give_back,
            .stop_work = stop_work,
            .stop = stop,
        });
}
