/* Any announcement: what is accepted keeps its promises, and its object key is plain and bounded.
 * The input is `filename \n content type \n sha256`; the size comes from its length. */
#include "services/media/domain/media.h"

#include "shared/base/utf8.h"

#include <assert.h>
#include <stdlib.h>

static void check_key(struct media *media)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    media_set_object_key(media);
    const char *name = strrchr(media->object_key, '/');
    assert(name);
    name++;
    assert(*name && *name != '.' && strspn(name, plain) == strlen(name) && strlen(name) <= 100);
}

static void check_accepted(struct media *media, const struct media_announcement *announcement)
{
    struct pr_str name = pr_str(media->filename);
    assert(pr_str_eq(name, announcement->filename));
    assert(name.n >= 1 && name.n <= MEDIA_FILENAME_MAX);
    assert(pr_utf8_valid(name) && !pr_utf8_has_control(name));
    assert(!strpbrk(media->filename, "/\\"));
    assert(pr_str_is(announcement->content_type, media->type->name));
    assert(media->size_bytes == announcement->size_bytes && media->size_bytes > 0);
    check_key(media);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct media_limits limits = {{100, 200}};
    struct media media = {0};
    struct pr_fault fault = {0};
    struct media_announcement announcement = {.size_bytes = (int64_t)n};
    struct pr_str rest = pr_str_n(data, n);
    pr_str_cut(rest, '\n', &announcement.filename, &rest);
    pr_str_cut(rest, '\n', &announcement.content_type, &announcement.sha256_hex);
    enum pr_err err = media_announce(&media, &announcement, &limits, &fault);
    if (err)
        assert(err == PR_ERR_INVALID && fault.err == err && fault.field[0] && fault.detail[0]);
    else
        check_accepted(&media, &announcement);

    /* Names that would have been refused too. */
    if (pr_str_copy(announcement.filename, media.filename, sizeof media.filename) &&
        media.filename[0])
        check_key(&media);
    return 0;
}
