/* The command line: picks the command, loads the settings, says what is wrong with either. */
#include "shared/service/internal.h"

#include "shared/base/alloc.h"

#include <sodium.h>
#include <stdio.h>

#define WAIT_FOR_POSTGRES_MS 60000

static const struct config_setting common_settings[] = {
    CONFIG_STR_SETTING(struct service_settings, listen, "PIERROT_LISTEN", "127.0.0.1:8080", 3, 255,
                       "Address and port to serve HTTP on."),
    CONFIG_SECRET_SETTING(struct service_settings, database_url, "PIERROT_DATABASE_URL", NULL, 1,
                          2048, "Postgres connection URI of the service's own role."),
    CONFIG_STR_SETTING(struct service_settings, kafka_brokers, "PIERROT_KAFKA_BROKERS", NULL, 3,
                       1024, "Kafka bootstrap servers, host:port, comma separated."),
    CONFIG_KEY_SETTING(struct service_settings, identity_secret, "PIERROT_IDENTITY_SECRET", 32, 64,
                       "Key of the identity header; the same in every service."),
    CONFIG_STR_SETTING(struct service_settings, log_level, "PIERROT_LOG_LEVEL", "info", 4, 5,
                       "debug, info, warn or error."),
    CONFIG_INT_SETTING(struct service_settings, database_connections,
                       "PIERROT_DATABASE_CONNECTIONS", "4", 1, 64, NULL,
                       "Connections to Postgres."),
    CONFIG_INT_SETTING(struct service_settings, http_connections, "PIERROT_HTTP_CONNECTIONS",
                       "1024", 1, 65536, NULL, "HTTP connections served at once."),
    CONFIG_INT_SETTING(struct service_settings, kafka_partitions, "PIERROT_KAFKA_PARTITIONS", "3",
                       1, 128, NULL, "Partitions of topics that are created."),
    CONFIG_INT_SETTING(struct service_settings, stop_limit_s, "PIERROT_STOP_LIMIT_S", "10", 1, 600,
                       "seconds", "How long work under way may take after SIGTERM."),
    CONFIG_END,
};

static void print_help(const struct service_spec *spec)
{
    struct pr_buf text;
    pr_buf_init(&text, 1 << 16);
    pr_buf_printf(&text, "pierrot-%s: %s\n\nUsage: pierrot-%s COMMAND\n\nCommands:\n", spec->name,
                  spec->about, spec->name);
    pr_buf_puts(&text,
                "  serve                 run the service until SIGTERM\n"
                "  migrate               bring the database schema to its newest version\n"
                "  republish --since N   send the messages of the last N seconds to Kafka again\n");
    for (const struct service_command *c = spec->commands; c && c->name; c++)
        pr_buf_printf(&text, "  %-21s %s\n", c->name, c->help);
    pr_buf_puts(&text, "  --help, --version\n\nSettings, from the environment:\n");
    config_help(common_settings, &text);
    for (const struct service_settings_group *g = spec->settings; g && g->table; g++)
        config_help(g->table, &text);
    fwrite(text.p, 1, text.n, stdout);
    pr_buf_fini(&text);
}

static bool load_settings(struct service *service)
{
    struct pr_buf faults;
    enum log_level level = LOG_INFO;
    pr_buf_init(&faults, 1 << 16);
    enum pr_err err = config_load(common_settings, &service->settings, &faults);
    for (const struct service_settings_group *g = service->spec->settings; g && g->table; g++) {
        if (config_load(g->table, g->out, &faults))
            err = PR_ERR_INVALID;
    }
    const char *wanted = service->settings.log_level;
    if (wanted && !log_level_parse(pr_str(wanted), &level)) {
        pr_buf_puts(&faults, "PIERROT_LOG_LEVEL must be debug, info, warn or error\n");
        err = PR_ERR_INVALID;
    }
    if (err)
        fprintf(stderr, "pierrot-%s: wrong settings (see --help):\n" PR_STR_FMT,
                service->spec->name, PR_STR_ARG(pr_buf_str(&faults)));
    else
        log_init(service->spec->name, level);
    pr_buf_fini(&faults);
    return !err;
}

static void wait_done(void *arg, enum pr_err err)
{
    struct service_wait *wait = arg;
    wait->over = true;
    wait->err = err;
}

struct pr_done service_wait_done(struct service_wait *wait)
{
    *wait = (struct service_wait){0};
    return (struct pr_done){wait_done, wait};
}

enum pr_err service_wait(struct service *service, struct service_wait *wait)
{
    while (!wait->over)
        uv_run(&service->loop, UV_RUN_ONCE);
    return wait->err;
}

static void pg_closed(void *arg)
{
    *(bool *)arg = true;
}

/* Runs a command that needs Postgres but none of the rest. */
static int run_command(struct service *service, const struct service_command *command, int argc,
                       char **argv)
{
    bool closed = false;
    service->pg = pg_create(&service->loop, &service->pg_options);
    int status = command->run(service, argc, argv);
    pg_close(service->pg, pg_closed, &closed);
    while (!closed)
        uv_run(&service->loop, UV_RUN_ONCE);
    return status;
}

static int migrate(const struct service *service)
{
    return pg_migrate(service->settings.database_url, service->spec->migrations,
                      WAIT_FOR_POSTGRES_MS)
               ? EXIT_FAILURE
               : EXIT_SUCCESS;
}

static int republish(struct service *service, int argc, char **argv)
{
    struct service_wait wait;
    int64_t since_s, count = 0;
    if (argc != 2 || strcmp(argv[0], "--since") != 0 ||
        !pr_str_to_int(pr_str(argv[1]), 1, (int64_t)366 * 86400, &since_s)) {
        fprintf(stderr, "usage: pierrot-%s republish --since SECONDS\n", service->spec->name);
        return 2;
    }
    relay_republish(service->pg, pr_now_ms(service->clock) - since_s * 1000, &count,
                    service_wait_done(&wait));
    enum pr_err err = service_wait(service, &wait);
    if (err) {
        fprintf(stderr, "pierrot-%s: Postgres: %s\n", service->spec->name, pr_err_text(err));
        return EXIT_FAILURE;
    }
    printf("%lld messages will be sent again\n", (long long)count);
    return EXIT_SUCCESS;
}

static const struct service_command *find_command(const struct service_spec *spec, const char *name)
{
    static const struct service_command republish_command = {"republish", "", republish};
    if (strcmp(name, republish_command.name) == 0)
        return &republish_command;
    for (const struct service_command *c = spec->commands; c && c->name; c++) {
        if (strcmp(name, c->name) == 0)
            return c;
    }
    return NULL;
}

int service_main(int argc, char **argv, const struct service_spec *spec)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (argc == 2 && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
        print_help(spec);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(name, "--version") == 0) {
        printf("pierrot-%s %s\n", spec->name, PIERROT_VERSION);
        return EXIT_SUCCESS;
    }
    const struct service_command *command = find_command(spec, name);
    bool serve = argc == 2 && strcmp(name, "serve") == 0;
    bool migrate_only = argc == 2 && strcmp(name, "migrate") == 0;
    if (!serve && !migrate_only && !command) {
        fprintf(stderr, "usage: pierrot-%s serve | migrate | … (see pierrot-%s --help)\n",
                spec->name, spec->name);
        return 2;
    }
    struct service *service = PR_NEW(struct service);
    service->spec = spec;
    service->clock = &pr_clock_system;
    if (sodium_init() < 0 || !load_settings(service)) {
        free(service);
        return 2;
    }
    service->pg_options = (struct pg_options){
        .url = service->settings.database_url,
        .app_name = spec->name,
        .connections = (unsigned)service->settings.database_connections,
        .max_waiting = 1000,
        .deadline_ms = 5000,
    };
    uv_loop_init(&service->loop);
    int status = serve          ? service_serve(service)
                 : migrate_only ? migrate(service)
                                : run_command(service, command, argc - 2, argv + 2);
    uv_loop_close(&service->loop);
    free(service);
    return status;
}
