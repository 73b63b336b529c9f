#include "services/thumbnailer/worker/decode.h"

#include <stdlib.h>

void decoded_free(struct decoded *decoded)
{
    picture_destroy(decoded->large);
    free(decoded->preview.data);
    *decoded = (struct decoded){0};
}

enum render_reason decoded_fail(struct decoded *decoded, enum render_reason reason,
                                const char *text)
{
    size_t n = 0;

    for (size_t i = 0; n + 1 < sizeof decoded->text && text[i] != '\0'; i++) {
        bool printable = text[i] >= 0x20 && text[i] <= 0x7e;
        decoded->text[n++] = printable ? text[i] : text[i] == '\n' ? ';' : '?';
    }
    decoded->text[n] = '\0';
    return reason;
}
