#include "proto/messages.h"

#include "proto/codec.h"
#include "shared/base/alloc.h"

/* The tables of fields. Each stands in a function, where `owner` can name the struct it is about.
 */
#define HAS_AT_REQUIRED(name) .required = true
#define HAS_AT_OPTIONAL(name) .has_at = offsetof(owner, has_##name)

#define RECORD(name, about)                                                                        \
    static const struct message_record *name##_record(void)                                        \
    {                                                                                              \
        typedef struct name##_msg owner;                                                           \
        static const char doc[] = about;                                                           \
        static const struct message_field fields[] = {
#define MESSAGE(NAME, name, type, topic, emitter, receivers, about) RECORD(name, about)
#define FIELD(type, member, need, low, high, sample, about)                                        \
    {.name = #member,                                                                              \
     .kind = FIELD_##type,                                                                         \
     HAS_AT_##need(member),                                                                        \
     .min = low,                                                                                   \
     .max = high,                                                                                  \
     .at = offsetof(owner, member),                                                                \
     .example = sample,                                                                            \
     .doc = about},
#define LIST(element, member, need, low, high, about)                                              \
    {.name = #member,                                                                              \
     .kind = FIELD_LIST,                                                                           \
     HAS_AT_##need(member),                                                                        \
     .min = low,                                                                                   \
     .max = high,                                                                                  \
     .at = offsetof(owner, member),                                                                \
     .count_at = offsetof(owner, member##_count),                                                  \
     .record = element##_record,                                                                   \
     .doc = about},
#define END(title)                                                                                 \
    }                                                                                              \
    ;                                                                                              \
    static const struct message_record record = {                                                  \
        .name = #title,                                                                            \
        .doc = doc,                                                                                \
        .size = sizeof(owner),                                                                     \
        .fields = fields,                                                                          \
        .fields_count = PR_COUNT(fields),                                                          \
    };                                                                                             \
    _Static_assert(PR_COUNT(fields) <= 64, "the codec marks the fields it has seen in 64 bits");   \
    return &record;                                                                                \
    }
#include "proto/messages.def"

const struct message_info message_infos[MESSAGE_KINDS] = {
#define MESSAGE(NAME, name, type, topic, emitter, receivers, doc)                                  \
    [MESSAGE_##NAME] = {MESSAGE_##NAME, #name, type, topic, emitter, receivers, name##_record},
#define RECORD(...)
#define FIELD(...)
#define LIST(...)
#define END(name)
#include "proto/messages.def"
};

const struct message_info *message_find(struct pr_str type)
{
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        if (pr_str_is(type, message_infos[i].type))
            return &message_infos[i];
    }
    return NULL;
}

#define MESSAGE(NAME, name, ...)                                                                   \
    enum pr_err name##_encode(const struct name##_msg *msg, struct pr_buf *out)                    \
    {                                                                                              \
        return message_encode(name##_record(), msg, out);                                          \
    }                                                                                              \
    enum pr_err name##_decode(struct pr_str bytes, struct name##_msg *out, struct pr_fault *fault) \
    {                                                                                              \
        return message_decode(name##_record(), bytes, out, fault);                                 \
    }
#define RECORD(...)
#define FIELD(...)
#define LIST(...)
#define END(name)
#include "proto/messages.def"
