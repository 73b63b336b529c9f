/* Tells what a file is, and how large its picture would be, from its headers alone, before any
 * decoder sees it: a few hundred bytes may claim a picture of gigabytes, and decoders believe them.
 * Pure; reads nothing past `size`; time is linear in `size`, for most formats constant.
 * Formats: T.81 (JPEG), PNG 3rd edition, GIF89a, RFC 9649 (WebP), ISO 23008-12 (HEIF),
 * ISO 14496-12 (MP4), the QuickTime file format, RFC 8794 (EBML). */
#ifndef PIERROT_THUMBNAILER_WORKER_SNIFF_H
#define PIERROT_THUMBNAILER_WORKER_SNIFF_H

#include "services/thumbnailer/worker/protocol.h"

#include <stddef.h>

#define SNIFF_TYPE_BYTES 4096 /* sniff_type never needs more of a file's beginning */

struct sniffed {
    uint32_t width, height; /* px: no frame or tile of the file is larger */
    uint32_t frames;        /* of an animation, else 1 */
};

/* What the magic bytes say; CONTENT_UNKNOWN when it is none of ours. */
enum content_type sniff_type(const uint8_t *data, size_t size);

/* True when a file that was declared as `declared` may be `found`. MP4 and QuickTime are one
 * container, named by habit: phones write either under both names. */
bool sniff_type_matches(enum content_type declared, enum content_type found);

/* Size and frames of a picture; `type` is what sniff_type said. False when the headers are broken,
 * or for videos, whose size only the demuxer tells. */
bool sniff_picture(const uint8_t *data, size_t size, enum content_type type, struct sniffed *out);

#endif
