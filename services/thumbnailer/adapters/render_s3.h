/* render_s3: render_store on S3. An object goes to an unlinked file, hashed on its way; memory
 * stays constant however large it is. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "shared/s3/s3.h"

struct render_s3 {
    struct render_store port;
    struct s3 *s3;
    const char *folder;     /* where the unlinked files live */
    int64_t promised_bytes; /* of it, to those being fetched */
};

/* s3 and folder are borrowed; storage is the caller's. */
void render_s3_init(struct render_s3 *store, struct s3 *s3, const char *folder);
