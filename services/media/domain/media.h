/* media: one photo or video of somebody's library: its states, what may be uploaded, where it lies.
 *
 *     created -> finalized -> ready | rejected
 *     created -> rejected (the bytes are not what was announced)
 *     any of them -> deleted: the row is gone
 */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/uuid.h"

#define MEDIA_FILENAME_MAX 255   /* bytes */
#define MEDIA_OBJECT_KEY_MAX 256 /* bytes; ours, see media_object_key */
#define MEDIA_RENDITIONS_MAX 8
#define MEDIA_SHA256_BYTES 32
#define MEDIA_PLACEHOLDER_MAX 64 /* bytes of a ThumbHash */
#define MEDIA_REASON_MAX 64

/* An upload in parts: S3's own limits, and ours. */
#define MEDIA_ONE_PIECE_MAX_BYTES ((int64_t)5 << 30) /* what a single PUT can carry */
#define MEDIA_MULTIPART_MIN_BYTES ((int64_t)64 << 20)
#define MEDIA_PART_MIN_BYTES ((int64_t)16 << 20) /* S3 takes 5 MiB; fewer URLs, still soon sent */
#define MEDIA_PARTS_MAX 10000
#define MEDIA_UPLOAD_ID_MAX 512      /* bytes */
#define MEDIA_MULTIPART_TTL_S 604800 /* from the announcement to the last part */
#define MEDIA_PART_URL_TTL_S 3600    /* the longest life of a part's URL */

/* What was begun in time may go on so long: the most one PUT carries, at 1 Mbit/s. */
#define MEDIA_LATEST_S 43200

enum media_state { MEDIA_CREATED, MEDIA_FINALIZED, MEDIA_READY, MEDIA_REJECTED, MEDIA_STATES };
enum media_kind { MEDIA_IMAGE, MEDIA_VIDEO, MEDIA_KINDS };

const char *media_state_name(enum media_state state);
bool media_state_parse(struct pr_str name, enum media_state *out);
const char *media_kind_name(enum media_kind kind);
bool media_kind_parse(struct pr_str name, enum media_kind *out);

/* A content type that may be uploaded; static. NULL from the parser when it is none of them. */
struct media_type {
    const char *name; /* "image/jpeg" */
    enum media_kind kind;
};
const struct media_type *media_type_parse(struct pr_str name);

struct media_rendition {
    char name[16]; /* "preview" */
    char object_key[MEDIA_OBJECT_KEY_MAX + 1];
    char content_type[64];
    int64_t width, height, size_bytes;
    int64_t crc32; /* as in ZIP; -1: it was made before anybody counted */
};

struct media {
    struct pr_uuid id, owner_id;
    struct pr_uuid event_id; /* it was uploaded to, and ends with it; nil: it is of the library */
    int64_t version;         /* grows by one with each change */
    enum media_state state;
    const struct media_type *type;
    char filename[MEDIA_FILENAME_MAX + 1]; /* as the owner named it; UTF-8, for showing */
    char object_key[MEDIA_OBJECT_KEY_MAX + 1];
    int64_t size_bytes;
    uint8_t sha256[MEDIA_SHA256_BYTES];
    int64_t part_size_bytes;                 /* of all parts but the last; 0: in one piece */
    char upload_id[MEDIA_UPLOAD_ID_MAX + 1]; /* the store's, in parts; empty: not begun yet */
    int64_t created_at_ms, upload_expires_at_ms;
    int64_t finalized_at_ms; /* 0: not yet */

    /* Known once it is ready. */
    uint32_t crc32; /* of the object's bytes, as in ZIP */
    int64_t width, height;
    int64_t duration_ms; /* of a video; 0: none */
    bool degraded;       /* the file was broken off: what could be decoded is shown */
    uint8_t placeholder[MEDIA_PLACEHOLDER_MAX];
    size_t placeholder_n;
    struct media_rendition renditions[MEDIA_RENDITIONS_MAX];
    size_t renditions_n;

    char reject_reason[MEDIA_REASON_MAX + 1]; /* when rejected */
};

/* The largest upload of each kind, in bytes. */
struct media_limits {
    int64_t max_bytes[MEDIA_KINDS];
};

/* What a client announces of an upload. Views are borrowed. */
struct media_announcement {
    struct pr_str filename, content_type, sha256_hex;
    int64_t size_bytes;
    int multipart; /* 1: it comes in parts */
};

/* Checks an announcement and fills filename, type, size, checksum and the size of its parts;
 * otherwise the fault names the field. */
enum pr_err media_announce(struct media *media, const struct media_announcement *announcement,
                           const struct media_limits *limits, struct pr_fault *fault) PR_CHECK;

/* Sets object_key: "<owner id>/<event id>/<media id>/<cleaned filename>", with "library" for an event
 * when it has none. The filename's part is plain ASCII, at most 100 bytes, and never starts with a
 * dot, so that it cannot meet ".renditions". */
void media_set_object_key(struct media *media);

/* Of an upload in parts: how many there are, and the bytes of one (1 to that many). */
int64_t media_parts(const struct media *media);
int64_t media_part_bytes(const struct media *media, int64_t number);

bool media_owned_by(const struct media *media, const struct pr_uuid *account_id);
