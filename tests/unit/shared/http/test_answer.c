#include "shared/http/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char bytes[32768];
static struct answer answer;

static int parse(const char *text, bool to_head)
{
    snprintf(bytes, sizeof bytes, "%s", text);
    return answer_parse(bytes, strlen(bytes), to_head, &answer);
}

static void assert_header(size_t i, const char *name, const char *value)
{
    assert_true(pr_str_is(pr_str_n(answer.headers[i].name, answer.headers[i].name_len), name));
    assert_true(pr_str_is(pr_str_n(answer.headers[i].value, answer.headers[i].value_len), value));
}

static void test_length(void **state)
{
    (void)state;
    const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello";
    assert_int_equal(parse(text, false), strlen(text) - 5);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body, ANSWER_LENGTH);
    assert_int_equal(answer.length, 5);
    assert_true(answer.keep_alive);
    assert_int_equal(answer.headers_count, 1);
    assert_header(0, "etag", "\"x\"");
}

static void test_how_the_body_ends(void **state)
{
    static const struct {
        const char *text;
        bool to_head;
        enum answer_body body;
        int64_t length;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, ANSWER_CHUNKED, -1},
        {"HTTP/1.1 200 OK\r\n\r\n", false, ANSWER_UNTIL_CLOSE, -1},
        {"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", true, ANSWER_NO_BODY, 7},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true, ANSWER_NO_BODY, -1},
        {"HTTP/1.1 204 No Content\r\n\r\n", false, ANSWER_NO_BODY, -1},
        {"HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", false, ANSWER_NO_BODY, 7},
        {"HTTP/1.1 100 Continue\r\n\r\n", false, ANSWER_NO_BODY, -1},
        {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, ANSWER_LENGTH, 0},
        {"HTTP/1.1 200 OK\r\ncontent-length:  9223372036854775807 \r\n\r\n", false, ANSWER_LENGTH,
         INT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text, cases[i].to_head), strlen(cases[i].text));
        assert_int_equal(answer.body, cases[i].body);
        assert_int_equal(answer.length, cases[i].length);
    }
}

static void test_keep_alive(void **state)
{
    (void)state;
    parse("HTTP/1.1 200 OK\r\nconnection: x, Close\r\n\r\n", false);
    assert_false(answer.keep_alive);
    parse("HTTP/1.0 200 OK\r\n\r\n", false);
    assert_false(answer.keep_alive);
    parse("HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\n\r\n", false);
    assert_true(answer.keep_alive);
}

static void test_headers_of_one_hop_end_here(void **state)
{
    (void)state;
    assert_true(
        parse("HTTP/1.1 200 OK\r\nConnection: X-Mine , x-too\r\nX-Mine: 1\r\nX-Too: 2\r\n"
              "Keep-Alive: 5\r\nUpgrade: h2c\r\nTrailer: a\r\nTE: b\r\nProxy-Connection: c\r\n"
              "Proxy-Authenticate: d\r\nDate: e\r\nServer: f\r\nX-Request-Id: g\r\n"
              "X-Kept: yes\r\nContent-Length: 1\r\nSet-Cookie: h\r\n\r\n",
              false) > 0);
    assert_int_equal(answer.headers_count, 2);
    assert_header(0, "x-kept", "yes");
    assert_header(1, "set-cookie", "h");
}

static void test_what_is_refused(void **state)
{
    static const char *const bad[] = {
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 600 High\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0x1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775808\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: a\r\nconnection: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx a: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\x01\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (parse(bad[i], false) != -1)
            fail_msg("taken: %s", bad[i]);
    }
}

static void test_incomplete_heads(void **state)
{
    const char *text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    (void)state;
    for (size_t n = 0; n < strlen(text); n++) {
        snprintf(bytes, sizeof bytes, "%s", text);
        assert_int_equal(answer_parse(bytes, n, false, &answer), 0);
    }
}

static void test_large_heads(void **state)
{
    size_t n = (size_t)snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nx: ");
    (void)state;
    memset(bytes + n, 'y', sizeof bytes - n);
    assert_int_equal(answer_parse(bytes, ANSWER_HEAD_MAX - 1, false, &answer), 0);
    assert_int_equal(answer_parse(bytes, ANSWER_HEAD_MAX, false, &answer), -1);
    memcpy(bytes + 20000, "\r\n\r\n", 4);
    assert_int_equal(answer_parse(bytes, 20004, false, &answer), -1);

    n = (size_t)snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i <= ANSWER_HEADERS_MAX; i++)
        n += (size_t)snprintf(bytes + n, sizeof bytes - n, "x: y\r\n");
    n += (size_t)snprintf(bytes + n, sizeof bytes - n, "\r\n");
    assert_int_equal(answer_parse(bytes, n, false, &answer), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),          cmocka_unit_test(test_how_the_body_ends),
        cmocka_unit_test(test_keep_alive),      cmocka_unit_test(test_headers_of_one_hop_end_here),
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_incomplete_heads),
        cmocka_unit_test(test_large_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
