/* media_s3: object_store on S3. */
#pragma once

#include "services/media/usecases/ports.h"
#include "shared/s3/s3.h"

#define MEDIA_S3_COMPLETIONS 32 /* connections for them */

struct media_s3 {
    struct object_store port;
    struct s3 *s3;
    struct s3 *slow; /* for completions, which take minutes: so that nothing else waits for them */
    bool if_none_match;             /* the server honours If-None-Match on PUT */
    struct completion *completions; /* under way; see media_s3_parts.c */
};

/* s3 and slow are borrowed, and may be the same; storage is the caller's. */
void media_s3_init(struct media_s3 *store, struct s3 *s3, struct s3 *slow, bool if_none_match);
