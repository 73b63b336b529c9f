/* messages: what crosses Kafka, as C structs, and their way to bytes and back. All of it comes from
 * messages.def.
 *
 * On the wire a message is a CloudEvent 1.0 in Kafka's binary mode: its type, id, time and subject
 * are headers (shared/kafka), its value is a msgpack map with string keys, of at most
 * MESSAGE_MAX_BYTES.
 *
 * For each message <name>, say media_finalized:
 *
 *   struct media_finalized_msg
 *       Strings and bytes are views. A LIST is a fixed array and its `<name>_count`; an OPTIONAL
 *       field counts when its `has_<name>` is set.
 *
 *   enum pr_err media_finalized_encode(const struct media_finalized_msg *msg, struct pr_buf *out)
 *       Appends the bytes to out. PR_ERR_INTERNAL when a field is out of its bounds or out is full:
 *       a bug of ours; out then holds what it held.
 *
 *   enum pr_err media_finalized_decode(struct pr_str bytes, struct media_finalized_msg *out,
 *                                      struct pr_fault *fault)
 *       Views point into bytes. Keys that are not known are ignored. PR_ERR_DECODE, with the
 *       fault's field named ("renditions[1].width"), when a required field is missing, a value has
 *       another type or is out of bounds, a key comes twice, or the bytes are not one msgpack map:
 *       out is then undefined. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/str.h"
#include "shared/base/uuid.h"

#define MESSAGE_MAX_BYTES 65536

/* The structs. */
#define MEMBER_UUID(name) struct pr_uuid name
#define MEMBER_STR(name) struct pr_str name
#define MEMBER_BYTES(name) struct pr_str name
#define MEMBER_INT(name) int64_t name
#define MEMBER_BOOL(name) bool name
#define MEMBER_HAS_REQUIRED(name)
#define MEMBER_HAS_OPTIONAL(name) bool has_##name;

#define MESSAGE(NAME, name, ...) struct name##_msg {
#define RECORD(name, doc) struct name##_msg {
#define FIELD(kind, name, need, ...) MEMBER_HAS_##need(name) MEMBER_##kind(name);
#define LIST(record, name, need, min, max, doc)                                                    \
    MEMBER_HAS_##need(name) struct record##_msg name[max];                                         \
    size_t name##_count;
#define END(name)                                                                                  \
    }                                                                                              \
    ;
#include "proto/messages.def"

#undef MEMBER_UUID
#undef MEMBER_STR
#undef MEMBER_BYTES
#undef MEMBER_INT
#undef MEMBER_BOOL
#undef MEMBER_HAS_REQUIRED
#undef MEMBER_HAS_OPTIONAL

/* Which message: MESSAGE_MEDIA_CREATED, … */
enum message_kind {
#define MESSAGE(NAME, ...) MESSAGE_##NAME,
#define RECORD(...)
#define FIELD(...)
#define LIST(...)
#define END(name)
#include "proto/messages.def"
    MESSAGE_KINDS
};

struct message_record; /* proto/codec.h */

struct message_info {
    enum message_kind kind;
    const char *name;                             /* "media_finalized" */
    const char *type;                             /* ce_type: "pierrot.media.finalized.v1" */
    const char *topic;                            /* "media.finalized" */
    const char *emitter;                          /* the one service that sends it */
    const char *receivers;                        /* services, a blank between */
    const struct message_record *(*record)(void); /* its fields */
};

extern const struct message_info message_infos[MESSAGE_KINDS];

/* By ce_type; NULL when there is no such message. */
const struct message_info *message_find(struct pr_str type);

/* Encoders and decoders. */
#define MESSAGE(NAME, name, ...)                                                                   \
    enum pr_err name##_encode(const struct name##_msg *msg, struct pr_buf *out) PR_CHECK;          \
    enum pr_err name##_decode(struct pr_str bytes, struct name##_msg *out, struct pr_fault *fault) \
        PR_CHECK;
#define RECORD(...)
#define FIELD(...)
#define LIST(...)
#define END(name)
#include "proto/messages.def"
