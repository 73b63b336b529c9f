/* multipart: objects that are uploaded in parts (Amazon S3 API Reference: CreateMultipartUpload,
 * UploadPart, ListParts, CompleteMultipartUpload, AbortMultipartUpload, ListMultipartUploads).
 * Clients get a presigned URL for each part; the services begin, look, complete and abort.
 *
 * Errors are those of s3.h. Keys and ids are copied. */
#pragma once

#include "shared/s3/s3.h"

#define S3_PARTS_MAX 10000
#define S3_UPLOAD_ID_MAX 512 /* bytes; Amazon's have 128 */
#define S3_ETAG_MAX 128

/* What a presigned part binds, besides its key and its number in its upload. */
struct s3_part {
    struct pr_str key, upload_id;
    int64_t number; /* 1 to S3_PARTS_MAX */
    int64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
};
#define S3_PART_HEADERS 2

/* Appends a PUT URL for the public endpoint; headers gets content-length and x-amz-checksum-sha256,
 * which the client must send as they are. False, with nothing appended, when out is full. */
bool s3_presign_part(struct s3 *s3, const struct s3_part *part, int64_t expires_in_s,
                     struct pr_buf *out, struct s3_header headers[S3_PART_HEADERS]);

struct s3_upload {
    bool found;
    char id[S3_UPLOAD_ID_MAX + 1];
};

/* Begins an upload whose parts and whole have SHA-256 checksums. */
void s3_upload_create(struct s3 *s3, struct pr_str key, struct pr_str content_type,
                      struct s3_upload *out, struct pr_done done);

/* One of the uploads under way for this very key; found == false when there is none. */
void s3_upload_find(struct s3 *s3, struct pr_str key, struct s3_upload *out, struct pr_done done);

struct s3_stored_part {
    int64_t number, size_bytes;
    char etag[S3_ETAG_MAX + 1]; /* as the store writes it, with its quotes */
    bool has_sha256;            /* the store tells it */
    uint8_t sha256[SHA256_BYTES];
};

struct s3_parts {
    struct s3_stored_part *items; /* by number, ascending */
    size_t n, room;
};

/* All parts that are there, none when there is no such upload. out is a zeroed struct; freed by
 * s3_parts_fini, also after an error. */
void s3_upload_list(struct s3 *s3, struct pr_str key, struct pr_str upload_id, struct s3_parts *out,
                    struct pr_done done);
void s3_parts_fini(struct s3_parts *parts);

/* Makes the object of these parts (n > 0, by number), which may take minutes: half an hour is
 * waited. Also PR_ERR_NOT_FOUND: no such upload, be it aborted or (some stores remember, and it is
 * PR_OK) completed; PR_ERR_CONFLICT: a part
 * is not there, not the one that was listed, or too small. */
void s3_upload_complete(struct s3 *s3, struct pr_str key, struct pr_str upload_id,
                        const struct s3_stored_part *parts, size_t n, struct pr_done done);

/* Throws the upload and its parts away; none is a success. A part that is on its way may arrive
 * after it: whoever signed URLs aborts once more when they are dead. */
void s3_upload_abort(struct s3 *s3, struct pr_str key, struct pr_str upload_id,
                     struct pr_done done);
