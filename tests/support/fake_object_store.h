/* fake_object_store: object_store in memory. Clients' uploads are put there by the test. */
#pragma once

#include "services/media/usecases/ports.h"
#include "tests/support/gate.h"

#define FAKE_OBJECTS 256
#define FAKE_UPLOADS 8
#define FAKE_PARTS 8

struct fake_object {
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    int64_t size_bytes;
    uint8_t sha256[MEDIA_SHA256_BYTES];
    bool of_parts; /* then nobody knows its checksum */
};

/* An upload in parts that is under way. */
struct fake_upload {
    char key[MEDIA_OBJECT_KEY_MAX + 1], id[32];
    struct stored_part parts[FAKE_PARTS]; /* by number */
    size_t parts_n;
};

struct fake_object_store {
    struct object_store port;
    struct gate *gate;
    bool no_checksums; /* a store that does not tell them */
    struct fake_object objects[FAKE_OBJECTS];
    size_t objects_n;
    struct fake_upload uploads[FAKE_UPLOADS];
    size_t uploads_n;
    unsigned begun; /* ids so far; also tags of parts */
};

/* gate is borrowed. */
void fake_object_store_init(struct fake_object_store *store, struct gate *gate);
void fake_object_store_put(struct fake_object_store *store, const char *key, int64_t size_bytes,
                           const uint8_t sha256[MEDIA_SHA256_BYTES]);
/* A part comes for the upload with this id, or comes again. */
void fake_object_store_put_part(struct fake_object_store *store, const char *upload_id,
                                int64_t number, int64_t size_bytes);
/* Another upload of the key, as one that was begun and forgotten; its id. */
const char *fake_object_store_begin(struct fake_object_store *store, const char *key);
bool fake_object_store_has(const struct fake_object_store *store, const char *key);
