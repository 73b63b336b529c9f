/* What stores say of uploads in parts, as Amazon documents it and as others write it, and what
 * nobody should. */
#include "shared/base/alloc.h"
#include "shared/s3/multipart_xml.h"
#include "shared/s3/xml.h"
#include "tests/support/test.h"

#include <stdio.h>

#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

/* ---- the reader ---- */

struct seen {
    char text[512];
    unsigned stop_at; /* says no at the n-th element; 0: never */
    unsigned n;
};

static bool see(void *arg, unsigned depth, const char *name, struct pr_str text)
{
    struct seen *seen = arg;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%u %s=" PR_STR_FMT ";", depth, name,
             PR_STR_ARG(text));
    return ++seen->n != seen->stop_at;
}

static bool reads(const char *xml, struct seen *seen)
{
    *seen = (struct seen){.stop_at = seen->stop_at};
    return xml_read(pr_str(xml), see, seen);
}

static void test_elements_come_as_they_end(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_true(reads("<?xml version='1.0' encoding='UTF-8'?>\n<a" NS "> <b>1 &lt; 2 &#x41;</b><c/>"
                      "<d><!-- no --><e><![CDATA[<x>]]></e></d></a>",
                      &seen));
    assert_string_equal(seen.text, "2 b=1 < 2 A;2 c=;3 e=<x>;2 d=;1 a=;");
    seen.stop_at = 2;
    assert_false(reads("<a><b/><c/><d/></a>", &seen));
    assert_int_equal(seen.n, 2);
}

static void test_what_is_not_taken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>&nbsp;</a>",
        "<a>\x01</a>",
        "<a>\xff</a>",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<1><2><3/></2></1>",
        "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>",
    };
    struct seen seen = {0};
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        assert_false(reads(bad[i], &seen));
    assert_true(reads("<a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>", &seen));
}

static void test_names_and_texts_are_bounded(void **state)
{
    (void)state;
    char xml[XML_TEXT_MAX + 200], name[XML_NAME_MAX + 2];
    struct seen seen = {0};
    for (size_t extra = 0; extra < 2; extra++) {
        memset(name, 'n', sizeof name);
        name[XML_NAME_MAX + extra] = 0;
        snprintf(xml, sizeof xml, "<a><%s/></a>", name);
        assert_int_equal(reads(xml, &seen), extra == 0);
        snprintf(xml, sizeof xml, "<a>%*s</a>", (int)(XML_TEXT_MAX + extra), "");
        assert_int_equal(reads(xml, &seen), extra == 0);
    }
}

/* ---- created, uploads ---- */

#define INITIATED(more) "<InitiateMultipartUploadResult>" more "</InitiateMultipartUploadResult>"

static void test_created(void **state)
{
    (void)state;
    struct s3_upload upload;
    char xml[S3_UPLOAD_ID_MAX + 200], id[S3_UPLOAD_ID_MAX + 2];
    assert_true(multipart_read_created(
        pr_str("<InitiateMultipartUploadResult" NS "><Bucket>b</Bucket><Key>k</Key>"
               "<UploadId>VXBsb2Fk.-_</UploadId></InitiateMultipartUploadResult>"),
        &upload));
    assert_string_equal(upload.id, "VXBsb2Fk.-_");
    static const char *const bad[] = {
        INITIATED(""),
        INITIATED("<UploadId/>"),
        INITIATED("<a><UploadId>x</UploadId></a>"),
        "<Other><UploadId>x</UploadId></Other>",
        "<InitiateMultipartUploadResult><UploadId>x</UploadId>",
    };
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        assert_false(multipart_read_created(pr_str(bad[i]), &upload));
    for (size_t extra = 0; extra < 2; extra++) {
        memset(id, 'i', sizeof id);
        id[S3_UPLOAD_ID_MAX + extra] = 0;
        snprintf(xml, sizeof xml,
                 "<InitiateMultipartUploadResult><UploadId>%s</UploadId>"
                 "</InitiateMultipartUploadResult>",
                 id);
        assert_int_equal(multipart_read_created(pr_str(xml), &upload), extra == 0);
    }
}

static void test_uploads_of_the_key(void **state)
{
    (void)state;
    static const char xml[] =
        "<ListMultipartUploadsResult" NS "><Bucket>b</Bucket><KeyMarker/><Prefix>k</Prefix>"
        "<Upload><Key>k2</Key><UploadId>other</UploadId><Owner><ID>x</ID></Owner></Upload>"
        "<Upload><UploadId>one</UploadId><Key>k &amp; l</Key></Upload>"
        "<Upload><Key>k &amp; l</Key><UploadId>two</UploadId></Upload>"
        "<Upload><Key>k3</Key></Upload></ListMultipartUploadsResult>";
    struct s3_upload upload;
    assert_true(multipart_read_uploads(pr_str(xml), pr_str("k & l"), &upload));
    assert_true(upload.found);
    assert_string_equal(upload.id, "one");
    assert_true(multipart_read_uploads(pr_str(xml), pr_str("k"), &upload));
    assert_false(upload.found);
    assert_true(multipart_read_uploads(pr_str(xml), pr_str("k3"), &upload));
    assert_false(upload.found);
    assert_false(multipart_read_uploads(pr_str("<Error/>"), pr_str("k"), &upload));
}

/* ---- parts ---- */

#define PART(number, size, etag, more)                                                             \
    "<Part><PartNumber>" number "</PartNumber><LastModified>2026</LastModified><ETag>" etag        \
    "</ETag><Size>" size "</Size>" more "</Part>"
#define LIST(more) "<ListPartsResult" NS ">" more "</ListPartsResult>"

static void test_parts(void **state)
{
    (void)state;
    struct s3_parts parts = {0};
    int64_t next;
    static const char first[] =
        LIST("<Owner><ID>7</ID><DisplayName>a</DisplayName></Owner><PartNumberMarker>0</"
             "PartNumberMarker><NextPartNumberMarker>2</NextPartNumberMarker><IsTruncated>true</"
             "IsTruncated>" PART("1", "5242880", "&quot;aa&quot;",
                                 "<ChecksumSHA256>LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=</"
                                 "ChecksumSHA256>") PART("2", "5", "bb", ""));
    assert_true(multipart_read_parts(pr_str(first), &parts, &next));
    assert_int_equal(next, 2);
    assert_true(multipart_read_parts(pr_str(LIST(PART("10000", "0", "cc", ""))), &parts, &next));
    assert_int_equal(next, 0);
    assert_int_equal(parts.n, 3);
    assert_string_equal(parts.items[0].etag, "\"aa\"");
    assert_true(parts.items[0].has_sha256);
    assert_int_equal(parts.items[0].sha256[0], 0x2c);
    assert_int_equal(parts.items[1].size_bytes, 5);
    assert_false(parts.items[1].has_sha256);
    assert_int_equal(parts.items[2].number, 10000);
    s3_parts_fini(&parts);

    /* A store that has more and names no marker: the last number is one. */
    assert_true(multipart_read_parts(
        pr_str(LIST("<IsTruncated>true</IsTruncated>" PART("7", "1", "a", ""))), &parts, &next));
    assert_int_equal(next, 7);
    s3_parts_fini(&parts);
}

static void test_parts_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        LIST(PART("0", "1", "a", "")),
        LIST(PART("10001", "1", "a", "")),
        LIST(PART("1", "-1", "a", "")),
        LIST(PART("1", "1", "", "")),
        LIST(PART("x", "1", "a", "")),
        LIST(PART("2", "1", "a", "") PART("1", "1", "a", "")),
        LIST(PART("1", "1", "a", "") PART("1", "1", "a", "")),
        LIST("<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>"),
        LIST("<Part/>"),
        LIST("<IsTruncated>true</IsTruncated>"),
        LIST("<NextPartNumberMarker>10001</NextPartNumberMarker>"),
        "<Other/>",
    };
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        struct s3_parts parts = {0};
        int64_t next;
        assert_false(multipart_read_parts(pr_str(bad[i]), &parts, &next));
        s3_parts_fini(&parts);
    }
}

/* ---- complete ---- */

static void test_completed(void **state)
{
    (void)state;
    char code[64];
    assert_true(multipart_read_completed(
        pr_str("\n\n<CompleteMultipartUploadResult" NS "><Location>http://x/k</Location>"
               "<ETag>&quot;a-3&quot;</ETag></CompleteMultipartUploadResult>"),
        code));
    assert_false(multipart_read_completed(
        pr_str("<Error><Code>InternalError</Code><Message>m</Message></Error>"), code));
    assert_string_equal(code, "InternalError");
    assert_false(multipart_read_completed(pr_str(""), code));
    assert_string_equal(code, "");
    assert_false(multipart_read_completed(pr_str("<CompleteMultipartUploadResult>"), code));
}

static void test_what_is_written_can_be_read(void **state)
{
    (void)state;
    struct s3_stored_part parts[] = {
        {.number = 1, .etag = "\"a<&>\"", .has_sha256 = true},
        {.number = 2, .etag = "b"},
    };
    struct pr_buf out;
    struct seen seen = {0};
    pr_buf_init(&out, 4096);
    multipart_write(&out, parts, PR_COUNT(parts));
    assert_true(xml_read(pr_buf_str(&out), see, &seen));
    assert_string_equal(seen.text,
                        "3 PartNumber=1;3 ETag=\"a<&>\";3 ChecksumSHA256="
                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;2 Part=;3 PartNumber=2;"
                        "3 ETag=b;2 Part=;1 CompleteMultipartUpload=;");
    pr_buf_fini(&out);
}

/* The request's own bound holds the most there can be. */
static void test_the_most_that_is_written(void **state)
{
    (void)state;
    struct s3_stored_part *parts = pr_alloc(S3_PARTS_MAX * sizeof *parts);
    struct pr_buf out;
    for (int i = 0; i < S3_PARTS_MAX; i++) {
        parts[i] = (struct s3_stored_part){.number = i + 1, .has_sha256 = true};
        memset(parts[i].etag, 'e', S3_ETAG_MAX);
    }
    pr_buf_init(&out, MULTIPART_WRITE_MAX_BYTES);
    multipart_write(&out, parts, S3_PARTS_MAX);
    assert_false(out.full);
    pr_buf_fini(&out);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_come_as_they_end),
        cmocka_unit_test(test_what_is_not_taken),
        cmocka_unit_test(test_names_and_texts_are_bounded),
        cmocka_unit_test(test_created),
        cmocka_unit_test(test_uploads_of_the_key),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_that_are_none),
        cmocka_unit_test(test_completed),
        cmocka_unit_test(test_what_is_written_can_be_read),
        cmocka_unit_test(test_the_most_that_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
