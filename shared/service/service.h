/* service: what every Pierrot process does alike: commands, settings, the loop, Postgres, Kafka,
 * health, metrics, an orderly end. A service's main.c says what is its own in a struct service_spec
 * and calls service_main.
 *
 *     pierrot-media serve | migrate | republish --since SECONDS | --help | --version
 *
 * `serve` starts whatever is there: a dependency that is away is waited for, said in the log and in
 * /readyz, and taken up when it comes. Exit status: 0 after SIGTERM, 2 for wrong settings or usage,
 * 1 for anything else. */
#pragma once

#include "shared/base/time.h"
#include "shared/config/config.h"
#include "shared/http/server.h"
#include "shared/kafka/kafka.h"
#include "shared/kafka/relay.h"
#include "shared/loop/shutdown.h"
#include "shared/loop/ticker.h"
#include "shared/pg/migrate.h"
#include "shared/pg/pg.h"

/* Settings that every service has. */
struct service_settings {
    const char *listen, *database_url, *kafka_brokers, *log_level;
    struct config_key identity_secret;
    int64_t database_connections, http_connections, stop_limit_s, kafka_partitions;
};

struct service;

/* One more thing /readyz asks for: returns NULL when ready, else what is missing, for people. */
struct service_check {
    const char *name; /* NULL ends a list */
    const char *(*missing)(const struct service *service);
};

struct service_settings_group {
    const struct config_setting *table; /* NULL ends a list */
    void *out;
};

struct service_command {
    const char *name, *help;                                    /* name NULL ends a list */
    int (*run)(struct service *service, int argc, char **argv); /* returns the exit status */
};

struct service_spec {
    const char *name;                              /* "media" */
    const char *about;                             /* one sentence, for --help */
    const struct service_settings_group *settings; /* the service's own */
    const struct pg_migration *migrations;
    const struct http_route *routes; /* beside health and metrics; NULL: none */
    void *routes_arg;
    const char *const *emits, *const *consumes; /* topics, NULL-terminated; NULL: none */
    kafka_handler_fn handler;                   /* NULL: joins the group and reads nothing */
    const struct service_check *checks;
    const struct service_command *commands;

    /* Makes the service's own adapters and usecases; pg, producer, relay are there. False ends it.
     */
    bool (*start)(struct service *service);
    /* After start: what its HTTP server should do beyond the common options. NULL: nothing. */
    void (*http)(struct service *service, struct http_server_options *options);
    /* Work that begins once the schema is there: jobs, tickers. */
    void (*run)(struct service *service);
    /* The end begins: ends answers that would never end by themselves, since the HTTP server waits
     * for them. NULL: there are none. */
    void (*drain)(struct service *service);
    /* The limit of the end is near: gives away what it would cut off. NULL: nothing. */
    void (*give_back)(struct service *service);
    /* Ends the work of run; then, when HTTP and the consumer are gone as well, what start made. */
    void (*stop_work)(struct service *service, shutdown_closed_fn closed, void *arg);
    void (*stop)(struct service *service, shutdown_closed_fn closed, void *arg);
};

struct service {
    const struct service_spec *spec;
    struct service_settings settings;
    uv_loop_t loop;
    const struct pr_clock *clock;
    struct pg *pg;
    struct pg_options pg_options;
    struct kafka_producer *producer;
    struct kafka_consumer *consumer; /* NULL until the topics and the schema are there */
    struct relay *relay;             /* NULL in a command, and from its end on */
    struct http_server *server;
    struct shutdown shutdown;
    struct ticker ticker; /* asks for the schema until it is there, then gives memory back */
    unsigned ticks_since_ready;
    struct http_route *routes;
    bool schema_ready, topics_ready, running, stopping;
};

/* The service's own, compiled in from its folder migrations/ (pr_service). */
extern const struct pg_migration service_migrations[];

int service_main(int argc, char **argv, const struct service_spec *spec);

/* For commands: settings are loaded, the log is set up and service->pg runs on service->loop; the
 * command runs the loop itself. service_wait runs it until done is called, and returns what it was
 * called with. */
struct service_wait {
    bool over;
    enum pr_err err;
};
struct pr_done service_wait_done(struct service_wait *wait);
enum pr_err service_wait(struct service *service, struct service_wait *wait) PR_CHECK;
