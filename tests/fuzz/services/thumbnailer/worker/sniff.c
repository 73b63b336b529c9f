/* Any bytes as any type: an answer without a bad read. */
#include "services/thumbnailer/worker/sniff.h"
#include "services/thumbnailer/worker/jpeg_header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jpeg_header header;
    struct sniffed sniffed;

    sniff_type(data, size);
    for (enum content_type type = CONTENT_UNKNOWN; type < CONTENT_TYPE_COUNT; type++)
        if (sniff_picture(data, size, type, &sniffed) &&
            (sniffed.width == 0 || sniffed.height == 0))
            abort();
    if (jpeg_header_read(data, size, &header)) {
        uint8_t *profile = malloc(header.icc_size + 1);
        if (profile != NULL)
            jpeg_header_copy_icc(&header, profile);
        free(profile);
    }
    return 0;
}
