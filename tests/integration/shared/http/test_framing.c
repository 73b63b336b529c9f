/* Where one request ends and the next begins. Each case is sent as it stands, and behind it a plain
 * request for /last that ends the connection. Either the case is refused and nothing behind it is
 * read, or the handler sees the requests its framing says, with the bodies it says, and then /last.
 */
#include "shared/base/alloc.h"
#include "tests/integration/shared/http/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static struct harness h;

static void echo(void *arg, struct http_request *req)
{
    struct pr_buf text;
    (void)arg;
    pr_buf_init(&text, 1 << 20);
    pr_buf_puts(&text, "<");
    pr_buf_append(&text, http_req_method(req));
    pr_buf_puts(&text, " ");
    pr_buf_append(&text, http_req_path(req));
    pr_buf_puts(&text, " ");
    pr_buf_append(&text, http_req_header(req, "host"));
    pr_buf_puts(&text, " ");
    pr_buf_append(&text, http_req_body(req));
    pr_buf_puts(&text, ">");
    http_reply(req, 200, "text/plain", pr_buf_str(&text));
    pr_buf_fini(&text);
}

static const struct http_route routes[] = {
    {"POST", "/a", echo, HTTP_PUBLIC, 1000, NULL},
    {"GET", "/a", echo, HTTP_PUBLIC, 0, NULL},
    {"GET", "/smuggled", echo, HTTP_PUBLIC, 0, NULL},
    {"GET", "/last", echo, HTTP_PUBLIC, 0, NULL},
    {0},
};

#define LAST "GET /last HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
#define LAST_SEEN "200<GET /last t >"
#define GET_SEEN "200<GET /a t >" LAST_SEEN
#define POST_SEEN "200<POST /a t abc>" LAST_SEEN
#define EMPTY_SEEN "200<POST /a t >" LAST_SEEN

#define POST "POST /a HTTP/1.1\r\nHost: t\r\n"
#define GET "GET /a HTTP/1.1\r\nHost: t\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(value) POST "Content-Length:" value "\r\n\r\nabc"
#define ENCODING(line) POST line "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define X4096 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256

struct framing {
    struct pr_str text;
    const char *seen; /* statuses, and what the handler saw; "": closed without an answer */
};

#define CASE(text, seen)                                                                           \
    {                                                                                              \
        PR_STR(text), seen                                                                         \
    }

static const struct framing plain[] = {
    CASE(LENGTH(" 3"), POST_SEEN),
    CASE(LENGTH("3"), POST_SEEN),
    CASE(LENGTH("\t  3"), POST_SEEN),
    CASE(LENGTH(" 0003"), POST_SEEN),
    CASE(POST "Content-Length: 0\r\n\r\n", EMPTY_SEEN),
    CASE(POST "\r\n", EMPTY_SEEN),
    CASE(ENCODING("Transfer-Encoding: chunked"), POST_SEEN),
    CASE(ENCODING("TRANSFER-ENCODING:\tChunked"), POST_SEEN),
    CASE(GET "\r\n", GET_SEEN),
    CASE(GET "Connection: keep-alive\r\n\r\n", GET_SEEN),
    CASE(GET "Connection: Transfer-Encoding, keep-alive\r\n\r\n", GET_SEEN),
    CASE(GET "Connection: close\r\n\r\n", "200<GET /a t >"),
    CASE(GET "Upgrade: h2c\r\nConnection: keep-alive, Upgrade\r\nHTTP2-Settings: AAAA\r\n\r\n",
         GET_SEEN),
    CASE("GET /a HTTP/1.0\r\n\r\n", "200<GET /a  >"),
    CASE("GET /a HTTP/1.0\r\nConnection: keep-alive\r\nHost: t\r\n\r\n", GET_SEEN),
    CASE("\r\n" GET "\r\n", GET_SEEN),
    CASE(POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "100" POST_SEEN),
    CASE(GET "Content-Length: 3\r\n\r\nabc", "413" LAST_SEEN),
    CASE(LENGTH(" 3") LENGTH(" 3"), "200<POST /a t abc>" POST_SEEN),
    /* Lines may end without a CR (RFC 9112 section 2.2). */
    CASE("POST /a HTTP/1.1\nHost: t\nContent-Length: 3\n\nabc", POST_SEEN),
};

static const struct framing lengths[] = {
    CASE(POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
              "GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n",
         "400"),
    CASE(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE(POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400"),
    CASE(POST "Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", "400"),
    CASE(POST "Content-Length: 0\r\ncontent-length: 44\r\n\r\n"
              "GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n",
         "400"),
    CASE(LENGTH(" 3, 3"), "400"),
    CASE(LENGTH(" 3,4"), "400"),
    CASE(LENGTH(" +3"), "400"),
    CASE(LENGTH(" -3"), "400"),
    CASE(LENGTH(" 0x3"), "400"),
    CASE(LENGTH(" 3 0"), "400"),
    CASE(LENGTH(" 3.0"), "400"),
    CASE(LENGTH(" 3;"), "400"),
    CASE(LENGTH(" \"3\""), "400"),
    CASE(LENGTH(""), "400"),
    CASE(LENGTH(" 18446744073709551619"), "400"),
    CASE(LENGTH(" 99999999999999999999999"), "400"),
    CASE(LENGTH(" 9223372036854775807"), "413"),
    CASE(LENGTH(" 3\r\n x"), "400"),
    CASE(POST "Content-Length : 3\r\n\r\nabc", "400"),
    CASE(POST "Content-Length\x0b: 3\r\n\r\nabc", "400"),
    CASE(POST " Content-Length: 3\r\n\r\nabc", "400"),
    /* Another name: it has no length, and what follows is a method abcGET. */
    CASE(POST "Content_Length: 3\r\n\r\nabc", "200<POST /a t >405"),
};

static const struct framing encodings[] = {
    CASE(ENCODING("Transfer-Encoding: xchunked"), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked, identity"), "400"),
    CASE(ENCODING("Transfer-Encoding: identity"), "400"),
    CASE(ENCODING("Transfer-Encoding: gzip, chunked"), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked;q=1"), "400"),
    CASE(ENCODING("Transfer-Encoding: \"chunked\""), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked\x0b"), "400"),
    CASE(ENCODING("Transfer-Encoding:"), "400"),
    CASE(ENCODING("Transfer-Encoding : chunked"), "400"),
    CASE(ENCODING("Transfer-Encoding:\r\n chunked"), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked\r\n\tx"), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "400"),
    CASE(ENCODING("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), "400"),
    CASE(ENCODING("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), "400"),
    CASE("POST /a HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "400"),
};

static const struct framing chunks[] = {
    CASE(CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", POST_SEEN),
    CASE(CHUNKED "0000000000000003\r\nabc\r\n0\r\n\r\n", POST_SEEN),
    CASE(CHUNKED "3;a=\"b\"\r\nabc\r\n0;c\r\n\r\n", POST_SEEN),
    CASE(CHUNKED "3;" X4096 X4096 X4096 X4096 "\r\nabc\r\n0\r\n\r\n", POST_SEEN),
    CASE(CHUNKED "3\r\nabc\r\n0\r\nContent-Length: 50\r\nHost: u\r\n\r\n", POST_SEEN),
    CASE(CHUNKED "0\r\n\r\n", EMPTY_SEEN), CASE(CHUNKED "3\r\nabcd\r\n0\r\n\r\n", "400"),
    CASE(CHUNKED "3\r\nabc0\r\n\r\n", "400"), CASE(CHUNKED "x\r\nabc\r\n0\r\n\r\n", "400"),
    CASE(CHUNKED "-3\r\nabc\r\n0\r\n\r\n", "400"), CASE(CHUNKED "+3\r\nabc\r\n0\r\n\r\n", "400"),
    CASE(CHUNKED " 3\r\nabc\r\n0\r\n\r\n", "400"), CASE(CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n", "400"),
    CASE(CHUNKED ";x\r\nabc\r\n0\r\n\r\n", "400"),
    CASE(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n", "400"),
    /* The rest never comes. */
    CASE(CHUNKED "FFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", ""),
    CASE(CHUNKED "8000000000000003\r\nabc\r\n0\r\n\r\n", ""),
    CASE(CHUNKED "3\r\nabc\r\n", "400"), /* the size of the next is "GET" */
};

static const struct framing heads[] = {
    CASE(GET "X-A: b\r\n c\r\n\r\n", "400"),
    CASE(GET "X-A: b\r\n\tContent-Length: 3\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\n Host: t\r\n\r\n", "400"),
    CASE(GET "X-A: b\rContent-Length: 3\r\n\r\n", "400"),
    CASE(GET "X-A: b\0c\r\n\r\n", "400"),
    CASE(GET "X\0A: b\r\n\r\n", "400"),
    CASE(GET "X-A: \x7f\r\n\r\n", "400"),
    CASE(GET ": b\r\n\r\n", "400"),
    CASE(GET "X-A\r\n\r\n", "400"),
    CASE(GET "X(A): b\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: t/u\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: t u\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: u@t\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", "400"),
    CASE("GET /a HTTP/1.1\r\nHost: T.Example:80\r\n\r\n", "200<GET /a T.Example:80 >" LAST_SEEN),
    CASE("GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200<GET /a [::1]:80 >" LAST_SEEN),
    /* We are no proxy; the host is what the header says. */
    CASE("GET http://u/a HTTP/1.1\r\nHost: t\r\n\r\n", "404" LAST_SEEN),
    CASE("GET //u/a HTTP/1.1\r\nHost: t\r\n\r\n", "404" LAST_SEEN),
    CASE("GET a HTTP/1.1\r\nHost: t\r\n\r\n", "404" LAST_SEEN),
    CASE("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "404" LAST_SEEN),
    CASE("CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n", "404" LAST_SEEN),
    CASE("get /a HTTP/1.1\r\nHost: t\r\n\r\n", "405" LAST_SEEN),
    CASE("X-ODD /a HTTP/1.1\r\nHost: t\r\n\r\n", "405" LAST_SEEN),
    CASE("post /a HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc", "405" LAST_SEEN),
    CASE(X4096 " /a HTTP/1.1\r\nHost: t\r\n\r\n", "405" LAST_SEEN),
    CASE("GE T /a HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET\t/a HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("G\0T /a HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a\0b HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET  /a HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a  HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a http/1.1\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a HTTP/2.0\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a HTTP/0.9\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a HTTP/11\r\nHost: t\r\n\r\n", "400"),
    CASE("GET /a\r\n\r\n", "400"),
    CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    CASE("\x16\x03\x01\x02garbage", "400"),
    CASE(GET "\r\n\x01\x02garbage\r\n\r\n", "200<GET /a t >400"),
    CASE(LENGTH(" 3") "\x01\x02garbage\r\n\r\n", "200<POST /a t abc>400"),
};

static const struct {
    const struct framing *cases;
    size_t count;
} tables[] = {
    {plain, PR_COUNT(plain)},   {lengths, PR_COUNT(lengths)}, {encodings, PR_COUNT(encodings)},
    {chunks, PR_COUNT(chunks)}, {heads, PR_COUNT(heads)},
};

static struct answer_text got[PR_COUNT(plain) + PR_COUNT(lengths) + PR_COUNT(encodings) +
                              PR_COUNT(chunks) + PR_COUNT(heads)];

static void send_all(struct harness *t)
{
    size_t n = 0;
    for (size_t i = 0; i < PR_COUNT(tables); i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            struct pr_str text = tables[i].cases[k].text;
            int fd = dial(t->port);
            send_bytes(fd, text.p, text.n);
            send_text(fd, LAST);
            got[n++] = read_rest(fd, 5000);
            close(fd);
        }
    }
}

/* The statuses, and what the handler saw. */
static void reduce(const char *answer, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (; *answer && n + 4 < size; answer++) {
        if (strncmp(answer, "HTTP/1.1 ", 9) == 0) {
            memcpy(out + n, answer + 9, 3);
            n += 3;
        } else if (*answer == '<') {
            size_t seen = strcspn(answer, ">") + 1;
            seen = seen < size - n - 4 ? seen : size - n - 4;
            memcpy(out + n, answer, seen);
            n += seen;
        }
        out[n] = 0;
    }
}

static void test_framing(void **state)
{
    size_t n = 0;
    unsigned wrong = 0;
    char seen[1000];
    (void)state;
    h.options.request_timeout_ms = 500;
    harness_run(&h, routes, 64, send_all);
    for (size_t i = 0; i < PR_COUNT(tables); i++) {
        for (size_t k = 0; k < tables[i].count; k++, n++) {
            const struct framing *c = &tables[i].cases[k];
            reduce(got[n].p, seen, sizeof seen);
            if (strcmp(seen, c->seen) != 0) {
                print_error("table %zu, case %zu: \"%s\", not \"%s\", for:\n%.300s\n", i, k, seen,
                            c->seen, c->text.p);
                wrong++;
            }
            free(got[n].p);
        }
    }
    assert_int_equal(wrong, 0);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_framing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
