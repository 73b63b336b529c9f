#include "services/thumbnailer/worker/sniff.h"

#include "services/thumbnailer/worker/bytes.h"
#include "services/thumbnailer/worker/jpeg_header.h"

struct box {
    uint32_t type;
    struct bytes content;
};

static uint32_t fourcc(const char name[4])
{
    const uint8_t *b = (const uint8_t *)name;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool one_of(uint32_t brand, const char *const *names)
{
    for (; *names != NULL; names++)
        if (brand == fourcc(*names))
            return true;
    return false;
}

static void grow(uint32_t *value, uint32_t other)
{
    if (other > *value)
        *value = other;
}

/* The next ISO 14496-12 box; the last one of a file that was cut short ends where the file does. */
static bool next_box(struct bytes *b, struct box *box)
{
    if (b->n < 8)
        return false;
    uint64_t size = bytes_be32(b);
    uint64_t header_size = 8;
    box->type = bytes_be32(b);
    if (size == 1) {
        size = bytes_big(b, 8);
        header_size = 16;
    }
    if (b->short_read || (size != 0 && size < header_size))
        return false;
    if (size == 0 || size - header_size > b->n)
        size = b->n + header_size;
    size_t content_size = (size_t)(size - header_size);
    box->content = (struct bytes){.p = b->p, .n = content_size};
    bytes_skip(b, content_size);
    return true;
}

static bool find_box(struct bytes container, const char type[4], struct bytes *content)
{
    struct box box;
    while (next_box(&container, &box)) {
        if (box.type == fourcc(type)) {
            *content = box.content;
            return true;
        }
    }
    return false;
}

static enum content_type brand_type(uint32_t brand)
{
    static const char *const heic[] = {"heic", "heix", "heim", "heis", "hevc",
                                       "hevx", "hevm", "hevs", NULL};
    static const char *const avif[] = {"avif", "avis", NULL};
    static const char *const mp4[] = {"isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7",
                                      "iso8", "iso9", "mp41", "mp42", "mp71", "avc1", "dash",
                                      "M4V ", "M4VH", "M4VP", "MSNV", "XAVC", "3gp4", "3gp5",
                                      "3gp6", "3gp7", "3g2a", NULL};

    if (one_of(brand, heic))
        return CONTENT_HEIC;
    if (one_of(brand, avif))
        return CONTENT_AVIF;
    if (brand == fourcc("qt  "))
        return CONTENT_QUICKTIME;
    return one_of(brand, mp4) ? CONTENT_MP4 : CONTENT_UNKNOWN;
}

/* The major brand decides; where it names only the structure, the first compatible one we know. */
static enum content_type ftyp_type(struct bytes brands)
{
    static const char *const structural[] = {"mif1", "mif2", "msf1", "miaf", NULL};
    uint32_t major = bytes_be32(&brands);
    bool picture = one_of(major, structural);
    enum content_type type = brand_type(major);

    bytes_skip(&brands, 4); /* minor version */
    while (type == CONTENT_UNKNOWN && brands.n >= 4) {
        type = brand_type(bytes_be32(&brands));
        if (picture && type != CONTENT_HEIC && type != CONTENT_AVIF)
            type = CONTENT_UNKNOWN;
    }
    return major == fourcc("crx ") ? CONTENT_UNKNOWN : type; /* a camera's raw picture */
}

static enum content_type iso_type(struct bytes file)
{
    static const char *const bare_quicktime[] = {"moov", "mdat", "wide", "free", "skip", NULL};
    struct box box;

    if (!next_box(&file, &box))
        return CONTENT_UNKNOWN;
    if (box.type == fourcc("ftyp"))
        return ftyp_type(box.content);
    return one_of(box.type, bare_quicktime) ? CONTENT_QUICKTIME : CONTENT_UNKNOWN;
}

/* An EBML number: the count of leading zero bits of its first byte is the count of further bytes.
 * Element ids keep the marking bit, sizes do not. */
static uint64_t ebml_number(struct bytes *b, bool keep_mark)
{
    uint8_t first = bytes_u8(b);
    uint8_t mark = 0x80;
    size_t more = 0;

    while (mark != 0 && (first & mark) == 0) {
        mark >>= 1;
        more++;
    }
    uint64_t value = keep_mark ? first : (uint64_t)(first & ~mark);
    return value << (8 * more % 64) | bytes_big(b, more);
}

/* WebM and Matroska differ by the DocType (0x4282) in the EBML header (0x1a45dfa3). */
static enum content_type ebml_type(struct bytes file)
{
    if (ebml_number(&file, true) != 0x1a45dfa3)
        return CONTENT_UNKNOWN;
    uint64_t size = ebml_number(&file, false);
    struct bytes header = {.p = file.p, .n = size < file.n ? (size_t)size : file.n};
    while (header.n > 0) {
        uint64_t id = ebml_number(&header, true);
        uint64_t length = ebml_number(&header, false);
        if (id == 0x4282)
            return length == 4 && bytes_match(&header, "webm") ? CONTENT_WEBM : CONTENT_UNKNOWN;
        bytes_skip(&header, length < header.n ? (size_t)length : header.n);
    }
    return CONTENT_UNKNOWN;
}

enum content_type sniff_type(const uint8_t *data, size_t size)
{
    struct bytes file = {.p = data, .n = size < SNIFF_TYPE_BYTES ? size : SNIFF_TYPE_BYTES};

    if (bytes_match(&file, "\xff\xd8\xff"))
        return CONTENT_JPEG;
    if (bytes_match(&file, "\x89PNG\r\n\x1a\n"))
        return CONTENT_PNG;
    if (bytes_match(&file, "GIF87a") || bytes_match(&file, "GIF89a"))
        return CONTENT_GIF;
    if (file.n >= 12 && memcmp(file.p, "RIFF", 4) == 0 && memcmp(file.p + 8, "WEBP", 4) == 0)
        return CONTENT_WEBP;
    enum content_type type = iso_type(file);
    return type != CONTENT_UNKNOWN ? type : ebml_type(file);
}

bool sniff_type_matches(enum content_type declared, enum content_type found)
{
    bool movies = (declared == CONTENT_MP4 || declared == CONTENT_QUICKTIME) &&
                  (found == CONTENT_MP4 || found == CONTENT_QUICKTIME);
    return found != CONTENT_UNKNOWN && (declared == found || movies);
}

static bool sniff_jpeg(struct bytes file, struct sniffed *out)
{
    struct jpeg_header header;
    if (!jpeg_header_read(file.p, file.n, &header))
        return false;
    *out = (struct sniffed){.width = header.width, .height = header.height, .frames = 1};
    return true;
}

static bool sniff_png(struct bytes file, struct sniffed *out)
{
    bytes_skip(&file, 8);
    if (bytes_be32(&file) != 13 || !bytes_match(&file, "IHDR"))
        return false;
    out->width = bytes_be32(&file);
    out->height = bytes_be32(&file);
    out->frames = 1;
    return !file.short_read;
}

static void skip_color_table(struct bytes *file, uint8_t flags)
{
    if ((flags & 0x80) != 0)
        bytes_skip(file, (size_t)3 << ((flags & 7) + 1));
}

static void skip_gif_blocks(struct bytes *file)
{
    uint8_t length;
    while ((length = bytes_u8(file)) > 0)
        bytes_skip(file, length);
}

/* The logical screen, grown to hold every frame, as decoders do. */
static bool sniff_gif(struct bytes file, struct sniffed *out)
{
    bytes_skip(&file, 6);
    out->width = bytes_little(&file, 2);
    out->height = bytes_little(&file, 2);
    out->frames = 0;
    uint8_t flags = bytes_u8(&file);
    bytes_skip(&file, 2);
    skip_color_table(&file, flags);
    for (uint8_t block = bytes_u8(&file); block != 0x3b && !file.short_read;
         block = bytes_u8(&file)) {
        if (block == 0x2c) {
            uint32_t left = bytes_little(&file, 2);
            uint32_t top = bytes_little(&file, 2);
            grow(&out->width, left + bytes_little(&file, 2));
            grow(&out->height, top + bytes_little(&file, 2));
            skip_color_table(&file, bytes_u8(&file));
            out->frames++;
        }
        bytes_skip(&file, 1); /* LZW code size, or the extension's label */
        skip_gif_blocks(&file);
    }
    return out->frames > 0;
}

static void read_vp8(struct bytes chunk, struct sniffed *out)
{
    bytes_skip(&chunk, 3);
    if (!bytes_match(&chunk, "\x9d\x01\x2a"))
        return;
    grow(&out->width, bytes_little(&chunk, 2) & 0x3fff);
    grow(&out->height, bytes_little(&chunk, 2) & 0x3fff);
}

static void read_vp8l(struct bytes chunk, struct sniffed *out)
{
    if (bytes_u8(&chunk) != 0x2f)
        return;
    uint32_t bits = bytes_little(&chunk, 4);
    grow(&out->width, (bits & 0x3fff) + 1);
    grow(&out->height, (bits >> 14 & 0x3fff) + 1);
}

static void read_vp8x(struct bytes chunk, struct sniffed *out)
{
    bytes_skip(&chunk, 4); /* flags */
    grow(&out->width, bytes_little(&chunk, 3) + 1);
    grow(&out->height, bytes_little(&chunk, 3) + 1);
}

static bool sniff_webp(struct bytes file, struct sniffed *out)
{
    uint32_t frames = 0;

    *out = (struct sniffed){0};
    bytes_skip(&file, 12);
    while (file.n >= 8) {
        uint32_t type = bytes_be32(&file);
        size_t length = bytes_little(&file, 4);
        struct bytes chunk = {.p = file.p, .n = length < file.n ? length : file.n};
        if (type == fourcc("VP8 "))
            read_vp8(chunk, out);
        else if (type == fourcc("VP8L"))
            read_vp8l(chunk, out);
        else if (type == fourcc("VP8X"))
            read_vp8x(chunk, out);
        else if (type == fourcc("ANMF"))
            frames++;
        bytes_skip(&file, chunk.n + (chunk.n < file.n && length % 2 != 0 ? 1 : 0));
    }
    out->frames = frames > 0 ? frames : 1;
    return true;
}

/* Every item (the picture, its tiles, its thumbnail) has its size in an ispe property. */
static bool sniff_heif(struct bytes file, struct sniffed *out)
{
    struct bytes meta, iprp, ipco;
    struct box property;

    *out = (struct sniffed){.frames = 1};
    if (!find_box(file, "meta", &meta))
        return false;
    bytes_skip(&meta, 4); /* version and flags */
    if (!find_box(meta, "iprp", &iprp) || !find_box(iprp, "ipco", &ipco))
        return false;
    while (next_box(&ipco, &property)) {
        if (property.type != fourcc("ispe"))
            continue;
        bytes_skip(&property.content, 4);
        grow(&out->width, bytes_be32(&property.content));
        grow(&out->height, bytes_be32(&property.content));
    }
    return true;
}

bool sniff_picture(const uint8_t *data, size_t size, enum content_type type, struct sniffed *out)
{
    static bool (*const sniffers[CONTENT_TYPE_COUNT])(struct bytes, struct sniffed *) = {
        [CONTENT_JPEG] = sniff_jpeg, [CONTENT_PNG] = sniff_png,   [CONTENT_GIF] = sniff_gif,
        [CONTENT_WEBP] = sniff_webp, [CONTENT_AVIF] = sniff_heif, [CONTENT_HEIC] = sniff_heif,
    };
    struct bytes file = {.p = data, .n = size};

    return sniffers[type] != NULL && sniffers[type](file, out) && out->width > 0 && out->height > 0;
}
