/* media_s3: object_store on S3. */
#pragma once

#include "services/media/usecases/ports.h"
#include "shared/s3/s3.h"

struct media_s3 {
    struct object_store port;
    struct s3 *s3;
    bool if_none_match;             /* the server honours If-None-Match on PUT */
    struct completion *completions; /* under way; see media_s3_parts.c */
};

/* s3 is borrowed; storage is the caller's. */
void media_s3_init(struct media_s3 *store, struct s3 *s3, bool if_none_match);
