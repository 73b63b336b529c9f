#include "services/media/domain/zip_name.h"

#include "shared/base/utf8.h"
#include "shared/base/utf8_fold.h"

#include <assert.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#define EXTENSION_MAX 16 /* bytes, with the dot */
#define NUMBER_MAX 10    /* " (1048576)" */

/* --- a safe name ------------------------------------------------------------------------------- */

/* Characters that are forbidden somewhere: "/" everywhere, "\" and the others by Windows, ":" by
 * macOS; line separators, and a byte order mark. */
static bool is_safe(int32_t c)
{
    return c >= 0 && !pr_utf8_is_control(c) && !(c < 0x80 && strchr("/\\:*?\"<>|", (int)c)) &&
           c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

/* Writes what is safe of s, at most max bytes of whole characters; returns their count. */
static size_t write_safe(struct pr_str s, char *out, size_t max)
{
    size_t n = 0, i = 0;
    while (i < s.n) {
        size_t from = i;
        int32_t c = pr_utf8_next(s, &i);
        if (c < 0)
            i = from + 1;
        struct pr_str piece = is_safe(c) ? pr_str_n(s.p + from, i - from) : pr_str("_");
        if (n + piece.n > max)
            break;
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    return n;
}

/* How long the extension is, with its dot; 0 when there is none. */
static size_t extension_size(struct pr_str name)
{
    size_t n = 1;
    while (n < name.n && name.p[name.n - n] != '.')
        n++;
    return n < name.n && n > 1 && n <= EXTENSION_MAX ? n : 0;
}

static struct pr_str without_tail(struct pr_str s)
{
    while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s.n--;
    return s;
}

static bool is_one_of(struct pr_str s, const char *const *words)
{
    for (; *words; words++) {
        if (pr_str_is_nocase(s, *words))
            return true;
    }
    return false;
}

/* With whatever extension, Windows opens the device. Its ports count to nine, also in superscript
 * digits. */
static bool is_device(struct pr_str name)
{
    static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$", NULL};
    static const char *const ports[] = {"com", "lpt", NULL};
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6",
                                         "7", "8", "9", "¹", "²", "³", NULL};
    struct pr_str stem, rest;
    pr_str_cut(name, '.', &stem, &rest);
    stem = without_tail(stem);
    return is_one_of(stem, devices) || (stem.n > 3 && is_one_of(pr_str_n(stem.p, 3), ports) &&
                                        is_one_of(pr_str_n(stem.p + 3, stem.n - 3), digits));
}

void zip_name_clean(struct pr_str name, char out[ZIP_NAME_MAX + 1])
{
    char tail[EXTENSION_MAX];
    size_t n;
    name = without_tail(pr_str_trim(name));
    if (name.n == 0)
        name = pr_str("file");
    size_t extension = extension_size(name);
    size_t tail_n =
        write_safe(pr_str_n(name.p + (name.n - extension), extension), tail, sizeof tail);
    bool device = is_device(name);
    out[0] = '_';
    n = device ? 1 : 0;
    n += write_safe(pr_str_n(name.p, name.n - extension), out + n, ZIP_NAME_MAX - n - tail_n);
    memcpy(out + n, tail, tail_n);
    n += tail_n;
    if (out[0] == '.')
        out[0] = '_';
    n = without_tail(pr_str_n(out, n)).n; /* a cut may have laid a blank bare */
    out[n] = 0;
}

/* --- unique names ------------------------------------------------------------------------------ */

/* A name that is given away, or what numbered ones are made of. */
struct known {
    bool given;
    unsigned next; /* number for the next of this name */
    const char *key, *name;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->key, ((const struct known *)b)->key);
}

static struct known *find_or_add(struct zip_names *names, const char *name)
{
    struct known *wanted = pr_arena_alloc(names->arena, sizeof *wanted);
    *wanted = (struct known){
        .next = 2,
        .key = pr_utf8_fold(names->arena, pr_str(name)).p,
        .name = pr_arena_copy(names->arena, pr_str(name)).p,
    };
    struct known **found = tsearch(wanted, &names->tree, compare);
    if (!found)
        abort(); /* no memory: as all small allocations */
    return *found;
}

/* The name, short enough to get any number. */
static struct pr_str make_room(struct pr_str name, char out[ZIP_NAME_MAX + 1],
                               struct pr_str *extension)
{
    size_t n = extension_size(name);
    *extension = pr_str_n(name.p + name.n - n, n);
    size_t stem = write_safe(pr_str_n(name.p, name.n - n), out, ZIP_NAME_MAX - NUMBER_MAX - n);
    memcpy(out + stem, extension->p, extension->n);
    out[stem + extension->n] = 0;
    return pr_str_n(out, stem);
}

static struct pr_str give(struct known *known)
{
    known->given = true;
    return pr_str(known->name);
}

struct pr_str zip_names_add(struct zip_names *names, struct pr_str name)
{
    char clean[ZIP_NAME_MAX + 1], base[ZIP_NAME_MAX + 1], numbered[ZIP_NAME_MAX + 1];
    struct pr_str extension;
    zip_name_clean(name, clean);
    struct known *known = find_or_add(names, clean);
    if (!known->given)
        return give(known);
    struct pr_str stem = make_room(pr_str(clean), base, &extension);
    struct known *counter = find_or_add(names, base);
    do {
        int n = snprintf(numbered, sizeof numbered, PR_STR_FMT " (%u)" PR_STR_FMT, PR_STR_ARG(stem),
                         counter->next++, PR_STR_ARG(extension));
        assert(n > 0 && n <= ZIP_NAME_MAX);
        known = find_or_add(names, numbered);
    } while (known->given);
    return give(known);
}

void zip_names_init(struct zip_names *names, struct pr_arena *arena)
{
    *names = (struct zip_names){arena, NULL};
}

static void keep(void *known)
{
    (void)known; /* it is the arena's */
}

void zip_names_fini(struct zip_names *names)
{
    tdestroy(names->tree, keep);
    names->tree = NULL;
}
