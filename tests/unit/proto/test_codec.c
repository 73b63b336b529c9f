/* Every message of the catalogue, whatever it holds: the tests walk the tables of its fields, so
 * that a new field or message is tested by being there. Bytes are made by msgpack-c from the
 * tables. */
#include "proto/codec.h"
#include "shared/base/alloc.h"

#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* How one field of a message differs from a good one. */
enum change {
    AS_IT_SHOULD_BE,
    AT_MIN,
    AT_MAX,
    BELOW_MIN,
    ABOVE_MAX,
    LEFT_OUT,
    TWICE,
    NIL,
    OTHER_TYPE,
    NOT_UTF8,
    WITH_NUL,
};

struct variation {
    const struct message_field *field;
    enum change change;
};

static int append(void *arg, const char *p, size_t n)
{
    pr_buf_append(arg, pr_str_n(p, n));
    return 0;
}

/* Where between the bounds the value, length or count is. */
static int64_t amount(const struct message_field *field, enum change change)
{
    switch (change) {
    case AT_MIN:
        return field->min;
    case AT_MAX:
        return field->max;
    case BELOW_MIN:
        return field->min - 1;
    case ABOVE_MAX:
        return field->max + 1;
    default:
        return field->min < field->max ? field->min + 1 : field->min;
    }
}

static void pack_text(msgpack_packer *out, size_t n, enum change change)
{
    char text[2048];
    assert_true(n <= sizeof text);
    memset(text, 'x', n);
    if (change == NOT_UTF8)
        text[n - 1] = (char)0xc3;
    if (change == WITH_NUL)
        text[n - 1] = 0;
    msgpack_pack_str(out, n);
    msgpack_pack_str_body(out, text, n);
}

static void pack_record(msgpack_packer *out, const struct message_record *record,
                        struct variation variation);

static void pack_value(msgpack_packer *out, const struct message_field *field,
                       struct variation variation)
{
    static const char bytes[256];
    enum change change = field == variation.field ? variation.change : AS_IT_SHOULD_BE;
    int64_t n = amount(field, change);
    if (change == NIL) {
        msgpack_pack_nil(out);
        return;
    }
    if (change == OTHER_TYPE) {
        msgpack_pack_double(out, 1);
        return;
    }
    switch (field->kind) {
    case FIELD_UUID:
    case FIELD_BYTES:
        msgpack_pack_bin(out, (size_t)n);
        msgpack_pack_bin_body(out, bytes, (size_t)n);
        break;
    case FIELD_STR:
        pack_text(out, (size_t)n, change);
        break;
    case FIELD_INT:
        msgpack_pack_int64(out, n);
        break;
    case FIELD_BOOL:
        msgpack_pack_true(out);
        break;
    case FIELD_LIST:
        msgpack_pack_array(out, (size_t)n);
        for (int64_t i = 0; i < n; i++)
            pack_record(out, field->record(), variation);
    }
}

static void pack_record(msgpack_packer *out, const struct message_record *record,
                        struct variation variation)
{
    size_t pairs = record->fields_count;
    for (size_t i = 0; i < record->fields_count; i++) {
        if (&record->fields[i] == variation.field)
            pairs += variation.change == TWICE ? 1 : variation.change == LEFT_OUT ? SIZE_MAX : 0;
    }
    msgpack_pack_map(out, pairs);
    for (size_t i = 0; i < record->fields_count; i++) {
        const struct message_field *field = &record->fields[i];
        bool varied = field == variation.field;
        int times = !varied ? 1 : variation.change == TWICE ? 2 : variation.change != LEFT_OUT;
        for (int k = 0; k < times; k++) {
            msgpack_pack_str(out, strlen(field->name));
            msgpack_pack_str_body(out, field->name, strlen(field->name));
            pack_value(out, field, variation);
        }
    }
}

static void pack(struct pr_buf *out, const struct message_record *record,
                 struct variation variation)
{
    msgpack_packer packer;
    pr_buf_init(out, (size_t)1 << 20);
    msgpack_packer_init(&packer, out, append);
    pack_record(&packer, record, variation);
}

/* From a copy of exactly the bytes, so that a sanitizer sees a read behind them. */
static enum pr_err decode(const struct message_record *record, struct pr_str bytes,
                          struct pr_fault *fault)
{
    char *exact = pr_alloc(bytes.n);
    void *msg = pr_alloc(record->size);
    if (bytes.n)
        memcpy(exact, bytes.p, bytes.n);
    *fault = (struct pr_fault){0};
    enum pr_err err = message_decode(record, pr_str_n(exact, bytes.n), msg, fault);
    free(msg);
    free(exact);
    return err;
}

typedef void (*field_fn)(const struct message_record *record, const struct message_field *field,
                         const char *path);

/* Calls fn for every field of every message, those within lists too, with the name a fault gives
 * it. */
static void each_field(field_fn fn)
{
    for (size_t m = 0; m < MESSAGE_KINDS; m++) {
        const struct message_record *record = message_infos[m].record();
        for (size_t i = 0; i < record->fields_count; i++) {
            const struct message_field *field = &record->fields[i];
            const struct message_record *inner = field->record ? field->record() : NULL;
            fn(record, field, field->name);
            for (size_t k = 0; inner && k < inner->fields_count; k++) {
                char path[64];
                snprintf(path, sizeof path, "%s[0].%s", field->name, inner->fields[k].name);
                fn(record, &inner->fields[k], path);
            }
        }
    }
}

static void expect(const struct message_record *record, const struct message_field *field,
                   enum change change, const char *path)
{
    struct pr_buf bytes;
    struct pr_fault fault;
    pack(&bytes, record, (struct variation){field, change});
    enum pr_err err = decode(record, pr_buf_str(&bytes), &fault);
    if (path) {
        assert_int_equal(err, PR_ERR_DECODE);
        assert_int_equal(fault.err, PR_ERR_DECODE);
        assert_string_equal(fault.field, path);
        assert_true(fault.detail[0]);
    } else {
        assert_int_equal(err, PR_OK);
    }
    pr_buf_fini(&bytes);
}

static void check_field(const struct message_record *record, const struct message_field *field,
                        const char *path)
{
    bool is_counted = field->kind != FIELD_BOOL;
    expect(record, field, AS_IT_SHOULD_BE, NULL);
    expect(record, field, AT_MIN, NULL);
    expect(record, field, AT_MAX, NULL);
    if (is_counted && (field->kind == FIELD_INT || field->min > 0))
        expect(record, field, BELOW_MIN, path);
    if (is_counted)
        expect(record, field, ABOVE_MAX, path);
    expect(record, field, LEFT_OUT, field->required ? path : NULL);
    expect(record, field, TWICE, path);
    expect(record, field, NIL, path);
    expect(record, field, OTHER_TYPE, path);
    if (field->kind == FIELD_STR) {
        expect(record, field, NOT_UTF8, path);
        expect(record, field, WITH_NUL, path);
    }
}

static void test_every_field_is_checked(void **state)
{
    (void)state;
    each_field(check_field);
}

static void test_every_cut_is_seen(void **state)
{
    (void)state;
    for (size_t m = 0; m < MESSAGE_KINDS; m++) {
        const struct message_record *record = message_infos[m].record();
        struct pr_buf bytes;
        struct pr_fault fault;
        pack(&bytes, record, (struct variation){0});
        for (size_t n = 0; n < bytes.n; n++)
            assert_int_equal(decode(record, pr_str_n(bytes.p, n), &fault), PR_ERR_DECODE);
        pr_buf_puts(&bytes, "x");
        assert_int_equal(decode(record, pr_buf_str(&bytes), &fault), PR_ERR_DECODE);
        pr_buf_fini(&bytes);
    }
}

static void test_what_was_decoded_encodes_to_the_same(void **state)
{
    (void)state;
    for (size_t m = 0; m < MESSAGE_KINDS; m++) {
        const struct message_record *record = message_infos[m].record();
        void *msg = pr_alloc(record->size);
        struct pr_buf bytes, again;
        struct pr_fault fault;
        pack(&bytes, record, (struct variation){0});
        pr_buf_init(&again, MESSAGE_MAX_BYTES);
        assert_int_equal(message_decode(record, pr_buf_str(&bytes), msg, &fault), PR_OK);
        assert_int_equal(message_encode(record, msg, &again), PR_OK);
        assert_true(pr_str_eq(pr_buf_str(&bytes), pr_buf_str(&again)));
        pr_buf_fini(&bytes);
        pr_buf_fini(&again);
        free(msg);
    }
}

/* --- what only one message need show -----------------------------------------------------------
 */

static const struct media_deleted_msg deleted = {
    .media_id = {{1}},
    .owner_id = {{2}},
    .version = 3,
    .object_key = PR_STR("a/library/b/c.jpg"),
    .deleted_at_ms = 4,
};

/* media_deleted with one more pair, already packed. */
static enum pr_err decode_with(struct pr_str key, struct pr_str value)
{
    struct media_deleted_msg msg;
    struct pr_fault fault;
    struct pr_buf bytes;
    pr_buf_init(&bytes, (size_t)1 << 20);
    assert_int_equal(media_deleted_encode(&deleted, &bytes), PR_OK);
    bytes.p[0]++; /* a fixmap's count */
    pr_buf_append(&bytes, key);
    pr_buf_append(&bytes, value);
    enum pr_err err = media_deleted_decode(pr_buf_str(&bytes), &msg, &fault);
    if (!err) {
        assert_true(pr_uuid_eq(&msg.owner_id, &deleted.owner_id));
        assert_true(pr_str_eq(msg.object_key, deleted.object_key));
        assert_true(msg.deleted_at_ms == 4);
    }
    pr_buf_fini(&bytes);
    return err;
}

static void test_an_unknown_key_is_ignored_whatever_it_holds(void **state)
{
    static const struct pr_str values[] = {
        PR_STR("\xc0"),          PR_STR("\xc3"),
        PR_STR("\x80"),          PR_STR("\x92\x01\x91\x81\xa1k\x02"),
        PR_STR("\xca\0\0\0\0"),  PR_STR("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        PR_STR("\xc7\x01\x05x"), PR_STR("\xd9\x03\xff\xfe\xfd"),
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(values); i++)
        assert_int_equal(decode_with(pr_str("\xa3new"), values[i]), PR_OK);
}

static void test_nesting_ends_at_eight(void **state)
{
    (void)state;
    /* The message's own map is the first. */
    assert_int_equal(decode_with(pr_str("\xa3new"), pr_str("\x91\x91\x91\x91\x91\x91\x91\x01")),
                     PR_OK);
    assert_int_equal(decode_with(pr_str("\xa3new"), pr_str("\x91\x91\x91\x91\x91\x91\x91\x91\x01")),
                     PR_ERR_DECODE);
    char deep[60000];
    memset(deep, 0x91, sizeof deep);
    assert_int_equal(decode_with(pr_str("\xa3new"), pr_str_n(deep, sizeof deep)), PR_ERR_DECODE);
}

static void test_keys_are_strings(void **state)
{
    (void)state;
    assert_int_equal(decode_with(pr_str("\x01"), pr_str("\x01")), PR_ERR_DECODE);
    assert_int_equal(decode_with(pr_str("\xc4\x01k"), pr_str("\x01")), PR_ERR_DECODE);
}

static void test_a_message_is_one_map(void **state)
{
    static const struct pr_str others[] = {
        {NULL, 0},
        PR_STR("\x80"),
        PR_STR("\xc0"),
        PR_STR("\x91\x80"),
        PR_STR("\xa1x"),
        PR_STR("{}"),
        PR_STR("\xdf\xff\xff\xff\xff"),
    };
    struct media_deleted_msg msg;
    struct pr_fault fault;
    (void)state;
    for (size_t i = 0; i < PR_COUNT(others); i++)
        assert_int_equal(media_deleted_decode(others[i], &msg, &fault), PR_ERR_DECODE);
}

static void test_64_kib_are_enough(void **state)
{
    /* What else there is: the message, the key and the head of the value. */
    struct pr_buf bytes;
    pr_buf_init(&bytes, MESSAGE_MAX_BYTES);
    (void)state;
    assert_int_equal(media_deleted_encode(&deleted, &bytes), PR_OK);
    size_t room = MESSAGE_MAX_BYTES - bytes.n - 4 - 3;
    struct pr_str key = pr_str("\xa3new");
    char value[MESSAGE_MAX_BYTES] = "\xc5";
    value[1] = (char)(room >> 8);
    value[2] = (char)(room & 0xff);
    assert_int_equal(decode_with(key, pr_str_n(value, room + 3)), PR_OK);
    value[1] = (char)((room + 1) >> 8);
    value[2] = (char)((room + 1) & 0xff);
    assert_int_equal(decode_with(key, pr_str_n(value, room + 4)), PR_ERR_DECODE);
    pr_buf_fini(&bytes);
}

static void test_an_optional_field_says_whether_it_is_there(void **state)
{
    static const char sha256[32];
    struct media_rendered_msg msg = {
        .version = 1, .width = 1, .height = 1, .sha256 = {sha256, sizeof sha256}, .duration_ms = 7};
    struct media_rendered_msg out;
    struct pr_fault fault;
    struct pr_buf bytes;
    (void)state;
    pr_buf_init(&bytes, MESSAGE_MAX_BYTES);
    for (int has = 0; has < 2; has++) {
        msg.has_duration_ms = has;
        pr_buf_clear(&bytes);
        assert_int_equal(media_rendered_encode(&msg, &bytes), PR_OK);
        assert_int_equal(media_rendered_decode(pr_buf_str(&bytes), &out, &fault), PR_OK);
        assert_int_equal(out.has_duration_ms, has);
        assert_true(out.duration_ms == (has ? 7 : 0));
    }
    pr_buf_fini(&bytes);
}

static void test_our_own_mistakes_are_not_sent(void **state)
{
    static char long_key[1025];
    struct media_deleted_msg bad[4] = {deleted, deleted, deleted, deleted};
    struct pr_buf bytes;
    (void)state;
    memset(long_key, 'k', sizeof long_key);
    bad[0].version = 0;
    bad[1].object_key = pr_str_n(long_key, sizeof long_key);
    bad[2].object_key = pr_str("\xff");
    bad[3].deleted_at_ms = -1;
    pr_buf_init(&bytes, MESSAGE_MAX_BYTES);
    pr_buf_puts(&bytes, "before");
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        assert_int_equal(media_deleted_encode(&bad[i], &bytes), PR_ERR_INTERNAL);
        assert_true(pr_str_is(pr_buf_str(&bytes), "before"));
    }
    struct media_rendered_msg many = {
        .version = 1, .width = 1, .height = 1, .sha256 = {long_key, 32}, .renditions_count = 9};
    assert_int_equal(media_rendered_encode(&many, &bytes), PR_ERR_INTERNAL);
    many.renditions_count = 1; /* and that one is empty */
    assert_int_equal(media_rendered_encode(&many, &bytes), PR_ERR_INTERNAL);
    pr_buf_fini(&bytes);
}

static void test_a_full_buffer_is_a_mistake(void **state)
{
    struct pr_buf bytes;
    (void)state;
    pr_buf_init(&bytes, 40);
    assert_int_equal(media_deleted_encode(&deleted, &bytes), PR_ERR_INTERNAL);
    assert_int_equal(bytes.n, 0);
    pr_buf_fini(&bytes);
}

static void test_a_type_names_its_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        assert_int_equal(message_infos[i].kind, i);
        assert_ptr_equal(message_find(pr_str(message_infos[i].type)), &message_infos[i]);
    }
    assert_ptr_equal(message_find(pr_str("pierrot.media.finalized.v1")),
                     &message_infos[MESSAGE_MEDIA_FINALIZED]);
    assert_null(message_find(pr_str("pierrot.media.finalized.v2")));
    assert_null(message_find(pr_str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_is_checked),
        cmocka_unit_test(test_every_cut_is_seen),
        cmocka_unit_test(test_what_was_decoded_encodes_to_the_same),
        cmocka_unit_test(test_an_unknown_key_is_ignored_whatever_it_holds),
        cmocka_unit_test(test_nesting_ends_at_eight),
        cmocka_unit_test(test_keys_are_strings),
        cmocka_unit_test(test_a_message_is_one_map),
        cmocka_unit_test(test_64_kib_are_enough),
        cmocka_unit_test(test_an_optional_field_says_whether_it_is_there),
        cmocka_unit_test(test_our_own_mistakes_are_not_sent),
        cmocka_unit_test(test_a_full_buffer_is_a_mistake),
        cmocka_unit_test(test_a_type_names_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
