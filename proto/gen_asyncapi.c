/* gen_asyncapi: writes asyncapi.yaml (AsyncAPI 3.0) to stdout, from the tables of messages.def.
 *
 * Its constant parts stand here as YAML; what repeats is printed line by line. */
#include "proto/codec.h"
#include "shared/base/encode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define EXAMPLE_BYTES_MAX 64

/* One line of YAML, indented by depth. */
__attribute__((format(printf, 2, 3))) static void line(int depth, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%*s", depth * 2, "");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* `key: "text"`; a JSON string is a YAML string. The catalogue has no control characters. */
static void quoted(int depth, const char *key, const char *text)
{
    printf("%*s%s: \"", depth * 2, "", key);
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    puts("\"");
}

static bool receives(const struct message_info *info, struct pr_str service)
{
    struct pr_str rest = pr_str(info->receivers), name;
    while (rest.n) {
        pr_str_cut(rest, ' ', &name, &rest);
        if (pr_str_eq(name, service))
            return true;
    }
    return false;
}

/* Calls fn once for each service that receives anything, in the order of the catalogue. */
static void each_receiver(void (*fn)(struct pr_str service))
{
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        struct pr_str rest = pr_str(message_infos[i].receivers), service;
        while (rest.n) {
            bool is_known = false;
            pr_str_cut(rest, ' ', &service, &rest);
            for (size_t k = 0; k < i; k++)
                is_known = is_known || receives(&message_infos[k], service);
            if (!is_known)
                fn(service);
        }
    }
}

/* --- channels ----------------------------------------------------------------------------------
 */

static void channel(const struct message_info *info)
{
    line(1, "%s:", info->topic);
    line(2, "address: %s", info->topic);
    quoted(2, "description", info->record()->doc);
    line(2, "messages:");
    line(3, "%s:", info->name);
    line(4, "$ref: '#/components/messages/%s'", info->name);
}

static void dead_letter_channel(struct pr_str service)
{
    line(1, PR_STR_FMT ".dead-letters:", PR_STR_ARG(service));
    line(2, "address: " PR_STR_FMT ".dead-letters", PR_STR_ARG(service));
    line(2, "description: \"What " PR_STR_FMT " received and could not use, as it came.\"",
         PR_STR_ARG(service));
    line(2, "messages:");
    line(3, "dead_letter:");
    line(4, "$ref: '#/components/messages/dead_letter'");
}

/* --- operations --------------------------------------------------------------------------------
 */

static void operation(struct pr_str service, const char *action, const char *channel_name,
                      const char *message)
{
    line(1, PR_STR_FMT ".%s.%s:", PR_STR_ARG(service), action, channel_name);
    line(2, "action: %s", action);
    line(2, "channel:");
    line(3, "$ref: '#/channels/%s'", channel_name);
    line(2, "messages:");
    line(3, "- $ref: '#/channels/%s/messages/%s'", channel_name, message);
    line(2, "tags:");
    line(3, "- name: " PR_STR_FMT, PR_STR_ARG(service));
}

static void operations(const struct message_info *info)
{
    struct pr_str rest = pr_str(info->receivers), service;
    operation(pr_str(info->emitter), "send", info->topic, info->name);
    while (rest.n) {
        pr_str_cut(rest, ' ', &service, &rest);
        operation(service, "receive", info->topic, info->name);
    }
}

static void dead_letter_operation(struct pr_str service)
{
    char name[64];
    snprintf(name, sizeof name, PR_STR_FMT ".dead-letters", PR_STR_ARG(service));
    operation(service, "send", name, "dead_letter");
}

/* --- messages ----------------------------------------------------------------------------------
 */

/* `name: base64`, from hexadecimal digits. */
static void base64_example(int depth, const struct message_field *field)
{
    uint8_t bytes[EXAMPLE_BYTES_MAX];
    char text[PR_BASE64_SIZE(EXAMPLE_BYTES_MAX)];
    size_t n = strlen(field->example) / 2;
    bool is_hex = n <= sizeof bytes && pr_hex_decode(pr_str(field->example), bytes, n);
    assert(is_hex);
    pr_base64_encode(bytes, n, text);
    quoted(depth, field->name, text);
}

static void example(int depth, const struct message_record *record)
{
    for (size_t i = 0; i < record->fields_count; i++) {
        const struct message_field *field = &record->fields[i];
        switch (field->kind) {
        case FIELD_UUID:
        case FIELD_STR:
            quoted(depth, field->name, field->example);
            break;
        case FIELD_BYTES:
            base64_example(depth, field);
            break;
        case FIELD_INT:
        case FIELD_BOOL:
            line(depth, "%s: %s", field->name, field->example);
            break;
        case FIELD_LIST:
            line(depth, "%s:", field->name);
            line(depth + 1, "-");
            example(depth + 2, field->record());
            break;
        }
    }
}

static void message(const struct message_info *info)
{
    line(2, "%s:", info->name);
    line(3, "name: %s", info->type);
    quoted(3, "summary", info->record()->doc);
    line(3, "contentType: application/msgpack");
    line(3, "headers:");
    line(4, "allOf:");
    line(5, "- $ref: '#/components/schemas/headers'");
    line(5, "- type: object");
    line(6, "properties:");
    line(7, "ce_type: {const: %s}", info->type);
    line(7, "ce_source: {const: pierrot/%s}", info->emitter);
    line(3, "payload:");
    line(4, "$ref: '#/components/schemas/%s'", info->name);
    line(3, "bindings:");
    line(4, "kafka:");
    line(5, "key: {$ref: '#/components/schemas/key'}");
    line(5, "bindingVersion: '0.5.0'");
    line(3, "examples:");
    line(4, "- payload:");
    example(6, info->record());
}

/* --- schemas -----------------------------------------------------------------------------------
 */

static const struct {
    const char *type, *wire, *rule;
    const char *min, *max; /* the names of what bounds it */
} kinds[] = {
    [FIELD_UUID] = {"string", "bin", "format: uuid", "x-min-bytes", "x-max-bytes"},
    [FIELD_STR] = {"string", "str", NULL, "x-min-bytes", "x-max-bytes"},
    [FIELD_BYTES] = {"string", "bin", "contentEncoding: base64", "x-min-bytes", "x-max-bytes"},
    [FIELD_INT] = {"integer", "int", NULL, "minimum", "maximum"},
    [FIELD_BOOL] = {"boolean", "bool", NULL, NULL, NULL},
    [FIELD_LIST] = {"array", "array", NULL, "minItems", "maxItems"},
};

static void record_schema(int depth, const struct message_record *record);

static void field_schema(int depth, const struct message_field *field)
{
    quoted(depth, "description", field->doc);
    if (field->kind == FIELD_STR) {
        /* In characters, and so no more than follows from the bounds in bytes. */
        line(depth, "minLength: %d", field->min > 0);
        line(depth, "maxLength: %" PRId64, field->max);
    }
    if (kinds[field->kind].rule)
        line(depth, "%s", kinds[field->kind].rule);
    if (kinds[field->kind].min) {
        line(depth, "%s: %" PRId64, kinds[field->kind].min, field->min);
        line(depth, "%s: %" PRId64, kinds[field->kind].max, field->max);
    }
    line(depth, "type: %s", kinds[field->kind].type);
    line(depth, "x-msgpack: %s", kinds[field->kind].wire);
    if (field->kind == FIELD_LIST) {
        line(depth, "items:");
        record_schema(depth + 1, field->record());
    }
}

static void record_schema(int depth, const struct message_record *record)
{
    quoted(depth, "description", record->doc);
    line(depth, "type: object");
    line(depth, "x-msgpack: map");
    line(depth, "required:");
    for (size_t i = 0; i < record->fields_count; i++) {
        if (record->fields[i].required)
            line(depth + 1, "- %s", record->fields[i].name);
    }
    line(depth, "properties:");
    for (size_t i = 0; i < record->fields_count; i++) {
        line(depth + 1, "%s:", record->fields[i].name);
        field_schema(depth + 2, &record->fields[i]);
    }
}

/* --- the document ------------------------------------------------------------------------------
 */

static const char head[] =
    "# Written by gen_asyncapi from messages.def (`ninja asyncapi`); not by hand.\n"
    "asyncapi: 3.0.0\n"
    "info:\n"
    "  title: Pierrot's messages\n"
    "  version: " PIERROT_VERSION "\n"
    "  description: |\n"
    "    What Pierrot's services tell each other over Kafka, and whoever else listens. A message "
    "is a\n"
    "    CloudEvent 1.0 in Kafka's binary content mode: its attributes are headers, its value is "
    "one\n"
    "    msgpack map with string keys, at most 64 KiB, at most 8 maps and arrays deep.\n"
    "\n"
    "    The schemas are JSON's; `x-msgpack` says what a value is on the wire. A `bin` with the "
    "format\n"
    "    `uuid` holds the 16 bytes of the UUID that is shown; any other `bin` is shown as base64.\n"
    "    `x-min-bytes` and `x-max-bytes` bound the bytes on the wire: of text, those of its "
    "UTF-8.\n"
    "\n"
    "    Delivery is at least once: a message that comes again has the same `ce_id`. Messages of "
    "one\n"
    "    subject come in order. A reader ignores keys it does not know. A key is never given "
    "another\n"
    "    meaning; what a reader could not ignore becomes a new type, `.v2`.\n"
    "defaultContentType: application/msgpack\n";

static const char common_components[] =
    "    dead_letter:\n"
    "      name: dead_letter\n"
    "      summary: \"A message as it came, with its key and its headers, and why it is here.\"\n"
    "      contentType: application/octet-stream\n"
    "      headers: {$ref: '#/components/schemas/dead_letter_headers'}\n"
    "      payload: {description: \"Any bytes.\"}\n"
    "  schemas:\n"
    "    key:\n"
    "      description: \"As ce_subject, so that the messages of one subject stay in order.\"\n"
    "      type: string\n"
    "      format: uuid\n"
    "    headers:\n"
    "      description: \"The attributes of a CloudEvent; all are text.\"\n"
    "      type: object\n"
    "      required: [ce_specversion, ce_id, ce_type, ce_source, ce_time, ce_subject, "
    "content-type]\n"
    "      properties:\n"
    "        ce_specversion: {description: \"Of CloudEvents.\", type: string, const: '1.0'}\n"
    "        ce_id:\n"
    "          description: \"Of this message; the same when it comes again.\"\n"
    "          type: string\n"
    "          format: uuid\n"
    "        ce_type: {description: \"The message and its version.\", type: string}\n"
    "        ce_source: {description: \"The service it comes from.\", type: string}\n"
    "        ce_time:\n"
    "          description: \"When it happened, in UTC with milliseconds (RFC 3339).\"\n"
    "          type: string\n"
    "          format: date-time\n"
    "        ce_subject: {description: \"The id of what it is about.\", type: string, format: "
    "uuid}\n"
    "        content-type: {type: string, const: application/msgpack}\n"
    "        traceparent:\n"
    "          description: \"The trace it belongs to (W3C Trace Context); not always there.\"\n"
    "          type: string\n"
    "          pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'\n"
    "      examples:\n"
    "        - ce_specversion: '1.0'\n"
    "          ce_id: 0192f0c1-7a10-7000-8000-000000000003\n"
    "          ce_type: pierrot.media.finalized.v1\n"
    "          ce_source: pierrot/media\n"
    "          ce_time: '2025-11-21T07:30:03.250Z'\n"
    "          ce_subject: 0192f0c1-7a00-7000-8000-000000000002\n"
    "          content-type: application/msgpack\n"
    "          traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n";

static const char dead_letter_headers[] =
    "    dead_letter_headers:\n"
    "      description: \"What is added to the headers it came with; all are text.\"\n"
    "      type: object\n"
    "      required: [dl_topic, dl_partition, dl_offset, dl_error, dl_detail]\n"
    "      properties:\n"
    "        dl_topic: {description: \"Where it was.\", type: string}\n"
    "        dl_partition: {description: \"Where it was.\", type: string, pattern: '^[0-9]+$'}\n"
    "        dl_offset: {description: \"Where it was.\", type: string, pattern: '^[0-9]+$'}\n"
    "        dl_error: {description: \"The error's name: PR_ERR_DECODE, say.\", type: string}\n"
    "        dl_detail: {description: \"What was wrong, for people.\", type: string}\n";

static void each_message(void (*fn)(const struct message_info *info))
{
    for (size_t i = 0; i < MESSAGE_KINDS; i++)
        fn(&message_infos[i]);
}

static void payload_schema(const struct message_info *info)
{
    line(2, "%s:", info->name);
    record_schema(3, info->record());
}

int main(void)
{
    fputs(head, stdout);
    puts("channels:");
    each_message(channel);
    each_receiver(dead_letter_channel);
    puts("operations:");
    each_message(operations);
    each_receiver(dead_letter_operation);
    puts("components:\n  messages:");
    each_message(message);
    fputs(common_components, stdout);
    fputs(dead_letter_headers, stdout);
    each_message(payload_schema);
    return fflush(stdout) || ferror(stdout);
}
