#include "tests/integration/shared/s3/fixture.h"

#include "shared/base/alloc.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        fail_msg("%s is not set: PIERROT_TEST_S3_ENDPOINT, _ACCESS_KEY, _SECRET_KEY and _BUCKET "
                 "name the S3 server to test against",
                 name);
    return value;
}

int fixture_setup(void **state)
{
    static int number;
    struct fixture *f = PR_NEW(struct fixture);
    logs_catch();
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->client = http_client_create(&f->loop, 4);
    test_clock_init(&f->clock, pr_now_ms(&pr_clock_system));
    f->options = (struct s3_options){
        .endpoint = setting("PIERROT_TEST_S3_ENDPOINT"),
        .public_endpoint = setting("PIERROT_TEST_S3_ENDPOINT"),
        .region = "us-east-1",
        .bucket = setting("PIERROT_TEST_S3_BUCKET"),
        .access_key = setting("PIERROT_TEST_S3_ACCESS_KEY"),
        .secret_key = setting("PIERROT_TEST_S3_SECRET_KEY"),
        .clock = &f->clock.port,
        .client = f->client,
    };
    f->s3 = s3_create(&f->options);
    assert_non_null(f->s3);
    snprintf(f->prefix, sizeof(f->prefix), "t%x-%d", (unsigned)getpid(), number++);
    pr_buf_init(&f->body, (size_t)64 << 20);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    s3_destroy(f->s3);
    http_client_close(f->client, loop_set_true, &closed);
    loop_until(&f->loop, closed);
    loop_close_clean(&f->loop);
    pr_buf_fini(&f->body);
    if (f->canned) {
        kill(f->canned, SIGKILL);
        waitpid(f->canned, NULL, 0);
    }
    free(f);
    logs_let_go();
    return 0;
}

static void count_call(void *arg, enum pr_err err)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->err = err;
}

struct pr_done outcome_done(struct outcome *outcome)
{
    return (struct pr_done){count_call, outcome};
}

enum pr_err fixture_wait(struct fixture *f, const struct outcome *outcome)
{
    loop_until(&f->loop, outcome->calls > 0);
    assert_int_equal(outcome->calls, 1);
    return outcome->err;
}

void fixture_use(struct fixture *f, const struct s3_options *options)
{
    s3_destroy(f->s3);
    f->s3 = s3_create(options);
    assert_non_null(f->s3);
}

/* The child's whole life: one connection after the other. */
static void serve_canned(int listener, const char *answer)
{
    char request[16384];
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (!answer)
            continue; /* and the connection stays open */
        if (read(fd, request, sizeof(request)) > 0 && write(fd, answer, strlen(answer)) < 0)
            _exit(1);
        close(fd);
    }
}

void fixture_canned(struct fixture *f, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    f->canned = fork();
    assert_true(f->canned >= 0);
    if (f->canned == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_canned(fd, answer);
    }
    close(fd);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    struct s3_options options = f->options;
    options.endpoint = url;
    fixture_use(f, &options);
}

const char *fixture_key(struct fixture *f, const char *name)
{
    static char key[1200];
    snprintf(key, sizeof(key), "%s/%s", f->prefix, name);
    return key;
}

struct s3_put fixture_put_of(struct pr_str key, struct pr_str bytes)
{
    struct s3_put put = {
        .key = key, .content_type = pr_str("image/jpeg"), .size_bytes = (int64_t)bytes.n};
    sha256(bytes, put.sha256);
    return put;
}

enum pr_err fixture_put(struct fixture *f, const char *key, struct pr_str bytes)
{
    struct outcome outcome = {0};
    struct s3_put put = fixture_put_of(pr_str(key), bytes);
    s3_put(f->s3, &put, bytes, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

static bool append(void *arg, struct pr_str bytes)
{
    struct pr_buf *body = arg;
    pr_buf_append(body, bytes);
    return !body->full;
}

enum pr_err fixture_get(struct fixture *f, const char *key, int64_t max_bytes)
{
    struct outcome outcome = {0};
    pr_buf_clear(&f->body);
    s3_get(f->s3, pr_str(key), max_bytes, append, &f->body, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

enum pr_err fixture_head(struct fixture *f, const char *key, struct s3_object *out)
{
    struct outcome outcome = {0};
    s3_head(f->s3, pr_str(key), out, outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

enum pr_err fixture_delete(struct fixture *f, const char *key)
{
    struct outcome outcome = {0};
    s3_delete(f->s3, pr_str(key), outcome_done(&outcome));
    return fixture_wait(f, &outcome);
}

int fixture_send(struct fixture *f, const char *method, struct pr_str url,
                 const struct s3_header *headers, size_t count, struct pr_str body,
                 struct http_call *call)
{
    struct http_header sent[S3_PUT_HEADERS];
    struct outcome outcome = {0};
    *call = (struct http_call){.method = method,
                               .url = url,
                               .headers = sent,
                               .body = body,
                               .timeout_ms = 10000,
                               .max_bytes = 1 << 20};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(headers[i].name, "content-length") != 0)
            sent[call->headers_count++] =
                (struct http_header){pr_str(headers[i].name), pr_str(headers[i].value)};
    }
    http_client_send(f->client, call, outcome_done(&outcome));
    fixture_wait(f, &outcome);
    return call->status;
}
