/* Any bytes as text: the C library must agree. */
#include "shared/base/utf8.h"

#include <assert.h>
#include <locale.h>
#include <wchar.h>

/* Whether mbrtowc, in a UTF-8 locale, reads all of it. */
static bool library_reads(struct pr_str s)
{
    mbstate_t state = {0};
    for (size_t i = 0; i < s.n;) {
        wchar_t c;
        size_t n = mbrtowc(&c, s.p + i, s.n - i, &state);
        if (n == (size_t)-1 || n == (size_t)-2 || c > 0x10ffff) /* glibc goes beyond */
            return false;
        i += n > 0 ? n : 1; /* 0 is U+0000 */
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool ready;
    struct pr_str s = pr_str_n(data, n);
    if (!ready)
        ready = setlocale(LC_CTYPE, "C.UTF-8");
    assert(ready);
    bool valid = pr_utf8_valid(s);
    assert(valid == library_reads(s));
    if (valid) {
        bool control = pr_utf8_has_control(s);
        for (size_t i = 0; i < n; i++)
            assert(control || (data[i] >= 0x20 && data[i] != 0x7f));
    }
    return 0;
}
