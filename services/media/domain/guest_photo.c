#include "services/media/domain/guest_photo.h"

#include <stdio.h>

#define EXTENSION ".jpg" /* of large renditions, which are all JPEG */
#define NAME_MAX (MEDIA_FILENAME_MAX - (sizeof EXTENSION - 1))

const struct guest_image *guest_photo_file(const struct guest_photo *photo, bool originals)
{
    return originals || photo->type->kind == MEDIA_VIDEO ? &photo->original : &photo->large;
}

const struct guest_image *guest_photo_film(const struct guest_photo *photo, bool download)
{
    return download && photo->type->kind == MEDIA_VIDEO ? &photo->original : NULL;
}

static struct pr_str without_extension(struct pr_str name)
{
    for (size_t i = name.n; i > 1; i--) {
        if (name.p[i - 1] == '.')
            return pr_str_n(name.p, i - 1);
    }
    return name;
}

/* Cuts where a character begins. */
static struct pr_str at_most(struct pr_str text, size_t n)
{
    if (text.n <= n)
        return text;
    while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return pr_str_n(text.p, n);
}

void guest_photo_name(const struct guest_photo *photo, bool originals,
                      char out[MEDIA_FILENAME_MAX + 1])
{
    struct pr_str name = photo->filename;
    bool as_it_is = guest_photo_file(photo, originals) == &photo->original ||
                    pr_str_is(pr_str(photo->type->name), "image/jpeg");
    if (!as_it_is)
        name = at_most(without_extension(name), NAME_MAX);
    snprintf(out, MEDIA_FILENAME_MAX + 1, PR_STR_FMT "%s", PR_STR_ARG(name),
             as_it_is ? "" : EXTENSION);
}
