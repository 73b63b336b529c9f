/* Presigns what its input asks for, one URL a line: for a test that compares them.
 *
 *     time_ms key method type size sha256 if_none_match download_name upload_id part_number
 *
 * A PUT with an upload_id is one of a part.
 *
 * Fields are separated by blanks and percent-encoded; empty is none. The settings are fixed below.
 */
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/s3/multipart.h"

#include <stdio.h>

#define FIELDS 10
#define LINE_MAX_BYTES 16384

enum field { TIME_MS, KEY, METHOD, TYPE, SIZE, SHA256, IF_NONE_MATCH, NAME, UPLOAD_ID, NUMBER };

static int64_t now_ms;

static int64_t clock_now_ms(const struct pr_clock *clock)
{
    (void)clock;
    return now_ms;
}

/* Decodes the fields in place, each terminated; false when one is missing or malformed. */
static bool split(char *line, char *fields[FIELDS])
{
    char *rest = line;
    for (int i = 0; i < FIELDS; i++) {
        size_t n;
        fields[i] = strsep(&rest, " \n");
        if (!fields[i] || !pr_uri_decode(pr_str(fields[i]), fields[i], &n))
            return false;
        fields[i][n] = 0;
    }
    return true;
}

static const char *or_null(const char *field)
{
    return *field ? field : NULL;
}

static bool presign_part(struct s3 *s3, char *fields[FIELDS], struct pr_buf *url)
{
    struct s3_part part = {.key = pr_str(fields[KEY]), .upload_id = pr_str(fields[UPLOAD_ID])};
    struct s3_header headers[S3_PART_HEADERS];
    return pr_str_to_int(pr_str(fields[SIZE]), 0, INT64_MAX, &part.size_bytes) &&
           pr_str_to_int(pr_str(fields[NUMBER]), 1, S3_PARTS_MAX, &part.number) &&
           pr_hex_decode(pr_str(fields[SHA256]), part.sha256, SHA256_BYTES) &&
           s3_presign_part(s3, &part, 900, url, headers);
}

static bool presign(struct s3 *s3, char *fields[FIELDS], struct pr_buf *url)
{
    struct s3_put put = {.key = pr_str(fields[KEY]),
                         .content_type = pr_str(fields[TYPE]),
                         .if_none_match = strcmp(fields[IF_NONE_MATCH], "1") == 0};
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
    if (!pr_str_to_int(pr_str(fields[TIME_MS]), 0, INT64_MAX, &now_ms))
        return false;
    if (strcmp(fields[METHOD], "GET") == 0)
        return s3_presign_get(s3, put.key, or_null(fields[TYPE]), or_null(fields[NAME]), 900, url);
    if (*fields[UPLOAD_ID])
        return presign_part(s3, fields, url);
    return pr_str_to_int(pr_str(fields[SIZE]), 0, INT64_MAX, &put.size_bytes) &&
           pr_hex_decode(pr_str(fields[SHA256]), put.sha256, SHA256_BYTES) &&
           s3_presign_put(s3, &put, 900, url, headers, &count);
}

int main(void)
{
    static const struct pr_clock clock = {clock_now_ms};
    const struct s3_options options = {
        .endpoint = "http://127.0.0.1:9000",
        .public_endpoint = "http://media.example.org:8080",
        .region = "eu-central-1",
        .bucket = "pierrot",
        .access_key = "AKIAIOSFODNN7EXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .clock = &clock,
    };
    struct s3 *s3 = s3_create(&options);
    struct pr_buf url;
    char line[LINE_MAX_BYTES], *fields[FIELDS];
    bool ok = s3 != NULL;
    pr_buf_init(&url, LINE_MAX_BYTES);
    while (ok && fgets(line, sizeof(line), stdin)) {
        pr_buf_clear(&url);
        ok = split(line, fields) && presign(s3, fields, &url);
        if (ok)
            printf(PR_STR_FMT "\n", PR_STR_ARG(pr_buf_str(&url)));
    }
    pr_buf_fini(&url);
    if (s3)
        s3_destroy(s3);
    return ok ? 0 : 1;
}
