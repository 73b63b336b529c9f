/* fake_object_store: object_store in memory. Clients' uploads are put there by the test. */
#pragma once

#include "services/media/usecases/ports.h"
#include "tests/support/gate.h"

#define FAKE_OBJECTS 256

struct fake_object {
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    int64_t size_bytes;
    uint8_t sha256[MEDIA_SHA256_BYTES];
};

struct fake_object_store {
    struct object_store port;
    struct gate *gate;
    bool no_checksums; /* a store that does not tell them */
    struct fake_object objects[FAKE_OBJECTS];
    size_t objects_n;
};

/* gate is borrowed. */
void fake_object_store_init(struct fake_object_store *store, struct gate *gate);
void fake_object_store_put(struct fake_object_store *store, const char *key, int64_t size_bytes,
                           const uint8_t sha256[MEDIA_SHA256_BYTES]);
bool fake_object_store_has(const struct fake_object_store *store, const char *key);
