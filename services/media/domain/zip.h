/* zip: a ZIP archive (PKWARE APPNOTE 6.3.10) of objects that lie elsewhere, as they are: stored,
 * not compressed. Since size and CRC-32 of each are known, every byte that is not an object's is
 * known before the first is sent, and the archive can be read from any offset on.
 *
 *     header 0, object 0, header 1, object 1, …, central directory, end
 *
 * ZIP64 fields are there only where a number needs them (an object or an offset of 4 GiB, 65,535
 * entries), since programs that know nothing of ZIP64 read all other archives. Names are UTF-8 and
 * said to be. The same entries give the same bytes, always. No I/O, and no memory beside the
 * entries. */
#pragma once

#include "shared/base/str.h"

#define ZIP_NAME_MAX 150 /* bytes */
#define ZIP_PIECE_MAX 320

struct zip_entry {
    struct pr_str name; /* as zip_name makes them; at most ZIP_NAME_MAX */
    int64_t size_bytes; /* 0 to 2^43 */
    int64_t time_ms;    /* when it was made; readers without time zones are told UTC */
    uint32_t crc32;
};

struct zip_plan {
    const struct zip_entry *entries; /* borrowed */
    size_t entries_n;                /* at most 2^20 */
    int64_t central_offset, end_offset, size_bytes;
};

void zip_plan_init(struct zip_plan *plan, const struct zip_entry *entries, size_t n);

/* What comes next: bytes of the archive's own, or a range of an object. */
struct zip_piece {
    struct pr_str bytes; /* in the reader; n == 0: it is an object's */
    size_t entry;
    int64_t from, size_bytes; /* of the object; never empty */
};

struct zip_reader {
    const struct zip_plan *plan;
    size_t part;           /* headers and objects by turns, then central entries, then the end */
    int64_t part_offset;   /* where the part begins */
    int64_t header_offset; /* of the entry a central entry is about */
    int64_t skip;          /* bytes of the part that are not wanted */
    char bytes[ZIP_PIECE_MAX];
};

/* From offset on, 0 to size_bytes; the plan is borrowed. */
void zip_reader_init(struct zip_reader *reader, const struct zip_plan *plan, int64_t offset);
/* False at the end. */
bool zip_reader_next(struct zip_reader *reader, struct zip_piece *out);
