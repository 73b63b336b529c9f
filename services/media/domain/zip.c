#include "services/media/domain/zip.h"

#include "shared/base/time.h"

#include <assert.h>

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define END64_SIZE 56
#define LOCATOR64_SIZE 20
#define TIME_EXTRA_SIZE 9
#define LOCAL64_EXTRA_SIZE 20

#define MAX32 INT64_C(0xffffffff) /* itself says: look in the ZIP64 field */
#define MAX16 0xffff

#define VERSION_STORED 10
#define VERSION_ZIP64 45
#define MADE_BY_UNIX (3 << 8 | VERSION_ZIP64)
#define FLAG_UTF8 (1 << 11)
#define REGULAR_FILE_0644 0100644

/* --- little-endian fields ---------------------------------------------------------------------- */

struct writer {
    char *p;
    size_t n;
};

static void put(struct writer *w, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        w->p[w->n++] = (char)(uint8_t)value;
}

static void put32_capped(struct writer *w, int64_t value)
{
    put(w, (uint64_t)(value < MAX32 ? value : MAX32), 4);
}

static void put_name(struct writer *w, struct pr_str name)
{
    memcpy(w->p + w->n, name.p, name.n);
    w->n += name.n;
}

static void put_dos_time(struct writer *w, int64_t time_ms)
{
    put(w, pr_time_dos(time_ms), 4);
}

/* Info-ZIP's extended timestamp: seconds since 1970, so that the time is right in any zone. */
static void put_time_extra(struct writer *w, int64_t time_ms)
{
    int64_t s = time_ms / 1000;
    put(w, 0x5455, 2);
    put(w, TIME_EXTRA_SIZE - 4, 2);
    put(w, 1, 1); /* it has the time of the last change */
    put(w, (uint64_t)(s < 0 ? 0 : s > INT32_MAX ? INT32_MAX : s), 4);
}

/* --- the parts --------------------------------------------------------------------------------- */

static bool is_large(int64_t value)
{
    return value >= MAX32;
}

/* A header's ZIP64 field has both sizes, always; a central one has what does not fit. */
static int64_t header_size(const struct zip_entry *entry)
{
    return LOCAL_SIZE + (int64_t)entry->name.n + TIME_EXTRA_SIZE +
           (is_large(entry->size_bytes) ? LOCAL64_EXTRA_SIZE : 0);
}

static size_t central64_extra_size(const struct zip_entry *entry, int64_t header_offset)
{
    size_t fields = (is_large(entry->size_bytes) ? 2U : 0U) + (is_large(header_offset) ? 1U : 0U);
    return fields ? 4 + 8 * fields : 0;
}

static int64_t central_size(const struct zip_entry *entry, int64_t header_offset)
{
    return CENTRAL_SIZE + (int64_t)entry->name.n + TIME_EXTRA_SIZE +
           (int64_t)central64_extra_size(entry, header_offset);
}

static bool end_needs_zip64(const struct zip_plan *plan)
{
    return plan->entries_n >= MAX16 || is_large(plan->central_offset) ||
           is_large(plan->end_offset - plan->central_offset);
}

/* What header and central entry have in common. */
static void put_common(struct writer *w, const struct zip_entry *entry, unsigned version,
                       size_t extra_size)
{
    put(w, version, 2);
    put(w, FLAG_UTF8, 2);
    put(w, 0, 2); /* stored */
    put_dos_time(w, entry->time_ms);
    put(w, entry->crc32, 4);
    put32_capped(w, entry->size_bytes);
    put32_capped(w, entry->size_bytes);
    put(w, entry->name.n, 2);
    put(w, extra_size, 2);
}

static void put_header(struct writer *w, const struct zip_entry *entry)
{
    bool large = is_large(entry->size_bytes);
    put(w, 0x04034b50, 4);
    put_common(w, entry, large ? VERSION_ZIP64 : VERSION_STORED,
               TIME_EXTRA_SIZE + (large ? LOCAL64_EXTRA_SIZE : 0));
    put_name(w, entry->name);
    put_time_extra(w, entry->time_ms);
    if (large) {
        put(w, 1, 2);
        put(w, LOCAL64_EXTRA_SIZE - 4, 2);
        put(w, (uint64_t)entry->size_bytes, 8);
        put(w, (uint64_t)entry->size_bytes, 8);
    }
}

static void put_central(struct writer *w, const struct zip_entry *entry, int64_t header_offset)
{
    size_t extra64 = central64_extra_size(entry, header_offset);
    put(w, 0x02014b50, 4);
    put(w, MADE_BY_UNIX, 2);
    put_common(w, entry, extra64 ? VERSION_ZIP64 : VERSION_STORED, TIME_EXTRA_SIZE + extra64);
    put(w, 0, 2); /* length of a comment */
    put(w, 0, 2); /* disk */
    put(w, 0, 2); /* internal attributes */
    put(w, (uint64_t)REGULAR_FILE_0644 << 16, 4);
    put32_capped(w, header_offset);
    put_name(w, entry->name);
    put_time_extra(w, entry->time_ms);
    if (!extra64)
        return;
    put(w, 1, 2);
    put(w, extra64 - 4, 2);
    if (is_large(entry->size_bytes)) {
        put(w, (uint64_t)entry->size_bytes, 8);
        put(w, (uint64_t)entry->size_bytes, 8);
    }
    if (is_large(header_offset))
        put(w, (uint64_t)header_offset, 8);
}

static void put_end64(struct writer *w, const struct zip_plan *plan)
{
    put(w, 0x06064b50, 4);
    put(w, END64_SIZE - 12, 8);
    put(w, MADE_BY_UNIX, 2);
    put(w, VERSION_ZIP64, 2);
    put(w, 0, 4); /* this disk */
    put(w, 0, 4); /* the directory's disk */
    put(w, plan->entries_n, 8);
    put(w, plan->entries_n, 8);
    put(w, (uint64_t)(plan->end_offset - plan->central_offset), 8);
    put(w, (uint64_t)plan->central_offset, 8);
    put(w, 0x07064b50, 4);
    put(w, 0, 4); /* the disk of what lies at */
    put(w, (uint64_t)plan->end_offset, 8);
    put(w, 1, 4); /* disks */
}

static void put_end(struct writer *w, const struct zip_plan *plan)
{
    uint64_t count = plan->entries_n < MAX16 ? plan->entries_n : MAX16;
    if (end_needs_zip64(plan))
        put_end64(w, plan);
    put(w, 0x06054b50, 4);
    put(w, 0, 2); /* this disk */
    put(w, 0, 2); /* the directory's disk */
    put(w, count, 2);
    put(w, count, 2);
    put32_capped(w, plan->end_offset - plan->central_offset);
    put32_capped(w, plan->central_offset);
    put(w, 0, 2); /* length of a comment */
}

static int64_t end_size(const struct zip_plan *plan)
{
    return END_SIZE + (end_needs_zip64(plan) ? END64_SIZE + LOCATOR64_SIZE : 0);
}

/* --- the plan and its reader ------------------------------------------------------------------- */

void zip_plan_init(struct zip_plan *plan, const struct zip_entry *entries, size_t n)
{
    int64_t offset = 0;
    assert(n <= 1 << 20);
    *plan = (struct zip_plan){.entries = entries, .entries_n = n};
    for (size_t i = 0; i < n; i++) {
        assert(entries[i].name.n > 0 && entries[i].name.n <= ZIP_NAME_MAX);
        assert(entries[i].size_bytes >= 0 && entries[i].size_bytes <= INT64_C(1) << 43);
        plan->central_offset += header_size(&entries[i]) + entries[i].size_bytes;
    }
    plan->end_offset = plan->central_offset;
    for (size_t i = 0; i < n; i++) {
        plan->end_offset += central_size(&entries[i], offset);
        offset += header_size(&entries[i]) + entries[i].size_bytes;
    }
    plan->size_bytes = plan->end_offset + end_size(plan);
}

enum part_kind { PART_HEADER, PART_OBJECT, PART_CENTRAL, PART_END, PART_NONE };

static enum part_kind kind_of_part(const struct zip_reader *reader, size_t *entry)
{
    size_t n = reader->plan->entries_n, part = reader->part;
    *entry = part < 2 * n ? part / 2 : part - 2 * n;
    if (part < 2 * n)
        return part % 2 == 0 ? PART_HEADER : PART_OBJECT;
    return part < 3 * n ? PART_CENTRAL : part == 3 * n ? PART_END : PART_NONE;
}

static int64_t part_size(const struct zip_reader *reader)
{
    size_t i;
    const struct zip_entry *entries = reader->plan->entries;
    switch (kind_of_part(reader, &i)) {
    case PART_HEADER:
        return header_size(&entries[i]);
    case PART_OBJECT:
        return entries[i].size_bytes;
    case PART_CENTRAL:
        return central_size(&entries[i], reader->header_offset);
    case PART_END:
        return end_size(reader->plan);
    case PART_NONE:
        break;
    }
    return 0;
}

static void go_on(struct zip_reader *reader)
{
    size_t i;
    const struct zip_entry *entries = reader->plan->entries;
    int64_t size = part_size(reader);
    if (kind_of_part(reader, &i) == PART_CENTRAL)
        reader->header_offset += header_size(&entries[i]) + entries[i].size_bytes;
    reader->part_offset += size;
    reader->part++;
}

static bool at_end(const struct zip_reader *reader)
{
    return reader->part > 3 * reader->plan->entries_n;
}

void zip_reader_init(struct zip_reader *reader, const struct zip_plan *plan, int64_t offset)
{
    assert(offset >= 0 && offset <= plan->size_bytes);
    reader->plan = plan;
    reader->part = 0;
    reader->part_offset = reader->header_offset = 0;
    while (!at_end(reader) && reader->part_offset + part_size(reader) <= offset)
        go_on(reader);
    reader->skip = offset - reader->part_offset;
}

bool zip_reader_next(struct zip_reader *reader, struct zip_piece *out)
{
    size_t i;
    struct writer w = {reader->bytes, 0};
    const struct zip_plan *plan = reader->plan;
    while (!at_end(reader) && part_size(reader) == 0) /* an empty object */
        go_on(reader);
    *out = (struct zip_piece){.bytes = {NULL, 0}};
    switch (kind_of_part(reader, &i)) {
    case PART_HEADER:
        put_header(&w, &plan->entries[i]);
        break;
    case PART_OBJECT:
        out->entry = i;
        out->from = reader->skip;
        out->size_bytes = plan->entries[i].size_bytes - reader->skip;
        break;
    case PART_CENTRAL:
        put_central(&w, &plan->entries[i], reader->header_offset);
        break;
    case PART_END:
        put_end(&w, plan);
        break;
    case PART_NONE:
        return false;
    }
    if (w.n > 0) {
        assert((int64_t)w.n == part_size(reader));
        out->bytes = pr_str_n(w.p + reader->skip, w.n - (size_t)reader->skip);
    }
    reader->skip = 0;
    go_on(reader);
    return true;
}
