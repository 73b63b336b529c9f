#include "proto/codec.h"

#include "proto/reader.h"
#include "shared/base/utf8.h"

#include <msgpack.h>
#include <stdio.h>

static const void *member(const struct message_field *field, const void *msg)
{
    return (const char *)msg + field->at;
}

static void *member_of(const struct message_field *field, void *msg)
{
    return (char *)msg + field->at;
}

static bool is_present(const struct message_field *field, const void *msg)
{
    return field->required || *(const bool *)((const char *)msg + field->has_at);
}

static size_t list_count(const struct message_field *field, const void *msg)
{
    return *(const size_t *)(const void *)((const char *)msg + field->count_at);
}

static bool is_within(const struct message_field *field, int64_t n)
{
    return n >= field->min && n <= field->max;
}

/* What is wrong with a member; NULL when nothing is. Elements of a list are not looked at. */
static const char *find_wrong(const struct message_field *field, const void *msg)
{
    const void *value = member(field, msg);
    const struct pr_str *bytes = value;
    switch (field->kind) {
    case FIELD_STR:
        if (!is_within(field, (int64_t)bytes->n))
            return "is too short or too long";
        if (!pr_utf8_valid(*bytes) || (bytes->n && memchr(bytes->p, 0, bytes->n)))
            return "is not text in UTF-8";
        return NULL;
    case FIELD_BYTES:
        return is_within(field, (int64_t)bytes->n) ? NULL : "is too short or too long";
    case FIELD_INT:
        return is_within(field, *(const int64_t *)value) ? NULL : "is out of range";
    case FIELD_LIST:
        return is_within(field, (int64_t)list_count(field, msg)) ? NULL : "has too few or many";
    case FIELD_UUID:
    case FIELD_BOOL:
        break;
    }
    return NULL;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static int write_bytes(void *arg, const char *p, size_t n)
{
    pr_buf_append(arg, pr_str_n(p, n));
    return 0; /* a full buffer is seen once, at the end */
}

static void pack_bin(msgpack_packer *out, const void *p, size_t n)
{
    msgpack_pack_bin(out, n);
    msgpack_pack_bin_body(out, p, n);
}

static void pack_str(msgpack_packer *out, struct pr_str s)
{
    msgpack_pack_str(out, s.n);
    msgpack_pack_str_body(out, s.p, s.n);
}

static bool encode_record(const struct message_record *record, const void *msg,
                          msgpack_packer *out);

static bool encode_value(const struct message_field *field, const void *msg, msgpack_packer *out)
{
    const void *value = member(field, msg);
    const struct pr_str *bytes = value;
    if (find_wrong(field, msg))
        return false;
    switch (field->kind) {
    case FIELD_UUID:
        pack_bin(out, value, sizeof(struct pr_uuid));
        break;
    case FIELD_STR:
        pack_str(out, *bytes);
        break;
    case FIELD_BYTES:
        pack_bin(out, bytes->p, bytes->n);
        break;
    case FIELD_INT:
        msgpack_pack_int64(out, *(const int64_t *)value);
        break;
    case FIELD_BOOL:
        *(const bool *)value ? msgpack_pack_true(out) : msgpack_pack_false(out);
        break;
    case FIELD_LIST: {
        const struct message_record *record = field->record();
        size_t count = list_count(field, msg);
        msgpack_pack_array(out, count);
        for (size_t i = 0; i < count; i++) {
            if (!encode_record(record, (const char *)value + i * record->size, out))
                return false;
        }
    }
    }
    return true;
}

static bool encode_record(const struct message_record *record, const void *msg, msgpack_packer *out)
{
    size_t present = 0;
    for (size_t i = 0; i < record->fields_count; i++)
        present += is_present(&record->fields[i], msg);
    msgpack_pack_map(out, present);
    for (size_t i = 0; i < record->fields_count; i++) {
        const struct message_field *field = &record->fields[i];
        if (!is_present(field, msg))
            continue;
        pack_str(out, pr_str(field->name));
        if (!encode_value(field, msg, out))
            return false;
    }
    return true;
}

enum pr_err message_encode(const struct message_record *record, const void *msg, struct pr_buf *out)
{
    size_t start = out->n;
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    if (encode_record(record, msg, &packer) && !out->full && out->n - start <= MESSAGE_MAX_BYTES)
        return PR_OK;
    out->n = start;
    return PR_ERR_INTERNAL;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static enum pr_err fail(struct pr_fault *fault, const char *field, const char *detail)
{
    return pr_fault_set(fault, PR_ERR_DECODE, field, "%s", detail);
}

static enum pr_err decode_record(struct reader *in, const struct message_record *record, void *out,
                                 unsigned max_depth, struct pr_fault *fault);

/* What failed was element i of the list: "width" becomes "renditions[1].width". */
static enum pr_err fail_within(struct pr_fault *fault, const struct message_field *list, size_t i)
{
    struct pr_fault inner = *fault;
    char path[2 * sizeof inner.field];
    snprintf(path, sizeof path, "%s[%zu]%s%s", list->name, i, inner.field[0] ? "." : "",
             inner.field);
    return fail(fault, path, inner.detail);
}

static enum pr_err decode_list(struct reader *in, const struct message_field *field, size_t count,
                               void *out, unsigned max_depth, struct pr_fault *fault)
{
    const struct message_record *record = field->record();
    char *elements = member_of(field, out);
    for (size_t i = 0; i < count; i++) {
        if (decode_record(in, record, elements + i * record->size, max_depth, fault))
            return fail_within(fault, field, i);
    }
    return PR_OK;
}

static bool has_kind(const struct message_field *field, const struct value *value)
{
    static const enum value_kind kinds[] = {
        [FIELD_UUID] = VALUE_BIN, [FIELD_STR] = VALUE_STR,   [FIELD_BYTES] = VALUE_BIN,
        [FIELD_INT] = VALUE_INT,  [FIELD_BOOL] = VALUE_BOOL, [FIELD_LIST] = VALUE_ARRAY,
    };
    return value->kind == kinds[field->kind];
}

static enum pr_err decode_value(struct reader *in, const struct message_field *field, void *out,
                                unsigned max_depth, struct pr_fault *fault)
{
    void *to = member_of(field, out);
    struct value value;
    if (!reader_next(in, &value))
        return fail(fault, field->name, "ends too early");
    if (!has_kind(field, &value))
        return fail(fault, field->name, "has another type");
    switch (field->kind) {
    case FIELD_UUID:
        if (value.bytes.n != sizeof(struct pr_uuid))
            return fail(fault, field->name, "is not 16 bytes");
        memcpy(to, value.bytes.p, value.bytes.n);
        break;
    case FIELD_STR:
    case FIELD_BYTES:
        *(struct pr_str *)to = value.bytes;
        break;
    case FIELD_INT:
        *(int64_t *)to = value.number;
        break;
    case FIELD_BOOL:
        *(bool *)to = value.number;
        break;
    case FIELD_LIST:
        *(size_t *)(void *)((char *)out + field->count_at) = value.count;
        break;
    }
    if (!field->required)
        *((bool *)out + field->has_at) = true;
    const char *wrong = find_wrong(field, out);
    if (wrong)
        return fail(fault, field->name, wrong);
    return field->kind == FIELD_LIST
               ? decode_list(in, field, value.count, out, max_depth - 1, fault)
               : PR_OK;
}

static const struct message_field *find_field(const struct message_record *record,
                                              struct pr_str name)
{
    for (size_t i = 0; i < record->fields_count; i++) {
        if (pr_str_is(name, record->fields[i].name))
            return &record->fields[i];
    }
    return NULL;
}

/* max_depth counts the record's own map. */
static enum pr_err decode_record(struct reader *in, const struct message_record *record, void *out,
                                 unsigned max_depth, struct pr_fault *fault)
{
    struct value map, key;
    uint64_t seen = 0;
    if (!reader_next(in, &map) || map.kind != VALUE_MAP)
        return fail(fault, "", "is not a map");
    for (size_t i = 0; i < map.count; i++) {
        if (!reader_next(in, &key) || key.kind != VALUE_STR)
            return fail(fault, "", "a key is not a string");
        const struct message_field *field = find_field(record, key.bytes);
        if (!field) {
            if (!reader_skip(in, max_depth - 1))
                return fail(fault, "", "an unknown value is broken or nested too deep");
            continue;
        }
        uint64_t bit = UINT64_C(1) << (field - record->fields);
        if (seen & bit)
            return fail(fault, field->name, "comes twice");
        seen |= bit;
        enum pr_err err = decode_value(in, field, out, max_depth - 1, fault);
        if (err)
            return err;
    }
    for (size_t i = 0; i < record->fields_count; i++) {
        if (record->fields[i].required && !(seen & UINT64_C(1) << i))
            return fail(fault, record->fields[i].name, "is missing");
    }
    return PR_OK;
}

enum pr_err message_decode(const struct message_record *record, struct pr_str bytes, void *out,
                           struct pr_fault *fault)
{
    struct reader in = {bytes};
    memset(out, 0, record->size);
    if (bytes.n > MESSAGE_MAX_BYTES)
        return fail(fault, "", "is too large");
    enum pr_err err = decode_record(&in, record, out, MESSAGE_MAX_DEPTH, fault);
    if (err)
        return err;
    return in.rest.n ? fail(fault, "", "something follows the map") : PR_OK;
}
