#include "services/media/adapters/zip_archive.h"

#include "services/media/domain/zip_name.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#include <stdio.h>

#define ETAG_BYTES 16
#define FORMAT 1 /* one more when the same entries become other bytes */

/* A media's id says when it was made (RFC 9562, version 7). */
static int64_t time_of(const struct pr_uuid *id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | id->b[i];
    return ms;
}

static bool add(struct zip_archive *archive, struct zip_names *names,
                const struct guest_photo *photo, bool originals)
{
    char name[MEDIA_FILENAME_MAX + 1];
    const struct guest_image *file = guest_photo_file(photo, originals);
    if (file->object_key.n == 0 || file->crc32 < 0)
        return false;
    guest_photo_name(photo, originals, name);
    archive->keys[archive->n] = pr_arena_copy(&archive->arena, file->object_key);
    archive->entries[archive->n++] = (struct zip_entry){
        .name = zip_names_add(names, pr_str(name)),
        .size_bytes = file->size_bytes,
        .time_ms = time_of(&photo->id),
        .crc32 = (uint32_t)file->crc32,
    };
    return true;
}

/* Of all that the archive's bytes depend on. */
static void make_etag(struct zip_archive *archive, const struct guest_photo *photos)
{
    struct sha256 hash;
    uint8_t digest[SHA256_BYTES];
    char text[64], hex[2 * ETAG_BYTES + 1];
    sha256_init(&hash);
    for (size_t i = 0; i < archive->n; i++) {
        const struct zip_entry *entry = &archive->entries[i];
        int n = snprintf(text, sizeof text, "%d/%lld/%08x/%zu/", FORMAT,
                         (long long)entry->size_bytes, (unsigned)entry->crc32, entry->name.n);
        sha256_update(&hash, pr_str_n(text, (size_t)n));
        sha256_update(&hash, entry->name);
        sha256_update(&hash, pr_str_n(photos[i].id.b, sizeof photos[i].id.b));
    }
    sha256_final(&hash, digest);
    pr_hex_encode(digest, ETAG_BYTES, hex);
    snprintf(archive->etag, sizeof archive->etag, "\"%s\"", hex);
}

bool zip_archive_init(struct zip_archive *archive, const struct guest_photo *photos, size_t n,
                      bool originals)
{
    struct zip_names names;
    bool complete = true;
    *archive = (struct zip_archive){.n = 0};
    archive->entries = pr_arena_alloc(&archive->arena, n * sizeof *archive->entries);
    archive->keys = pr_arena_alloc(&archive->arena, n * sizeof *archive->keys);
    zip_names_init(&names, &archive->arena);
    for (size_t i = 0; i < n && complete; i++)
        complete = add(archive, &names, &photos[i], originals);
    zip_names_fini(&names);
    make_etag(archive, photos);
    zip_plan_init(&archive->plan, archive->entries, archive->n);
    return complete;
}

void zip_archive_fini(struct zip_archive *archive)
{
    pr_arena_fini(&archive->arena);
}
