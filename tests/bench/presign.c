/* How many presigned URLs one core makes in a second.
 *
 *     presign [seconds]
 *
 * Prints one line for each kind: URLs a second, and nanoseconds for one. Counted in the processor's
 * time, so that whatever else runs on the machine does not count. */
#include "shared/base/alloc.h"
#include "shared/s3/s3.h"

#include <stdio.h>
#include <time.h>

#define BATCH 1000

static const struct pr_str key = PR_STR("0192f0c1-7e1a-7c3d-9a52-0d8f4f6f7a10/library/"
                                        "0192f0c1-7e1a-7c3d-9a52-0d8f4f6f7a11/Skógafoss 2026.jpg");

static bool presign_get(struct s3 *s3, struct pr_buf *url)
{
    return s3_presign_get(s3, key, NULL, NULL, 900, url);
}

static bool presign_download(struct s3 *s3, struct pr_buf *url)
{
    return s3_presign_get(s3, key, "image/jpeg", "Skógafoss 2026.jpg", 900, url);
}

static bool presign_put(struct s3 *s3, struct pr_buf *url)
{
    const struct s3_put put = {.key = key,
                               .content_type = pr_str("image/jpeg"),
                               .size_bytes = 5 << 20,
                               .sha256 = {1, 2, 3},
                               .if_none_match = true};
    struct s3_header headers[S3_PUT_HEADERS];
    size_t count;
    return s3_presign_put(s3, &put, 900, url, headers, &count);
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool measure(struct s3 *s3, const char *name, bool (*presign)(struct s3 *, struct pr_buf *),
                    int64_t seconds)
{
    struct pr_buf url;
    pr_buf_init(&url, 8192);
    int64_t made = 0, start = cpu_ns(), spent = 0;
    bool ok = true;
    while (ok && spent < seconds * 1000000000) {
        for (int i = 0; ok && i < BATCH; i++) {
            pr_buf_clear(&url);
            ok = presign(s3, &url);
        }
        made += BATCH;
        spent = cpu_ns() - start;
    }
    if (ok)
        printf("%-9s %8.0f URLs/s  %6.0f ns\n", name, (double)made * 1e9 / (double)spent,
               (double)spent / (double)made);
    pr_buf_fini(&url);
    return ok;
}

int main(int argc, char **argv)
{
    int64_t seconds = 2;
    if (argc > 2 || (argc == 2 && !pr_str_to_int(pr_str(argv[1]), 1, 3600, &seconds))) {
        fprintf(stderr, "usage: presign [seconds]\n");
        return 2;
    }
    const struct s3_options options = {
        .endpoint = "http://127.0.0.1:9000",
        .public_endpoint = "https://media.example.org",
        .region = "us-east-1",
        .bucket = "pierrot",
        .access_key = "AKIAIOSFODNN7EXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .clock = &pr_clock_system,
    };
    struct s3 *s3 = s3_create(&options);
    if (!s3)
        return 1;
    bool ok = measure(s3, "get", presign_get, seconds) &&
              measure(s3, "download", presign_download, seconds) &&
              measure(s3, "put", presign_put, seconds);
    s3_destroy(s3);
    return ok ? 0 : 1;
}
