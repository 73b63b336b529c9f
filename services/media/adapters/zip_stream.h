/* zip_stream: sends a ZIP archive, or a part of it, from the object store to a guest, no faster than
 * the guest takes it. */
#pragma once

#include "services/media/adapters/zip_archive.h"
#include "shared/base/time.h"
#include "shared/http/server.h"
#include "shared/s3/s3.h"

#define ZIP_STREAMS_MAX 64       /* at once */
#define ZIP_STREAM_CONNECTIONS 2 /* to the store, each */

/* Where objects come from: a client of its own, so that slow guests keep nobody else waiting. */
struct zip_store {
    struct s3 *s3;
    struct zip_stream *streams[ZIP_STREAMS_MAX]; /* under way; NULL: a free place */
};

/* Is there a place for one more of this code? Where all are taken, the guest who has taken nothing of
 * his archive for the longest time, a minute at least, loses his: he can resume. Where all take, one
 * of the code that holds the most does, when that one still has no fewer than this code then. */
bool zip_store_has_place(struct zip_store *store, const struct pr_uuid *code_id) PR_CHECK;

struct zip_stream_options {
    struct zip_store *store;      /* borrowed until the stream ends, */
    const struct pr_clock *clock; /* and so is this */
    struct pr_uuid code_id;       /* who gets it */
    struct zip_archive *archive;  /* heap; taken */
    int64_t first, size_bytes;    /* the part that is sent; size_bytes > 0 */
    int64_t renew_ms; /* after so long, before more is sent, this is asked: may it go on? */
    void (*renew)(void *arg, struct pr_done done);
    void (*release)(void *arg); /* at the end; the request may be gone by then */
    void *arg;
};

/* There must be a place. To a request whose answer was started with size_bytes. An object that is
 * gone, or not what its entry says, breaks the answer off. */
void zip_stream_start(struct http_request *req, const struct zip_stream_options *options);
