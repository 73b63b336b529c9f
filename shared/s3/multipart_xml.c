#include "shared/s3/multipart_xml.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/s3/xml.h"

#include <assert.h>
#include <inttypes.h>

#define FIRST_ROOM ((size_t)64)

static bool is(const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

/* ---- created ---- */

static bool read_created(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    struct s3_upload *upload = arg;
    if (depth == 1)
        return is(name, "InitiateMultipartUploadResult");
    if (depth == 2 && is(name, "UploadId"))
        upload->found = text.n > 0 && pr_str_copy(text, upload->id, sizeof(upload->id));
    return true;
}

bool multipart_read_created(struct pr_str xml, struct s3_upload *out)
{
    *out = (struct s3_upload){0};
    out->found = xml_read(xml, read_created, out) && out->found;
    return out->found;
}

/* ---- uploads ---- */

struct uploads {
    struct pr_str key;
    bool same_key; /* of the Upload that is being read */
    char id[S3_UPLOAD_ID_MAX + 1];
    struct s3_upload *out;
};

static bool read_uploads(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    struct uploads *uploads = arg;
    if (depth == 1)
        return is(name, "ListMultipartUploadsResult");
    if (depth == 3 && is(name, "Key"))
        uploads->same_key = pr_str_eq(text, uploads->key);
    if (depth == 3 && is(name, "UploadId"))
        return pr_str_copy(text, uploads->id, sizeof(uploads->id));
    if (depth == 2 && is(name, "Upload")) {
        if (uploads->same_key && uploads->id[0] && !uploads->out->found) {
            uploads->out->found = true;
            memcpy(uploads->out->id, uploads->id, sizeof(uploads->id));
        }
        uploads->same_key = false;
        uploads->id[0] = 0;
    }
    return true;
}

bool multipart_read_uploads(struct pr_str xml, struct pr_str key, struct s3_upload *out)
{
    struct uploads uploads = {.key = key, .out = out};
    *out = (struct s3_upload){0};
    return xml_read(xml, read_uploads, &uploads);
}

/* ---- parts ---- */

struct parts {
    struct s3_stored_part part; /* that is being read */
    struct s3_parts *out;
    bool truncated;
    int64_t next;
};

static struct s3_stored_part *last_of(const struct s3_parts *parts)
{
    return parts->n ? &parts->items[parts->n - 1] : NULL;
}

static bool add_part(struct parts *parts)
{
    struct s3_parts *out = parts->out;
    const struct s3_stored_part *last = last_of(out);
    if (!parts->part.number || !parts->part.etag[0] || parts->part.size_bytes < 0 ||
        (last && last->number >= parts->part.number))
        return false;
    if (out->n == out->room) {
        out->room = out->room ? 2 * out->room : FIRST_ROOM;
        out->items = pr_realloc(out->items, out->room * sizeof(*out->items));
    }
    assert(out->items);
    out->items[out->n++] = parts->part;
    parts->part = (struct s3_stored_part){.size_bytes = -1};
    return true;
}

static bool read_part_member(struct s3_stored_part *part, const char *name, struct pr_str text)
{
    size_t n = sizeof(part->sha256);
    if (is(name, "PartNumber"))
        return pr_str_to_int(text, 1, S3_PARTS_MAX, &part->number);
    if (is(name, "Size"))
        return pr_str_to_int(text, 0, INT64_MAX, &part->size_bytes);
    if (is(name, "ETag"))
        return pr_str_copy(text, part->etag, sizeof(part->etag));
    if (is(name, "ChecksumSHA256"))
        part->has_sha256 = pr_base64_decode(text, part->sha256, &n) && n == sizeof(part->sha256);
    return true;
}

static bool read_parts(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    struct parts *parts = arg;
    if (depth == 1)
        return is(name, "ListPartsResult");
    if (depth == 3)
        return read_part_member(&parts->part, name, text); /* an Owner's are none of these */
    if (is(name, "Part"))
        return add_part(parts);
    if (is(name, "IsTruncated"))
        parts->truncated = pr_str_is(text, "true");
    if (is(name, "NextPartNumberMarker"))
        return pr_str_to_int(text, 0, S3_PARTS_MAX, &parts->next);
    return true;
}

bool multipart_read_parts(struct pr_str xml, struct s3_parts *out, int64_t *next)
{
    struct parts parts = {.part.size_bytes = -1, .out = out};
    *next = 0;
    if (!xml_read(xml, read_parts, &parts))
        return false;
    if (parts.truncated) /* the marker is the last number; then there must be one */
        *next = parts.next ? parts.next : out->n ? last_of(out)->number : 0;
    return !parts.truncated || *next > 0;
}

/* ---- completed ---- */

struct completed {
    char *code;
    bool completed;
};

static bool read_completed(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    struct completed *completed = arg;
    if (depth == 2 && is(name, "Code"))
        return pr_str_copy(text, completed->code, 64);
    if (depth == 1)
        completed->completed = is(name, "CompleteMultipartUploadResult");
    return true;
}

bool multipart_read_completed(struct pr_str xml, char code[64])
{
    struct completed completed = {.code = code};
    code[0] = 0;
    return xml_read(xml, read_completed, &completed) && completed.completed;
}

/* ---- complete ---- */

void multipart_write(struct pr_buf *out, const struct s3_stored_part *parts, size_t n)
{
    char sha256[PR_BASE64_SIZE(SHA256_BYTES)];
    pr_buf_puts(out, "<CompleteMultipartUpload "
                     "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < n; i++) {
        pr_buf_printf(out, "<Part><PartNumber>%" PRId64 "</PartNumber><ETag>", parts[i].number);
        pr_xml_escape(out, pr_str(parts[i].etag));
        pr_buf_puts(out, "</ETag>");
        if (parts[i].has_sha256) {
            pr_base64_encode(parts[i].sha256, SHA256_BYTES, sha256);
            pr_buf_printf(out, "<ChecksumSHA256>%s</ChecksumSHA256>", sha256);
        }
        pr_buf_puts(out, "</Part>");
    }
    pr_buf_puts(out, "</CompleteMultipartUpload>");
}
