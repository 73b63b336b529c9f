/* s3: presigned URLs (AWS Signature Version 4, query form) and the requests made with them. The one
 * signing function serves browsers and the services' own calls alike.
 *
 * Keys hold any bytes but are never empty and have no segment "." or "..": clients would resolve
 * those before they send. A URL lives expires_in_s seconds (1 to 604800, Amazon's limit) from now
 * on the injected clock. One struct s3 belongs to one loop thread. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/crypto/crypto.h"
#include "shared/http/client.h"

/* An endpoint is "http(s)://host[:port]". */
struct s3_options {
    const char *endpoint;        /* what the services use: "http://127.0.0.1:9000"; copied */
    const char *public_endpoint; /* what browsers use; its host is signed; copied */
    const char *region, *bucket, *access_key, *secret_key; /* copied */
    const struct pr_clock *clock;                          /* borrowed */
    struct http_client *client; /* borrowed; NULL where only URLs are signed */
};

struct s3;

/* NULL when an endpoint is malformed, or a setting is empty or longer than 256 bytes. */
struct s3 *s3_create(const struct s3_options *options);
void s3_destroy(struct s3 *s3); /* nothing may be under way; wipes the keys */

/* What a presigned PUT binds, besides key and expiry. */
struct s3_put {
    struct pr_str key;
    struct pr_str content_type; /* printable ASCII, below 128 bytes, single spaces within */
    int64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    bool if_none_match; /* only when nothing is there: 412 otherwise */
};

/* Headers the client must send with a presigned PUT, exactly. */
struct s3_header {
    const char *name; /* static text, lower case */
    char value[128];
};
#define S3_PUT_HEADERS 4

/* Appends a PUT URL for the public endpoint. headers gets *count rows, sorted by name:
 * content-length, content-type, if-none-match when asked for, x-amz-checksum-sha256. False, with
 * nothing appended, when out is full or the type is not fit for a header. */
bool s3_presign_put(struct s3 *s3, const struct s3_put *put, int64_t expires_in_s,
                    struct pr_buf *out, struct s3_header headers[S3_PUT_HEADERS], size_t *count);

/* Appends a GET URL for the public endpoint. download_name: NULL shows the object inline, otherwise
 * a Content-Disposition: attachment with this name (UTF-8; RFC 6266, RFC 8187) is signed in;
 * content_type, when not NULL, is signed in as the answer's type. False, with nothing appended,
 * when out is full or the name is too long (some 1300 bytes). */
bool s3_presign_get(struct s3 *s3, struct pr_str key, const char *content_type,
                    const char *download_name, int64_t expires_in_s, struct pr_buf *out);

/* The services' own requests, by the internal endpoint; they need a client. Keys and puts are
 * copied. Errors of all: PR_ERR_UNAVAILABLE (not reached, broken off, 5xx, 429), PR_ERR_TIMEOUT,
 * PR_ERR_UPSTREAM (refused: wrong keys, clock or bucket; logged), PR_ERR_INVALID (a key too long
 * for a URL). Short calls have 5 s, transfers may not stall for 15 s. */

struct s3_object {
    bool found;
    int64_t size_bytes;
    bool has_sha256; /* the store knows the object's checksum */
    uint8_t sha256[SHA256_BYTES];
    char content_type[128];
};

/* A missing object is found == false. out is filled before done. */
void s3_head(struct s3 *s3, struct pr_str key, struct s3_object *out, struct pr_done done);

/* Streams the object's bytes to sink, at most max_bytes (more: PR_ERR_TOO_LARGE, maybe after some
 * went to sink). Also PR_ERR_NOT_FOUND; PR_ERR_INTERNAL when sink said no. */
void s3_get(struct s3 *s3, struct pr_str key, int64_t max_bytes, http_sink_fn sink, void *arg,
            struct pr_done done);

/* Streams size_bytes of the object's from `first` on, if it has total_bytes in all (otherwise
 * PR_ERR_CONFLICT, before anything went to sink), to a reader that may be slow: see
 * http_call_pause. The struct is the caller's, and borrowed until done; a cancelled one is done with
 * PR_ERR_UNAVAILABLE. Other errors as s3_get's; after one, what went to sink is good. */
struct s3_range {
    int64_t first, size_bytes, total_bytes; /* size_bytes > 0 */
    http_sink_fn sink;
    void *sink_arg;
    struct http_call *call; /* ours; NULL: not under way */
};
void s3_get_range(struct s3 *s3, struct pr_str key, struct s3_range *range, struct pr_done done);
void s3_range_pause(struct s3_range *range);
void s3_range_resume(struct s3_range *range);
void s3_range_cancel(struct s3_range *range);

/* Stores bytes (borrowed until done) under the put's key; the put's size must be theirs. Also
 * PR_ERR_CONFLICT: if_none_match, and something is there. Bytes with another SHA-256 than the put's
 * are refused (PR_ERR_UPSTREAM) and nothing is stored. */
void s3_put(struct s3 *s3, const struct s3_put *put, struct pr_str bytes, struct pr_done done);

/* Deletes; a missing object is a success. */
void s3_delete(struct s3 *s3, struct pr_str key, struct pr_done done);

/* Is the bucket reachable with our keys? */
void s3_probe(struct s3 *s3, struct pr_done done);
