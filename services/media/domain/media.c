#include "services/media/domain/media.h"

#include "shared/base/encode.h"
#include "shared/base/utf8.h"

#include <assert.h>
#include <stdio.h>

#define KEY_NAME_MAX ((size_t)100)
#define KEY_EXTENSION_MAX ((size_t)16)

static const char *const state_names[MEDIA_STATES] = {"created", "finalized", "ready", "rejected"};
static const char *const kind_names[MEDIA_KINDS] = {"image", "video"};

static const struct media_type types[] = {
    {"image/jpeg", MEDIA_IMAGE}, {"image/png", MEDIA_IMAGE},       {"image/webp", MEDIA_IMAGE},
    {"image/gif", MEDIA_IMAGE},  {"image/avif", MEDIA_IMAGE},      {"image/heic", MEDIA_IMAGE},
    {"video/mp4", MEDIA_VIDEO},  {"video/quicktime", MEDIA_VIDEO}, {"video/webm", MEDIA_VIDEO},
};

static bool parse_name(struct pr_str name, const char *const *names, int n, int *out)
{
    for (int i = 0; i < n; i++) {
        if (pr_str_is(name, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *media_state_name(enum media_state state)
{
    return state_names[state];
}

bool media_state_parse(struct pr_str name, enum media_state *out)
{
    int i;
    if (!parse_name(name, state_names, MEDIA_STATES, &i))
        return false;
    *out = (enum media_state)i;
    return true;
}

const char *media_kind_name(enum media_kind kind)
{
    return kind_names[kind];
}

bool media_kind_parse(struct pr_str name, enum media_kind *out)
{
    int i;
    if (!parse_name(name, kind_names, MEDIA_KINDS, &i))
        return false;
    *out = (enum media_kind)i;
    return true;
}

const struct media_type *media_type_parse(struct pr_str name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (pr_str_is(name, types[i].name))
            return &types[i];
    }
    return NULL;
}

static enum pr_err check_filename(struct pr_str name, struct pr_fault *fault)
{
    static const char field[] = "filename";
    if (name.n == 0 || name.n > MEDIA_FILENAME_MAX)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must have 1 to %d bytes",
                            MEDIA_FILENAME_MAX);
    if (!pr_utf8_valid(name))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be UTF-8");
    if (pr_utf8_has_control(name))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must not hold control characters");
    if (memchr(name.p, '/', name.n) || memchr(name.p, '\\', name.n) || pr_str_is(name, ".") ||
        pr_str_is(name, ".."))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be a name, not a path");
    return PR_OK;
}

/* As few parts as S3 takes, in whole MiB. */
static int64_t part_size(int64_t size_bytes)
{
    const int64_t mib = 1 << 20;
    int64_t least = (size_bytes + MEDIA_PARTS_MAX - 1) / MEDIA_PARTS_MAX;
    least = (least + mib - 1) / mib * mib;
    return least > MEDIA_PART_MIN_BYTES ? least : MEDIA_PART_MIN_BYTES;
}

static enum pr_err check_multipart(const struct media_announcement *announcement,
                                   struct pr_fault *fault)
{
    static const char field[] = "multipart";
    if (announcement->multipart && announcement->size_bytes < MEDIA_MULTIPART_MIN_BYTES)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "is for %lld bytes and more",
                            (long long)MEDIA_MULTIPART_MIN_BYTES);
    if (!announcement->multipart && announcement->size_bytes > MEDIA_ONE_PIECE_MAX_BYTES)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be true above %lld bytes",
                            (long long)MEDIA_ONE_PIECE_MAX_BYTES);
    return PR_OK;
}

enum pr_err media_announce(struct media *media, const struct media_announcement *announcement,
                           const struct media_limits *limits, struct pr_fault *fault)
{
    enum pr_err err = check_filename(announcement->filename, fault);
    if (err)
        return err;
    media->type = media_type_parse(announcement->content_type);
    if (!media->type)
        return pr_fault_set(
            fault, PR_ERR_INVALID, "content_type",
            "must be one of image/jpeg, image/png, image/webp, image/gif, image/avif, "
            "image/heic, video/mp4, video/quicktime, video/webm");
    int64_t max_bytes = limits->max_bytes[media->type->kind];
    if (announcement->size_bytes < 1 || announcement->size_bytes > max_bytes)
        return pr_fault_set(fault, PR_ERR_INVALID, "size", "must be 1 to %lld bytes for %s/*",
                            (long long)max_bytes, media_kind_name(media->type->kind));
    if (!pr_hex_decode(announcement->sha256_hex, media->sha256, MEDIA_SHA256_BYTES))
        return pr_fault_set(fault, PR_ERR_INVALID, "sha256", "must be 64 hexadecimal digits");
    err = check_multipart(announcement, fault);
    if (err)
        return err;
    (void)pr_str_copy(announcement->filename, media->filename, sizeof media->filename);
    media->size_bytes = announcement->size_bytes;
    media->part_size_bytes = announcement->multipart ? part_size(announcement->size_bytes) : 0;
    return PR_OK;
}

static char clean(char c)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '-' || c == '_';
    return plain ? c : '_';
}

/* Long names lose their middle, not their extension. */
static void clean_filename(struct pr_str name, char out[KEY_NAME_MAX + 1])
{
    size_t extension = name.n, n = 0;
    while (extension > 0 && name.p[extension - 1] != '.')
        extension--;
    extension = extension > 0 ? name.n - extension + 1 : 0;
    if (extension > KEY_EXTENSION_MAX || extension == name.n)
        extension = 0;
    for (size_t i = 0; i < name.n - extension && n < KEY_NAME_MAX - extension; i++)
        out[n++] = clean(name.p[i]);
    for (size_t i = name.n - extension; i < name.n; i++)
        out[n++] = clean(name.p[i]);
    out[n] = 0;
    if (out[0] == '.')
        out[0] = '_';
}

void media_set_object_key(struct media *media)
{
    char owner[PR_UUID_TEXT], event[PR_UUID_TEXT] = "library", id[PR_UUID_TEXT];
    char name[KEY_NAME_MAX + 1];
    clean_filename(pr_str(media->filename), name);
    if (!pr_uuid_is_nil(&media->event_id))
        pr_uuid_format(&media->event_id, event);
    snprintf(media->object_key, sizeof media->object_key, "%s/%s/%s/%s",
             pr_uuid_format(&media->owner_id, owner), event, pr_uuid_format(&media->id, id), name);
}

int64_t media_parts(const struct media *media)
{
    assert(media->part_size_bytes > 0);
    return (media->size_bytes + media->part_size_bytes - 1) / media->part_size_bytes;
}

int64_t media_part_bytes(const struct media *media, int64_t number)
{
    int64_t before = (number - 1) * media->part_size_bytes;
    assert(number >= 1 && before < media->size_bytes);
    return media->size_bytes - before < media->part_size_bytes ? media->size_bytes - before
                                                               : media->part_size_bytes;
}

bool media_owned_by(const struct media *media, const struct pr_uuid *account_id)
{
    return pr_uuid_eq(&media->owner_id, account_id);
}
