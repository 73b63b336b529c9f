/* Any names, one a line: what they become is safe and unique. */
#include "services/media/domain/zip_name.h"

#include "shared/base/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#define NAMES_MAX 64

static void check(struct pr_str name)
{
    char again[ZIP_NAME_MAX + 1];
    assert(name.n > 0 && name.n <= ZIP_NAME_MAX && name.n == strlen(name.p));
    assert(pr_utf8_valid(name) && !pr_utf8_has_control(name));
    assert(!strpbrk(name.p, "/\\:*?\"<>|"));
    assert(name.p[0] != '.' && name.p[0] != ' ');
    assert(name.p[name.n - 1] != '.' && name.p[name.n - 1] != ' ');
    zip_name_clean(name, again);
    assert(pr_str_is(name, again)); /* there is nothing left to clean */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pr_arena arena = {0};
    struct zip_names names;
    struct pr_str rest = pr_str_n(data, n), line, given[NAMES_MAX];
    size_t count = 0;
    zip_names_init(&names, &arena);
    while (count < NAMES_MAX && rest.n > 0) {
        pr_str_cut(rest, '\n', &line, &rest);
        given[count] = zip_names_add(&names, line);
        check(given[count]);
        for (size_t i = 0; i < count; i++)
            assert(strcasecmp(given[i].p, given[count].p) != 0);
        count++;
    }
    zip_names_fini(&names);
    pr_arena_fini(&arena);
    return 0;
}
