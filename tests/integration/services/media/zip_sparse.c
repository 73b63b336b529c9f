/* Writes an archive of objects that are all zeros into a sparse file, so that it may be of any size:
 *
 *     zip_sparse FILE < "size\0name\0size\0name\0…"
 *
 * Names are made safe and unique as in an archive for guests. test_zip_readers.py has others read it. */
#include "services/media/domain/zip.h"

#include "services/media/domain/zip_name.h"
#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES_MAX ((size_t)100000)
#define TIME_MS INT64_C(1763710200000)

static uint32_t crc32_of_zeros(int64_t size_bytes)
{
    static const char zeros[1 << 20];
    uint32_t crc32 = 0;
    for (int64_t left = size_bytes; left > 0; left -= (int64_t)sizeof zeros)
        crc32 = crc32_update(
            crc32, pr_str_n(zeros, left < (int64_t)sizeof zeros ? (size_t)left : sizeof zeros));
    return crc32;
}

static size_t read_entries(struct zip_entry *entries, struct pr_arena *arena)
{
    struct zip_names names;
    char *text = NULL;
    size_t room = 0, n = 0;
    zip_names_init(&names, arena);
    for (; n < ENTRIES_MAX && getdelim(&text, &room, 0, stdin) > 0; n++) {
        int64_t size_bytes = strtoll(text, NULL, 10);
        if (getdelim(&text, &room, 0, stdin) <= 0)
            abort();
        entries[n] = (struct zip_entry){
            .name = zip_names_add(&names, pr_str(text)),
            .size_bytes = size_bytes,
            .time_ms = TIME_MS,
            .crc32 = crc32_of_zeros(size_bytes),
        };
    }
    zip_names_fini(&names);
    free(text);
    return n;
}

static bool write_archive(int fd, const struct zip_plan *plan)
{
    struct zip_reader reader;
    struct zip_piece piece;
    int64_t at = 0;
    zip_reader_init(&reader, plan, 0);
    while (zip_reader_next(&reader, &piece)) {
        if (piece.bytes.n > 0 &&
            pwrite(fd, piece.bytes.p, piece.bytes.n, at) != (ssize_t)piece.bytes.n)
            return false;
        at += piece.bytes.n > 0 ? (int64_t)piece.bytes.n : piece.size_bytes;
    }
    return at == plan->size_bytes;
}

int main(int argc, char **argv)
{
    struct pr_arena arena = {0};
    struct zip_plan plan;
    struct zip_entry *entries = pr_alloc(ENTRIES_MAX * sizeof *entries);
    int fd = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    zip_plan_init(&plan, entries, read_entries(entries, &arena));
    bool written = fd >= 0 && write_archive(fd, &plan) && close(fd) == 0;
    pr_arena_fini(&arena);
    free(entries);
    return written ? 0 : 1;
}
