/* A service from outside: pierrot-tags, which is nothing but what every service does alike. */
#include "shared/base/alloc.h"
#include "shared/base/str.h"
#include "shared/base/time.h"
#include "tests/integration/shared/pg/fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ENV_MAX 16

/* ---- the program ---- */

struct program {
    pid_t pid;
    int out, err; /* what it wrote */
    char text[65536];
};

struct environment {
    char text[ENV_MAX][1200];
    char *list[ENV_MAX + 1];
    size_t n;
};

static void set(struct environment *env, const char *name, const char *value)
{
    assert_true(env->n < ENV_MAX);
    snprintf(env->text[env->n], sizeof env->text[0], "%s=%s", name, value);
    env->list[env->n] = env->text[env->n];
    env->list[++env->n] = NULL;
}

/* arguments end with NULL; the program's name is put in front. */
static void run(struct program *program, const struct environment *env,
                const char *const *arguments)
{
    char *args[8] = {PROGRAM};
    char *const none[] = {NULL};
    for (size_t i = 0; arguments[i]; i++)
        args[i + 1] = (char *)(uintptr_t)arguments[i];
    program->out = memfd_create("out", MFD_CLOEXEC);
    program->err = memfd_create("err", MFD_CLOEXEC);
    program->pid = fork();
    assert_true(program->pid >= 0);
    if (program->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(program->out, STDOUT_FILENO);
        dup2(program->err, STDERR_FILENO);
        execve(PROGRAM, args, env ? env->list : none);
        _exit(127);
    }
}

static bool ended(const struct program *program, int *status)
{
    return waitpid(program->pid, status, WNOHANG) == program->pid;
}

/* Waits for the end; the exit status. */
static int exit_status(struct fixture *f, struct program *program)
{
    int status = 0;
    fixture_until(f, ended(program, &status));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_to_end(struct fixture *f, struct program *program, const struct environment *env,
                      const char *const *arguments)
{
    run(program, env, arguments);
    return exit_status(f, program);
}

/* What it wrote so far; borrowed until the next call. */
static const char *written(struct program *program, int fd)
{
    ssize_t n = pread(fd, program->text, sizeof program->text - 1, 0);
    assert_true(n >= 0);
    program->text[n] = 0;
    return program->text;
}

static void close_program(struct program *program)
{
    close(program->out);
    close(program->err);
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- its HTTP ---- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* The status, or 0 when it could not be reached; the answer is in text. */
static int get(int port, const char *path, char *text, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    size_t n = 0;
    ssize_t got = 0;
    int status = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        dprintf(fd, "GET %s HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n", path);
        while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
            n += (size_t)got;
    }
    text[n] = 0;
    close(fd);
    return sscanf(text, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

struct server {
    struct program program;
    int port;
    char answer[65536];
};

static int ask(struct server *server, const char *path)
{
    return get(server->port, path, server->answer, sizeof server->answer);
}

static bool says(struct server *server, const char *path, int status, const char *part)
{
    return ask(server, path) == status && strstr(server->answer, part);
}

static struct environment environment(const char *database_url, const char *brokers, int port)
{
    struct environment env = {0};
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    set(&env, "PIERROT_LISTEN", listen);
    set(&env, "PIERROT_DATABASE_URL", database_url);
    set(&env, "PIERROT_KAFKA_BROKERS", brokers);
    set(&env, "PIERROT_IDENTITY_SECRET", SECRET);
    return env;
}

static void serve(struct fixture *f, struct server *server, const char *database_url,
                  const char *brokers)
{
    server->port = free_port();
    struct environment env = environment(database_url, brokers, server->port);
    run(&server->program, &env, ARGS("serve"));
    fixture_until(f, ask(server, "/healthz") == 200);
}

static void assert_stops(struct fixture *f, struct server *server)
{
    assert_int_equal(kill(server->program.pid, SIGTERM), 0);
    assert_int_equal(exit_status(f, &server->program), 0);
    assert_holds(written(&server->program, server->program.out), "\"stopped\"");
    assert_int_equal(ask(server, "/healthz"), 0);
    close_program(&server->program);
}

static const char *kafka(void)
{
    const char *brokers = getenv("PIERROT_TEST_KAFKA_BROKERS");
    if (!brokers || !*brokers)
        fail_msg("PIERROT_TEST_KAFKA_BROKERS is not set: it names the Kafka to test against");
    return brokers;
}

/* ---- the command line ---- */

static void test_help_lists_every_setting(void **state)
{
    static const char *const names[] = {
        "PIERROT_LISTEN",
        "PIERROT_DATABASE_URL",
        "PIERROT_KAFKA_BROKERS",
        "PIERROT_IDENTITY_SECRET",
        "PIERROT_LOG_LEVEL",
        "PIERROT_DATABASE_CONNECTIONS",
        "PIERROT_HTTP_CONNECTIONS",
        "PIERROT_KAFKA_PARTITIONS",
        "PIERROT_STOP_LIMIT_S",
        "serve",
        "migrate",
        "republish",
    };
    struct program program;
    assert_int_equal(run_to_end(*state, &program, NULL, ARGS("--help")), 0);
    const char *text = written(&program, program.out);
    for (size_t i = 0; i < PR_COUNT(names); i++)
        assert_holds(text, names[i]);
    close_program(&program);
    assert_int_equal(run_to_end(*state, &program, NULL, ARGS("--version")), 0);
    assert_holds(written(&program, program.out), "pierrot-tags ");
    close_program(&program);
}

static void test_wrong_usage(void **state)
{
    const char *const *const wrong[] = {
        ARGS(NULL),          ARGS("start"),           ARGS("serve", "now"),
        ARGS("migrate", ""), ARGS("--help", "serve"), ARGS("Serve"),
    };
    struct program program;
    for (size_t i = 0; i < PR_COUNT(wrong); i++) {
        assert_int_equal(run_to_end(*state, &program, NULL, wrong[i]), 2);
        assert_holds(written(&program, program.err), "usage: pierrot-tags");
        close_program(&program);
    }
}

static void test_every_wrong_setting_is_named(void **state)
{
    struct program program;
    struct environment env = {0};
    assert_int_equal(run_to_end(*state, &program, &env, ARGS("serve")), 2);
    const char *text = written(&program, program.err);
    assert_holds(text, "PIERROT_DATABASE_URL");
    assert_holds(text, "PIERROT_KAFKA_BROKERS");
    assert_holds(text, "PIERROT_IDENTITY_SECRET");
    close_program(&program);

    env = environment("postgresql://u:hidden-word@127.0.0.1/x", "127.0.0.1:1", 1);
    set(&env, "PIERROT_DATABASE_CONNECTIONS", "0");
    set(&env, "PIERROT_KAFKA_PARTITIONS", "three");
    set(&env, "PIERROT_STOP_LIMIT_S", "10 ");
    set(&env, "PIERROT_LOG_LEVEL", "loud");
    assert_int_equal(run_to_end(*state, &program, &env, ARGS("serve")), 2);
    text = written(&program, program.err);
    assert_holds(text, "PIERROT_DATABASE_CONNECTIONS");
    assert_holds(text, "PIERROT_KAFKA_PARTITIONS");
    assert_holds(text, "PIERROT_STOP_LIMIT_S");
    assert_holds(text, "PIERROT_LOG_LEVEL");
    assert_null(strstr(text, "PIERROT_LISTEN")); /* nothing is wrong with it */
    assert_null(strstr(text, "hidden-word"));
    close_program(&program);
}

static void test_log_level_that_is_none(void **state)
{
    struct program program;
    struct environment env = environment("postgresql://127.0.0.1/x", "127.0.0.1:1", 1);
    set(&env, "PIERROT_LOG_LEVEL", "loud");
    assert_int_equal(run_to_end(*state, &program, &env, ARGS("serve")), 2);
    assert_holds(written(&program, program.err), "PIERROT_LOG_LEVEL");
    close_program(&program);
}

static void test_secret_that_is_too_short_is_not_shown(void **state)
{
    struct program program;
    struct environment env = {0};
    set(&env, "PIERROT_LISTEN", "127.0.0.1:1");
    set(&env, "PIERROT_DATABASE_URL", "postgresql://127.0.0.1/x");
    set(&env, "PIERROT_KAFKA_BROKERS", "127.0.0.1:1");
    set(&env, "PIERROT_IDENTITY_SECRET", "c0ffee");
    assert_int_equal(run_to_end(*state, &program, &env, ARGS("serve")), 2);
    assert_holds(written(&program, program.err), "PIERROT_IDENTITY_SECRET");
    assert_null(strstr(program.text, "c0ffee"));
    close_program(&program);
}

static void test_address_that_is_taken(void **state)
{
    struct fixture *f = *state;
    struct server server;
    struct program second;
    serve(f, &server, f->url, kafka());
    struct environment env = environment(f->url, kafka(), server.port);
    assert_int_equal(run_to_end(f, &second, &env, ARGS("serve")), 1);
    assert_holds(written(&second, second.out), "\"error\"");
    close_program(&second);
    assert_stops(f, &server);
}

/* ---- serving ---- */

static void migrate(struct fixture *f)
{
    struct program program;
    struct environment env = environment(f->url, "127.0.0.1:1", 1);
    assert_int_equal(run_to_end(f, &program, &env, ARGS("migrate")), 0);
    close_program(&program);
}

/* Postgres comes late, the schema later: each is said, and taken up when it is there. */
static void test_waits_for_what_is_missing(void **state)
{
    struct fixture *f = *state;
    struct server server;
    struct proxy proxy = {0};
    char url[1100], parameters[64];
    proxy_start(&proxy, f);
    proxy_stop(&proxy); /* its port is known now */
    snprintf(parameters, sizeof parameters, "host=127.0.0.1&port=%d", proxy.port);
    fixture_url_with(f, url, sizeof url, parameters);
    serve(f, &server, url, kafka());
    fixture_until(f, says(&server, "/readyz", 503, "refused"));
    assert_holds(server.answer, "\"postgres\"");
    assert_int_equal(ask(&server, "/healthz"), 200);
    assert_int_equal(ask(&server, "/nothing"), 404);

    proxy_start(&proxy, f);
    fixture_until(f, says(&server, "/readyz", 503, "\"postgres\":\"ready\""));
    assert_holds(server.answer, "migrate");
    migrate(f);
    fixture_until(f, ask(&server, "/readyz") == 200);
    assert_holds(server.answer, "\"consumer\":\"ready\"");
    assert_int_equal(ask(&server, "/metrics"), 200);
    assert_holds(server.answer, "\npierrot_pg_connections ");

    proxy_stop(&proxy);
    fixture_until(f, ask(&server, "/readyz") == 503);
    assert_int_equal(ask(&server, "/healthz"), 200);
    proxy_start(&proxy, f);
    fixture_until(f, ask(&server, "/readyz") == 200);
    assert_stops(f, &server);
    proxy_stop(&proxy);
}

static void test_stops_while_everything_is_away(void **state)
{
    struct fixture *f = *state;
    struct server server;
    serve(f, &server, "postgresql://pierrot:x@127.0.0.1:1/pierrot", "127.0.0.1:1");
    fixture_until(f, says(&server, "/readyz", 503, "no broker answers"));
    assert_stops(f, &server);
}

static void test_stops_by_sigint_too(void **state)
{
    struct fixture *f = *state;
    struct server server;
    serve(f, &server, f->url, kafka());
    assert_int_equal(kill(server.program.pid, SIGINT), 0);
    assert_int_equal(exit_status(f, &server.program), 0);
    close_program(&server.program);
}

/* ---- migrate, republish ---- */

static void test_migrates_once(void **state)
{
    struct fixture *f = *state;
    migrate(f);
    long migrations = fixture_int(f, "select count(*) from schema_migration");
    assert_true(migrations > 0);
    migrate(f);
    assert_int_equal(fixture_int(f, "select count(*) from schema_migration"), migrations);
}

static void add_sent(struct fixture *f, const char *age)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "insert into outbox (event_id, topic, key, type, subject, body, created_at, sent_at) "
             "values (gen_random_uuid(), 't', 'k', 't', 's', '', now() - interval '%s', now())",
             age);
    fixture_exec(f, sql);
}

static void test_republish_marks_what_is_young_enough(void **state)
{
    struct fixture *f = *state;
    struct program program;
    struct environment env = environment(f->url, "127.0.0.1:1", 1);
    migrate(f);
    add_sent(f, "1 minute");
    add_sent(f, "50 minutes");
    add_sent(f, "70 minutes");
    assert_int_equal(run_to_end(f, &program, &env, ARGS("republish", "--since", "3600")), 0);
    assert_holds(written(&program, program.out), "2 messages will be sent again");
    close_program(&program);
    assert_int_equal(fixture_int(f, "select count(*) from outbox where sent_at is null "
                                    "and created_at > now() - interval '1 hour'"),
                     2);
    assert_int_equal(fixture_int(f, "select count(*) from outbox where sent_at is null"), 2);
}

static void test_republish_of_nonsense(void **state)
{
    const char *const *const wrong[] = {
        ARGS("republish"),
        ARGS("republish", "--since"),
        ARGS("republish", "--since", "0"),
        ARGS("republish", "--since", "1h"),
        ARGS("republish", "--since", "-1"),
        ARGS("republish", "--until", "1"),
    };
    struct fixture *f = *state;
    struct program program;
    struct environment env = environment(f->url, "127.0.0.1:1", 1);
    for (size_t i = 0; i < PR_COUNT(wrong); i++) {
        assert_int_equal(run_to_end(f, &program, &env, wrong[i]), 2);
        assert_holds(written(&program, program.err), "republish --since SECONDS");
        close_program(&program);
    }
}

static void test_republish_without_postgres(void **state)
{
    struct program program;
    struct environment env =
        environment("postgresql://pierrot:x@127.0.0.1:1/pierrot", "127.0.0.1:1", 1);
    assert_int_equal(run_to_end(*state, &program, &env, ARGS("republish", "--since", "60")), 1);
    assert_holds(written(&program, program.err), "Postgres");
    close_program(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_help_lists_every_setting),
        FIXTURE_TEST(test_wrong_usage),
        FIXTURE_TEST(test_every_wrong_setting_is_named),
        FIXTURE_TEST(test_log_level_that_is_none),
        FIXTURE_TEST(test_secret_that_is_too_short_is_not_shown),
        FIXTURE_TEST(test_address_that_is_taken),
        FIXTURE_TEST(test_waits_for_what_is_missing),
        FIXTURE_TEST(test_stops_while_everything_is_away),
        FIXTURE_TEST(test_stops_by_sigint_too),
        FIXTURE_TEST(test_migrates_once),
        FIXTURE_TEST(test_republish_marks_what_is_young_enough),
        FIXTURE_TEST(test_republish_of_nonsense),
        FIXTURE_TEST(test_republish_without_postgres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
