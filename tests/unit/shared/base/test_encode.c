#include "shared/base/encode.h"

#include "tests/support/test.h"

/* RFC 4648, section 10. */
static const struct {
    const char *plain, *base64, *base64url, *hex;
} vectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
    {"\xfb\xff\xbf", "+/+/", "-_-_", "fbffbf"},
};

static void test_vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char text[32], back[32];
        size_t n = strlen(vectors[i].plain), room;

        pr_base64_encode(vectors[i].plain, n, text);
        assert_string_equal(text, vectors[i].base64);
        assert_true(strlen(text) + 1 <= PR_BASE64_SIZE(n));
        room = sizeof back;
        assert_true(pr_base64_decode(pr_str(text), back, &room));
        assert_int_equal(room, n);
        assert_memory_equal(back, vectors[i].plain, n);

        pr_base64url_encode(vectors[i].plain, n, text);
        assert_string_equal(text, vectors[i].base64url);
        room = n; /* just enough */
        assert_true(pr_base64url_decode(pr_str(text), back, &room));
        assert_int_equal(room, n);
        assert_memory_equal(back, vectors[i].plain, n);

        pr_hex_encode(vectors[i].plain, n, text);
        assert_string_equal(text, vectors[i].hex);
        assert_true(pr_hex_decode(pr_str(text), back, n));
        assert_memory_equal(back, vectors[i].plain, n);
    }
}

static void test_base64_decoding_is_strict(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        PR_STR("Zg"),    PR_STR("Zg="),      PR_STR("Zg==="), PR_STR("Zh=="),
        PR_STR("Zm9="),  PR_STR("Zm9v "),    PR_STR("Zm 9v"), PR_STR("\nZm9v"),
        PR_STR("Zm9v="), PR_STR("-_-_"),     PR_STR("Z"),     PR_STR("="),
        PR_STR("===="),  PR_STR("Zg==Zg=="), PR_STR("Zm\0v"), PR_STR("Zm9\x80"),
    };
    char out[32];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n = sizeof out;
        assert_false(pr_base64_decode(bad[i], out, &n));
    }
    static const struct pr_str bad_url[] = {PR_STR("Zg=="), PR_STR("Zh"), PR_STR("+/+/"),
                                            PR_STR("Zm9vY"), PR_STR("Zm9v\n")};
    for (size_t i = 0; i < sizeof bad_url / sizeof *bad_url; i++) {
        size_t n = sizeof out;
        assert_false(pr_base64url_decode(bad_url[i], out, &n));
    }
}

static void test_every_byte_that_is_no_digit_is_refused(void **state)
{
    (void)state;
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (int c = 0; c < 256; c++) {
        char text[] = {'Z', 'm', '9', (char)c}, out[3];
        bool digit = c && strchr(common, c);
        size_t n = sizeof out;
        assert_int_equal(pr_base64_decode(pr_str_n(text, 4), out, &n),
                         digit || c == '+' || c == '/');
        n = sizeof out;
        assert_int_equal(pr_base64url_decode(pr_str_n(text, 4), out, &n),
                         digit || c == '-' || c == '_');
    }
}

static void test_base64_never_writes_past_the_room(void **state)
{
    (void)state;
    char out[4] = "abc";
    size_t n = 2;
    assert_false(pr_base64_decode(pr_str("Zm9v"), out, &n));
    assert_int_equal(out[2], 'c');
    n = 0;
    assert_true(pr_base64_decode(pr_str_n(NULL, 0), out, &n));
    assert_int_equal(n, 0);
}

static void test_hex_decoding_is_strict(void **state)
{
    (void)state;
    uint8_t out[2];
    assert_true(pr_hex_decode(pr_str("aBcD"), out, 2));
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xcd);
    assert_false(pr_hex_decode(pr_str("abc"), out, 2));
    assert_false(pr_hex_decode(pr_str("abcde"), out, 2));
    assert_false(pr_hex_decode(pr_str("abcg"), out, 2));
    assert_false(pr_hex_decode(pr_str("0xab"), out, 2));
    assert_false(pr_hex_decode(pr_str("ab d"), out, 2));
    assert_true(pr_hex_decode(pr_str_n(NULL, 0), out, 0));
}

static void check_uri(struct pr_str plain, bool keep_slash, const char *encoded)
{
    struct pr_buf out;
    char back[1024];
    size_t n;
    pr_buf_init(&out, sizeof back);
    pr_uri_encode(&out, plain, keep_slash);
    assert_true(pr_str_is(pr_buf_str(&out), encoded));
    assert_true(pr_uri_decode(pr_buf_str(&out), back, &n));
    assert_true(pr_str_eq(pr_str_n(back, n), plain));
    pr_buf_fini(&out);
}

static void test_uri_keeps_only_the_unreserved(void **state)
{
    (void)state;
    check_uri(pr_str("AZaz09-._~"), false, "AZaz09-._~");
    check_uri(pr_str("a b+c"), false, "a%20b%2Bc");
    check_uri(pr_str("a/b"), false, "a%2Fb");
    check_uri(pr_str("a/b"), true, "a/b");
    check_uri(pr_str("%"), true, "%25");
    check_uri(pr_str("\xc3\xa4"), true, "%C3%A4");
    check_uri(pr_str_n("\0\x7f\xff", 3), true, "%00%7F%FF");
    check_uri(pr_str_n(NULL, 0), true, "");
    check_uri(pr_str("!*'();:@&=$,?#[]"), false,
              "%21%2A%27%28%29%3B%3A%40%26%3D%24%2C%3F%23%5B%5D");
}

static void test_uri_decoding(void **state)
{
    (void)state;
    char out[16];
    size_t n;
    assert_true(pr_uri_decode(pr_str("a+b%2f%2F"), out, &n));
    assert_true(pr_str_is(pr_str_n(out, n), "a+b//"));
    assert_true(pr_uri_decode(pr_str("%00"), out, &n));
    assert_int_equal(n, 1);
    static const char *const bad[] = {"%", "%2", "a%", "%g0", "%0g", "%%20", "%-1", "% 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pr_uri_decode(pr_str(bad[i]), out, &n));
}

static void test_documents_keep_their_markup(void **state)
{
    (void)state;
    char text[128];
    struct pr_buf out;
    pr_buf_init(&out, sizeof text);
    pr_xml_escape(&out, pr_str("a<b> & \"c\" \xc3\xa9 &amp;"));
    assert_true(pr_str_is(pr_buf_str(&out), "a&lt;b&gt; &amp; &quot;c&quot; \xc3\xa9 &amp;amp;"));
    pr_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_both_ways),
        cmocka_unit_test(test_base64_decoding_is_strict),
        cmocka_unit_test(test_every_byte_that_is_no_digit_is_refused),
        cmocka_unit_test(test_base64_never_writes_past_the_room),
        cmocka_unit_test(test_hex_decoding_is_strict),
        cmocka_unit_test(test_uri_keeps_only_the_unreserved),
        cmocka_unit_test(test_uri_decoding),
        cmocka_unit_test(test_documents_keep_their_markup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
