/* pierrot-media: media, their uploads and downloads. */
#include "services/media/adapters/code_pg.h"
#include "services/media/adapters/event_pg.h"
#include "services/media/adapters/guest_pg.h"
#include "services/media/adapters/http_finalize.h"
#include "services/media/adapters/http_media.h"
#include "services/media/adapters/kafka_media.h"
#include "services/media/adapters/media_pg.h"
#include "services/media/adapters/media_s3.h"
#include "services/media/adapters/zip_stream.h"
#include "services/media/usecases/event_usecases.h"
#include "services/media/usecases/guest_usecases.h"
#include "shared/http/origin.h"
#include "shared/s3/s3_connection.h"
#include "shared/service/service.h"

#define REAP_EVERY_MS 60000
#define FINALIZE_PATIENCE_MS 10000 /* of clients, and of what lies between */

struct media_settings {
    int64_t max_image_bytes, max_video_bytes, upload_ttl_s, download_ttl_s, event_grace_s;
    int64_t if_none_match;
    const char *public_url;
};

static struct {
    struct media_settings settings;
    struct origin public;
    struct s3_settings s3_settings;
    struct s3_connection store;
    struct media_pg repo;
    struct event_pg events;
    struct code_pg codes;
    struct guest_pg guests;
    struct media_s3 objects;
    struct zip_store zips;
    struct finalizations finalizations;
    struct media_deps deps;
    struct jobs *purges, *library_purges, *event_purges;
    shutdown_closed_fn closed;
    void *closed_arg;
    struct ticker reaper;
    unsigned reaping; /* usecases at it */
} media;

static const struct config_setting settings[] = {
    CONFIG_STR_SETTING(struct media_settings, public_url, "PIERROT_PUBLIC_URL", NULL, 8, 255,
                       "Where people find us: https://host, or http://host:port without TLS."),
    CONFIG_INT_SETTING(struct media_settings, max_image_bytes, "PIERROT_MAX_IMAGE_BYTES",
                       "268435456", 1, (int64_t)5 << 30, "bytes", "Largest image."),
    CONFIG_INT_SETTING(struct media_settings, max_video_bytes, "PIERROT_MAX_VIDEO_BYTES",
                       "53687091200", 1, (int64_t)50 << 30, "bytes",
                       "Largest video; above 5 GiB it comes in parts."),
    CONFIG_INT_SETTING(struct media_settings, upload_ttl_s, "PIERROT_UPLOAD_TTL_S", "3600", 10,
                       604800, "seconds", "Life of an upload URL."),
    CONFIG_INT_SETTING(struct media_settings, download_ttl_s, "PIERROT_DOWNLOAD_TTL_S", "300", 10,
                       604800, "seconds", "Life of a download URL."),
    CONFIG_INT_SETTING(struct media_settings, event_grace_s, "PIERROT_EVENT_GRACE_S", "86400", 0,
                       31536000, "seconds",
                       "From the expiry of an event to its deletion: the time to bring it back."),
    CONFIG_INT_SETTING(struct media_settings, if_none_match, "PIERROT_S3_IF_NONE_MATCH", "1", 0, 1,
                       NULL, "1 when the S3 server honours If-None-Match on PUT."),
    CONFIG_END,
};

static void handle_message(void *arg, const struct kafka_message *message, struct pr_done done)
{
    (void)arg;
    kafka_media_handle(&media.deps, message, done);
}

static void run_purge(void *arg, const struct job *job, struct pr_done done)
{
    (void)arg;
    purge_object(&media.deps, &(struct job_claim){job->id, job->lease}, job->args, done);
}

static void run_library_purge(void *arg, const struct job *job, struct pr_done done)
{
    (void)arg;
    purge_library(&media.deps, &(struct job_claim){job->id, job->lease}, &job->subject, done);
}

static void run_event_purge(void *arg, const struct job *job, struct pr_done done)
{
    (void)arg;
    purge_event(&media.deps, &(struct job_claim){job->id, job->lease}, &job->subject, done);
}

static void reaped(void *arg, enum pr_err err)
{
    (void)arg;
    (void)err; /* said where it is known; the next tick tries again */
    media.reaping--;
}

static void reap(void *arg)
{
    (void)arg;
    if (media.reaping > 0)
        return;
    media.reaping = 2;
    reap_uploads(&media.deps, (struct pr_done){reaped, NULL});
    reap_guesses(&media.deps, (struct pr_done){reaped, NULL});
}

static bool start(struct service *service)
{
    if (!origin_parse(pr_str(media.settings.public_url), &media.public)) {
        log_at(LOG_ERROR, "wrong setting", LOG_TEXT("setting", "PIERROT_PUBLIC_URL"),
               LOG_TEXT("must", "be https://host or http://host:port"));
        return false;
    }
    if (!s3_connect(&media.store, &service->loop, &media.s3_settings, service->clock))
        return false;
    s3_connect_streams(&media.store, &service->loop, &media.s3_settings, service->clock,
                       ZIP_STREAMS_MAX * ZIP_STREAM_CONNECTIONS + MEDIA_S3_COMPLETIONS);
    media.zips.s3 = media.store.streams;
    media_pg_init(&media.repo, service->pg, &service->relay, service->clock);
    event_pg_init(&media.events, service->pg);
    code_pg_init(&media.codes, service->pg);
    guest_pg_init(&media.guests, service->pg);
    media.finalizations.loop = &service->loop;
    media.finalizations.patience_ms = FINALIZE_PATIENCE_MS;
    media_s3_init(&media.objects, media.store.s3, media.store.streams,
                  media.settings.if_none_match);
    media.deps = (struct media_deps){
        .repo = &media.repo.port,
        .events = &media.events.port,
        .codes = &media.codes.port,
        .guests = &media.guests.port,
        .store = &media.objects.port,
        .zips = &media.zips,
        .finalizations = &media.finalizations,
        .clock = service->clock,
        .limits = {{media.settings.max_image_bytes, media.settings.max_video_bytes}},
        .upload_ttl_s = media.settings.upload_ttl_s,
        .download_ttl_s = media.settings.download_ttl_s,
        .public_url = media.public.text,
        .event_grace_s = media.settings.event_grace_s,
    };
    guest_key_derive(
        pr_str_n(service->settings.identity_secret.bytes, service->settings.identity_secret.n),
        &media.deps.guest_key);
    return true;
}

static struct jobs *run_jobs(struct service *service, const char *kind, unsigned slots,
                             job_run_fn fn)
{
    return jobs_create(&service->loop, service->pg,
                       &(struct jobs_options){
                           .kind = kind,
                           .slots = slots,
                           .lease_ms = 30000,
                           .poll_ms = 5000,
                           .backoff_ms = 1000,
                           .backoff_max_ms = 600000,
                           .run = fn,
                       });
}

static void run(struct service *service)
{
    media.purges = run_jobs(service, PURGE_JOB, 8, run_purge);
    media.library_purges = run_jobs(service, PURGE_LIBRARY_JOB, 1, run_library_purge);
    media.event_purges = run_jobs(service, PURGE_EVENT_JOB, 2, run_event_purge);
    media.repo.purges = media.purges;
    media.repo.library_purges = media.library_purges;
    media.events.purges = media.event_purges;
    ticker_start(&service->loop, &media.reaper, REAP_EVERY_MS, reap, NULL);
}

static void reaper_closed(void *arg)
{
    (void)arg;
}

/* A large library or event takes a while; another copy, or the next start, goes on with it. */
static void give_back(struct service *service)
{
    (void)service;
    if (media.library_purges)
        jobs_give_back(media.library_purges);
    if (media.event_purges)
        jobs_give_back(media.event_purges);
}

static void library_purges_closed(void *arg)
{
    (void)arg;
    media.library_purges = NULL;
    jobs_close(media.purges, media.closed, media.closed_arg);
}

static void event_purges_closed(void *arg)
{
    (void)arg;
    media.event_purges = NULL;
    jobs_close(media.library_purges, library_purges_closed, NULL);
}

static void stop_work(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    media.closed = closed;
    media.closed_arg = arg;
    media.repo.purges = media.repo.library_purges = media.events.purges = NULL;
    ticker_close(&media.reaper, reaper_closed, NULL);
    jobs_close(media.event_purges, event_purges_closed, NULL);
}

static void stop(struct service *service, shutdown_closed_fn closed, void *arg)
{
    (void)service;
    s3_disconnect(&media.store, closed, arg);
}

static const char *missing_s3(const struct service *service)
{
    (void)service;
    return s3_missing(&media.store);
}

int main(int argc, char **argv)
{
    static const char *const emits[] = {"media.created", "media.finalized", "media.deleted", NULL};
    return service_main(argc, argv,
                        &(struct service_spec){
                            .name = "media",
                            .about = "photos and videos: uploads, downloads, their states",
                            .settings =
                                (const struct service_settings_group[]){
                                    {settings, &media.settings},
                                    {s3_settings_table, &media.s3_settings},
                                    {NULL, NULL},
                                },
                            .migrations = service_migrations,
                            .routes = http_media_routes,
                            .routes_arg = &media.deps,
                            .emits = emits,
                            .consumes = kafka_media_topics,
                            .handler = handle_message,
                            .checks =
                                (const struct service_check[]){
                                    {"s3", missing_s3},
                                    {NULL, NULL},
                                },
                            .start = start,
                            .run = run,
                            .give_back = give_back,
                            .stop_work = stop_work,
                            .stop = stop,
                        });
}
