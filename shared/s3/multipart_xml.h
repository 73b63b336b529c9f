/* multipart_xml: what of multipart uploads is written in XML. Pure; private to this folder. */
#pragma once

#include "shared/base/buf.h"
#include "shared/s3/multipart.h"

/* The UploadId of an InitiateMultipartUploadResult; false when there is none that can be kept. */
bool multipart_read_created(struct pr_str xml, struct s3_upload *out);

/* Of a ListMultipartUploadsResult: the first upload of this key, if any. */
bool multipart_read_uploads(struct pr_str xml, struct pr_str key, struct s3_upload *out);

/* Appends the parts of a page of ListPartsResult, whose numbers must ascend; *next is the marker of
 * the next page, 0 after the last. */
bool multipart_read_parts(struct pr_str xml, struct s3_parts *out, int64_t *next);

/* True for a CompleteMultipartUploadResult. Stores may answer 200 before they know how it ends: then
 * it is an Error, whose code is copied (empty: it is neither). */
bool multipart_read_completed(struct pr_str xml, char code[64]);

/* Appends a CompleteMultipartUpload; what S3_PARTS_MAX of them can need fits in the bound. */
#define MULTIPART_WRITE_MAX_BYTES ((size_t)8 << 20)
void multipart_write(struct pr_buf *out, const struct s3_stored_part *parts, size_t n);
