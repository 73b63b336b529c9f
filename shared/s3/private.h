/* private: what the files of this folder share. */
#pragma once

#include "shared/s3/s3.h"
#include "shared/s3/sign.h"

struct s3 {
    char *region, *access_key, *secret_key;
    const struct pr_clock *clock;
    struct http_client *client;
    struct s3_origin internal, external; /* as the services and as browsers reach the bucket */
    struct s3_signer signer;
    struct pr_buf disposition; /* memory kept from one URL to the next */
};

/* The rows a PUT must send, sorted by name; 0 when its type is not fit for a header. */
size_t s3_put_headers(const struct s3_put *put, struct s3_header headers[S3_PUT_HEADERS]);
