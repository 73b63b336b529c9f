/* s3: presigned URLs (AWS Signature Version 4, query form) and the requests made with them. The one
 * signing function serves browsers and the services' own calls alike. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/crypto/crypto.h"
#include "shared/http/client.h"

struct s3_options {
    const char *endpoint;        /* what the services use: "http://127.0.0.1:9000"; copied */
    const char *public_endpoint; /* what browsers use; its host is signed; copied */
    const char *region, *bucket, *access_key, *secret_key; /* copied */
    const struct pr_clock *clock;                          /* borrowed */
    struct http_client *client; /* borrowed; NULL where only URLs are signed */
};

struct s3;
struct s3 *s3_create(const struct s3_options *options);
void s3_destroy(struct s3 *s3); /* nothing may be under way; wipes the keys */

/* What a presigned PUT binds, besides key and expiry. */
struct s3_put {
    struct pr_str key;
    struct pr_str content_type;
    int64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    bool if_none_match; /* only when nothing is there: 412 otherwise */
};

/* Headers the client must send with a presigned PUT, exactly. */
struct s3_header {
    const char *name; /* lower case */
    char value[128];
};
#define S3_PUT_HEADERS 4

/* Appends the URL; headers gets `*count` rows: content-type, content-length, x-amz-checksum-sha256 and,
 * when asked for, if-none-match. False when out is full. */
bool s3_presign_put(struct s3 *s3, const struct s3_put *put, int64_t expires_in_s,
                    struct pr_buf *out, struct s3_header headers[S3_PUT_HEADERS], size_t *count);

/* Appends a GET URL for the public endpoint. download_name: NULL shows the object inline, otherwise a
 * Content-Disposition: attachment with this name (RFC 6266, RFC 8187) is signed in; content_type, when
 * not NULL, is signed in as the answer's type. */
bool s3_presign_get(struct s3 *s3, struct pr_str key, const char *content_type,
                    const char *download_name, int64_t expires_in_s, struct pr_buf *out);

/* The services' own requests, by the internal endpoint. Errors: PR_ERR_NOT_FOUND (get),
 * PR_ERR_UNAVAILABLE, PR_ERR_TIMEOUT, PR_ERR_UPSTREAM. */
struct s3_object {
    bool found;
    int64_t size_bytes;
    bool has_sha256; /* the store knows the object's checksum */
    uint8_t sha256[SHA256_BYTES];
    char content_type[128];
};
void s3_head(struct s3 *s3, struct pr_str key, struct s3_object *out, struct pr_done done);

/* Streams the object's bytes to sink, at most max_bytes (more: PR_ERR_TOO_LARGE). */
void s3_get(struct s3 *s3, struct pr_str key, int64_t max_bytes, http_sink_fn sink, void *arg,
            struct pr_done done);

/* Stores bytes (borrowed until done) under the put's key; the put's size must be theirs. */
void s3_put(struct s3 *s3, const struct s3_put *put, struct pr_str bytes, struct pr_done done);

/* Deletes; a missing object is a success. */
void s3_delete(struct s3 *s3, struct pr_str key, struct pr_done done);

/* Is the bucket reachable with our keys? */
void s3_probe(struct s3 *s3, struct pr_done done);
