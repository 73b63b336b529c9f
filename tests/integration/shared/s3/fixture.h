/* fixture: the bucket of PIERROT_TEST_S3_…, and a server that says what a test wants it to say. */
#pragma once

#include "shared/s3/s3.h"
#include "tests/support/clock.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"

struct fixture {
    uv_loop_t loop;
    struct http_client *client;
    struct test_clock clock; /* the time it is, but where a test moves it */
    struct s3_options options;
    struct s3 *s3;
    char prefix[24];    /* of this test's keys */
    struct pr_buf body; /* what a get brought */
    pid_t canned;
};

struct outcome {
    int calls;
    enum pr_err err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

struct pr_done outcome_done(struct outcome *outcome);
enum pr_err fixture_wait(struct fixture *f, const struct outcome *outcome);

/* Another s3 in the fixture's place, made of options. */
void fixture_use(struct fixture *f, const struct s3_options *options);

/* From now on the fixture's s3 talks to a server that answers every request with these bytes, and
 * then hangs up; with NULL it never answers. */
void fixture_canned(struct fixture *f, const char *answer);

const char *fixture_key(struct fixture *f,
                        const char *name); /* static memory, until the next call */
struct s3_put fixture_put_of(struct pr_str key, struct pr_str bytes);

enum pr_err fixture_put(struct fixture *f, const char *key, struct pr_str bytes);
enum pr_err fixture_get(struct fixture *f, const char *key, int64_t max_bytes);
enum pr_err fixture_head(struct fixture *f, const char *key, struct s3_object *out);
enum pr_err fixture_delete(struct fixture *f, const char *key);

/* What a browser does: a request with these headers; the status, or 0. */
int fixture_send(struct fixture *f, const char *method, struct pr_str url,
                 const struct s3_header *headers, size_t count, struct pr_str body,
                 struct http_call *call);
