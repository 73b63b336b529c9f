/* Any answer of a store about uploads in parts: what is taken of it is bounded and in order, and can
 * be written for a completion that reads back the same. */
#include "shared/s3/multipart_xml.h"
#include "shared/s3/xml.h"

#include <assert.h>

static bool anything(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    (void)arg;
    assert(depth >= 1 && depth <= XML_DEPTH_MAX);
    assert(strlen(name) <= XML_NAME_MAX && text.n <= XML_TEXT_MAX);
    return true;
}

static void check_parts(struct pr_str xml)
{
    struct s3_parts parts = {0};
    struct pr_buf out;
    int64_t next;
    bool read = multipart_read_parts(xml, &parts, &next);
    assert(parts.n <= S3_PARTS_MAX && (!read || (next >= 0 && next <= S3_PARTS_MAX)));
    for (size_t i = 0; i < parts.n; i++) {
        assert(parts.items[i].number > (i ? parts.items[i - 1].number : 0));
        assert(parts.items[i].number <= S3_PARTS_MAX && parts.items[i].size_bytes >= 0);
        assert(strlen(parts.items[i].etag) <= S3_ETAG_MAX && parts.items[i].etag[0]);
    }
    if (parts.n > 0) {
        pr_buf_init(&out, MULTIPART_WRITE_MAX_BYTES);
        multipart_write(&out, parts.items, parts.n);
        assert(!out.full && xml_read(pr_buf_str(&out), anything, NULL));
        pr_buf_fini(&out);
    }
    s3_parts_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pr_str xml = pr_str_n(data, size);
    struct s3_upload upload;
    char code[64];
    (void)xml_read(xml, anything, NULL);
    if (multipart_read_created(xml, &upload))
        assert(upload.id[0] && strlen(upload.id) <= S3_UPLOAD_ID_MAX);
    if (multipart_read_uploads(xml, pr_str("k"), &upload) && upload.found)
        assert(upload.id[0]);
    (void)multipart_read_completed(xml, code);
    assert(strlen(code) < sizeof code);
    check_parts(xml);
    return 0;
}
