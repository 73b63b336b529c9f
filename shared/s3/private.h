/* private: what the files of this folder share. */
#pragma once

#include "shared/s3/s3.h"
#include "shared/s3/sign.h"

struct s3 {
    char *region, *access_key, *secret_key;
    const struct pr_clock *clock;
    struct http_client *client;
    struct s3_origin internal, external; /* as the services and as browsers reach the bucket */
    struct s3_signer signer;
    struct pr_buf disposition; /* memory kept from one URL to the next */
};

#define S3_ANSWER_MAX_BYTES INT64_C(65536) /* of an answer that is no object and no list */
#define S3_SHORT_TIMEOUT_MS 5000
#define S3_CALL_PARAMS 4

/* One of our own requests, under way. */
struct s3_call {
    struct s3 *s3;
    struct http_call http;
    struct s3_header headers[S3_SIGNED_HEADERS_MAX];
    struct http_header sent[S3_SIGNED_HEADERS_MAX]; /* views of headers, or of range_text */
    struct s3_param params[S3_CALL_PARAMS];         /* borrowed until it is sent; by name */
    size_t params_count;
    struct pr_buf url;
    struct pr_buf body;                        /* when it is ours */
    enum pr_err (*read)(struct s3_call *call); /* reads a 2xx answer into out; may be NULL */
    void *out;
    struct s3_range *range; /* get of a part */
    char range_text[64];    /* of the header Range, or Content-Range */
    bool other;             /* the object is not as long as was said */
    struct {
        http_sink_fn fn;
        void *arg;
        int64_t room; /* bytes it may still get */
        bool full;
    } sink;             /* get */
    enum pr_err absent; /* what a missing object means: PR_ERR_UPSTREAM where none is asked for */
    struct pr_done done;
};

struct s3_call *s3_call_new(struct s3 *s3, const char *method, enum pr_err absent,
                            struct pr_done done);
void s3_call_send(struct s3_call *call, struct pr_str key, size_t headers_count);

/* The error of an answer that says no with this code; logs it. */
enum pr_err s3_call_refused(const struct s3_call *call, struct pr_str code);

/* The rows a PUT must send, sorted by name; 0 when its type is not fit for a header. */
size_t s3_put_headers(const struct s3_put *put, struct s3_header headers[S3_PUT_HEADERS]);
