/* sign: AWS Signature Version 4 in its query form ("Authenticating Requests: Using Query
 * Parameters", Amazon S3 API Reference). Pure: no I/O, no clock. Private to this folder. */
#pragma once

#include "shared/base/buf.h"
#include "shared/crypto/crypto.h"
#include "shared/s3/s3.h"

/* Where requests go: the URL up to the key, "https://host[:port]/bucket". */
struct s3_origin {
    struct pr_str url;  /* on the heap */
    struct pr_str host; /* within url; with its port, unless that is the scheme's own */
};

/* endpoint: "http(s)://host[:port]", a slash after it is forgiven; false for anything else. */
bool s3_origin_init(struct s3_origin *origin, const char *endpoint, const char *bucket);
void s3_origin_fini(struct s3_origin *origin);

/* The keys, and what of a signature stays the same for a day (UTC). */
struct s3_signer {
    const char *access_key, *secret_key, *region; /* borrowed */
    int64_t day;                                  /* since the epoch; that the rest is of */
    uint8_t key[SHA256_BYTES];
    struct pr_buf scope; /* "20130524/us-east-1/s3/aws4_request" */
    struct pr_buf query; /* "?X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=" */
    struct pr_buf text;  /* the string to sign: memory kept from one signature to the next */
};

void s3_signer_init(struct s3_signer *signer, const char *access_key, const char *secret_key,
                    const char *region);
void s3_signer_fini(struct s3_signer *signer); /* wipes the key */

struct s3_param {
    const char *name; /* URI-safe, begins with a small letter: so it sorts after X-Amz-… */
    struct pr_str value;
};

#define S3_SIGNED_HEADERS_MAX 4

/* What is signed besides the host. Headers and parameters are sorted by name. */
struct s3_request {
    const char *method;
    struct pr_str key; /* empty: the bucket itself */
    const struct s3_header *headers;
    size_t headers_count;
    const struct s3_param *params;
    size_t params_count;
};

/* Appends the URL; false, with nothing appended, when out is full. */
bool s3_sign(struct s3_signer *signer, const struct s3_origin *origin,
             const struct s3_request *request, int64_t now_ms, int64_t expires_in_s,
             struct pr_buf *out);
