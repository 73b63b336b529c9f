/* What a JPEG file says about itself before its first scan (ITU-T T.81 annex B): frame size and
 * components, the Exif orientation (TIFF tag 0x0112), the embedded ICC profile (ICC.1 annex B.4).
 * Pure; reads nothing past `size`; time is linear in the length of the headers. */
#ifndef PIERROT_THUMBNAILER_WORKER_JPEG_HEADER_H
#define PIERROT_THUMBNAILER_WORKER_JPEG_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JPEG_ICC_CHUNKS_MAX 255

struct jpeg_header {
    uint16_t width, height; /* px, as stored: not yet upright */
    uint8_t precision;      /* bits a sample */
    uint8_t components;
    uint8_t orientation;                           /* Exif, 1..8; 1 when the file has none */
    uint8_t icc_chunks;                            /* 0 when there is no profile or not all of it */
    size_t icc_size;                               /* bytes of the whole profile */
    const uint8_t *icc_chunk[JPEG_ICC_CHUNKS_MAX]; /* borrowed from the file, in order */
    uint16_t icc_chunk_size[JPEG_ICC_CHUNKS_MAX];
};

/* False when there is no frame header before the first scan or the end. */
bool jpeg_header_read(const uint8_t *data, size_t size, struct jpeg_header *header);

/* Copies the profile into `out`, which has room for icc_size bytes. */
void jpeg_header_copy_icc(const struct jpeg_header *header, uint8_t *out);

#endif
