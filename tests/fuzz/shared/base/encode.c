/* Any bytes encoded and decoded are the same again; any text that decodes is what its bytes encode
 * to. */
#include "shared/base/encode.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <ctype.h>

static void check_bytes(const uint8_t *data, size_t n)
{
    char *text = pr_alloc(PR_BASE64_SIZE(n) + 2 * n + 1), *back = pr_alloc(n);
    size_t room = n;
    pr_base64_encode(data, n, text);
    assert(pr_base64_decode(pr_str(text), back, &room) && room == n && !memcmp(back, data, n));
    pr_base64url_encode(data, n, text);
    assert(pr_base64url_decode(pr_str(text), back, &room) && room == n && !memcmp(back, data, n));
    pr_hex_encode(data, n, text);
    assert(pr_hex_decode(pr_str(text), back, n) && !memcmp(back, data, n));
    free(text);
    free(back);
}

static void check_uri(struct pr_str data)
{
    struct pr_buf text;
    char *back = pr_alloc(3 * data.n);
    size_t n;
    pr_buf_init(&text, 3 * data.n);
    pr_uri_encode(&text, data, false);
    assert(!text.full && pr_uri_decode(pr_buf_str(&text), back, &n));
    assert(pr_str_eq(pr_str_n(back, n), data));
    pr_buf_fini(&text);
    free(back);
    back = pr_alloc(data.n);
    if (pr_uri_decode(data, back, &n))
        assert(n <= data.n);
    free(back);
}

static void check_text(struct pr_str data)
{
    size_t n = data.n;
    char *bytes = pr_alloc(n), *text = pr_alloc(PR_BASE64_SIZE(n) + 2 * n + 1);
    if (pr_base64_decode(data, bytes, &n)) {
        pr_base64_encode(bytes, n, text);
        assert(pr_str_is(data, text));
    }
    n = data.n;
    if (pr_base64url_decode(data, bytes, &n)) {
        pr_base64url_encode(bytes, n, text);
        assert(pr_str_is(data, text));
    }
    if (pr_hex_decode(data, bytes, data.n / 2)) {
        pr_hex_encode(bytes, data.n / 2, text);
        for (size_t i = 0; i < data.n; i++)
            assert(text[i] == tolower(data.p[i]));
    }
    free(bytes);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_bytes(data, n);
    check_uri(pr_str_n(data, n));
    check_text(pr_str_n(data, n));
    return 0;
}
