#include "services/thumbnailer/worker/jpeg_header.h"

#include "services/thumbnailer/worker/bytes.h"

enum {
    MARKER_SOI = 0xd8,
    MARKER_EOI = 0xd9,
    MARKER_SOS = 0xda,
    MARKER_APP1 = 0xe1,
    MARKER_APP2 = 0xe2,
    TIFF_ORIENTATION = 0x0112,
    TIFF_SHORT = 3,
};

static bool is_frame_header(uint8_t marker)
{
    bool table = marker == 0xc4 || marker == 0xc8 || marker == 0xcc; /* DHT, JPG, DAC */
    return marker >= 0xc0 && marker <= 0xcf && !table;
}

static bool has_no_length(uint8_t marker)
{
    return marker == MARKER_SOI || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

static void read_frame(struct bytes segment, struct jpeg_header *header)
{
    header->precision = bytes_u8(&segment);
    header->height = bytes_be16(&segment);
    header->width = bytes_be16(&segment);
    header->components = bytes_u8(&segment);
}

static uint32_t tiff_number(struct bytes *b, size_t n, bool big)
{
    return big ? (uint32_t)bytes_big(b, n) : bytes_little(b, n);
}

/* The orientation is an entry of the first directory of the TIFF inside the Exif segment. */
static void read_exif(struct bytes segment, struct jpeg_header *header)
{
    bytes_skip(&segment, 6); /* "Exif", NUL, NUL */
    struct bytes tiff = segment;
    bool big = segment.n > 0 && segment.p[0] == 'M';

    bytes_skip(&tiff, 4);
    uint32_t directory = tiff_number(&tiff, 4, big);
    bytes_skip(&segment, directory);
    uint32_t entries = tiff_number(&segment, 2, big);
    for (uint32_t i = 0; i < entries && !segment.short_read; i++) {
        uint32_t tag = tiff_number(&segment, 2, big);
        uint32_t type = tiff_number(&segment, 2, big);
        bytes_skip(&segment, 4);
        uint32_t value = tiff_number(&segment, 2, big);
        bytes_skip(&segment, 2);
        if (tag == TIFF_ORIENTATION && type == TIFF_SHORT && value >= 1 && value <= 8)
            header->orientation = (uint8_t)value;
    }
}

/* Chunks carry their number, from 1, and may come in any order. */
static void read_icc(struct bytes segment, struct jpeg_header *header)
{
    bytes_skip(&segment, 12); /* "ICC_PROFILE", NUL */
    uint8_t number = bytes_u8(&segment);
    uint8_t count = bytes_u8(&segment);
    if (number < 1 || number > count || header->icc_chunk[number - 1] != NULL ||
        (header->icc_chunks != 0 && header->icc_chunks != count))
        return;
    header->icc_chunks = count;
    header->icc_chunk[number - 1] = segment.p;
    header->icc_chunk_size[number - 1] = (uint16_t)segment.n;
    header->icc_size += segment.n;
}

static void read_segment(uint8_t marker, struct bytes segment, struct jpeg_header *header)
{
    if (is_frame_header(marker) && header->components == 0)
        read_frame(segment, header);
    else if (marker == MARKER_APP1 && segment.n > 14 && memcmp(segment.p, "Exif\0", 6) == 0)
        read_exif(segment, header);
    else if (marker == MARKER_APP2 && segment.n > 14 && memcmp(segment.p, "ICC_PROFILE", 12) == 0)
        read_icc(segment, header);
}

/* A profile with a missing chunk is no profile. */
static void check_icc(struct jpeg_header *header)
{
    for (uint8_t i = 0; i < header->icc_chunks; i++) {
        if (header->icc_chunk[i] == NULL) {
            header->icc_chunks = 0;
            header->icc_size = 0;
            return;
        }
    }
}

bool jpeg_header_read(const uint8_t *data, size_t size, struct jpeg_header *header)
{
    struct bytes file = {.p = data, .n = size};
    *header = (struct jpeg_header){.orientation = 1};

    if (!bytes_match(&file, "\xff\xd8"))
        return false;
    while (file.n >= 2) {
        if (bytes_u8(&file) != 0xff) /* decoders skip garbage between segments, so we do */
            continue;
        while (file.n > 1 && file.p[0] == 0xff)
            bytes_skip(&file, 1);
        uint8_t marker = bytes_u8(&file);
        if (marker == MARKER_SOS || marker == MARKER_EOI)
            break;
        if (marker == 0 || has_no_length(marker))
            continue;
        size_t length = bytes_be16(&file);
        const uint8_t *segment = length < 2 ? NULL : bytes_take(&file, length - 2);
        if (segment == NULL)
            break;
        read_segment(marker, (struct bytes){.p = segment, .n = length - 2}, header);
    }
    check_icc(header);
    return header->width > 0 && header->height > 0 && header->components > 0;
}

void jpeg_header_copy_icc(const struct jpeg_header *header, uint8_t *out)
{
    for (uint8_t i = 0; i < header->icc_chunks; i++) {
        memcpy(out, header->icc_chunk[i], header->icc_chunk_size[i]);
        out += header->icc_chunk_size[i];
    }
}
