/* What is handed on to media: who is let through, what arrives, and what never does. */
#include "shared/base/alloc.h"
#include "tests/integration/services/gateway/rig.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

static size_t count_in_head(const struct rig *rig, const char *name)
{
    struct pr_str rest = pr_buf_str(&rig->call.answer_head), line;
    size_t count = 0;
    while (rest.n > 0) {
        pr_str_cut(rest, '\n', &line, &rest);
        count += pr_str_has_prefix(line, pr_str(name));
    }
    return count;
}

static void test_stranger_stays_outside(void **state)
{
    static const char *const strangers[] = {
        "",
        "Bearer",
        "Basic YWxpY2U6eA==",
        "prt_nobody",
        "prt_0000000000000000000000000000000000000000000",
        "prs_0000000000000000000000000000000000000000000",
        "Bearer prs_0000000000000000000000000000000000000000000",
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < PR_COUNT(strangers); i++) {
        assert_int_equal(rig_ask_as(rig, strangers[i], "GET", "/api/media", NULL), 401);
        assert_header(rig, "www-authenticate", "Bearer");
        assert_int_equal(count_in_head(rig, "www-authenticate:"), 1);
        assert_answer_has(rig, "request_id");
    }
    assert_int_equal(rig->arrived, 0);
}

static void test_account_is_let_through_as_itself(void **state)
{
    struct rig *rig = *state;
    const char *const credentials[] = {rig->token_text, rig->session_text};
    for (size_t i = 0; i < PR_COUNT(credentials); i++) {
        assert_int_equal(
            rig_ask_as(rig, credentials[i], "GET", "/api/media?limit=2&cursor=a%26b", NULL), 207);
        assert_answer_has(rig, "alice GET /media?limit=2&cursor=a%26b\n");
        assert_int_equal(
            rig_ask_as(rig, credentials[i], "GET", "/api/media/0192f0c1/a%2Fb%20c", NULL), 207);
        assert_answer_has(rig, "alice GET /media/0192f0c1/a%2Fb%20c?\n");
        assert_header(rig, "ratelimit-limit", "1000000");
    }
    assert_int_equal(rig->arrived, 4);
}

/* What would be believed behind the door comes from the gateway alone; secrets end there. */
static void test_headers_of_the_client_end_here(void **state)
{
    struct rig *rig = *state;
    rig_identify(rig, rig->token_text);
    rig_add_header(rig, "x-pierrot-identity", "forged");
    rig_add_header(rig, "X-Pierrot-Identity", "forged again");
    rig_add_header(rig, "cookie", "session=secret");
    rig_add_header(rig, "x-forwarded-for", "10.0.0.1");
    assert_int_equal(rig_ask(rig, "GET", "/api/media", NULL), 207);
    assert_answer_has(rig, "alice GET /media?\nauthorization=\ncookie=\nx-forwarded-for=\n");
}

static void test_body_goes_along(void **state)
{
    struct rig *rig = *state;
    char *large = pr_alloc(RIG_BODY_MAX_BYTES + 2);
    memset(large, ' ', RIG_BODY_MAX_BYTES + 1);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "POST", "/api/media", "{\"a\": 1}"), 207);
    assert_answer_has(rig, "alice POST /media?\n");
    assert_answer_has(rig, "content-type=application/json\nbody={\"a\": 1}");
    assert_int_equal(rig_ask_as(rig, rig->token_text, "POST", "/api/media", large), 413);
    large[RIG_BODY_MAX_BYTES] = 0;
    assert_int_equal(rig_ask_as(rig, rig->token_text, "POST", "/api/media", large), 207);
    assert_int_equal(rig->arrived, 2);
    free(large);
}

#define GUEST "prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8Q"
#define OTHER "prg_BQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8Q"

/* Media hears for whom we ask, and the token; of what else a client sends, nothing. */
static void test_guests_are_handed_on(void **state)
{
    struct rig *rig = *state;
    rig_add_header(rig, "x-forwarded-for", "2001:db8::7");
    rig_add_header(rig, "x-pierrot-client", "forged");
    rig_add_header(rig, "x-pierrot-guest", "forged");
    rig_add_header(rig, "cookie", "a=b; __Secure-pierrot_guest=" GUEST "; c=d");
    assert_int_equal(rig_ask(rig, "GET", "/api/guest/ada/wedding?x=1", NULL), 207);
    assert_answer_has(rig, "2001:db8::7 GET /guest/ada/wedding?x=1\nguest=" GUEST " cookie= ");
    assert_header(rig, "set-cookie", "pierrot_guest=prg_x; Path=/api/guest/a/b");
    rig_identify(rig, "Bearer " OTHER);
    rig_add_header(rig, "cookie", "__Secure-pierrot_guest=" GUEST);
    assert_int_equal(rig_ask(rig, "GET", "/api/guest/ada/wedding/photos/x", NULL), 207);
    assert_answer_has(rig, "127.0.0.1 GET /guest/ada/wedding/photos/x?\nguest=" OTHER " ");
    assert_int_equal(rig_ask(rig, "POST", "/api/guest/ada/wedding/access", "{}"), 207);
    assert_answer_has(rig, "127.0.0.1 POST /guest/ada/wedding/access?\nguest= cookie= body={}");
}

/* Nor is anybody's own token one of a guest, or under another cookie's name. */
static void test_who_is_no_guest_brings_no_token(void **state)
{
    struct rig *rig = *state;
    const char *const credentials[] = {rig->token_text, rig->session_text, "Bearer prg_short",
                                       "Basic " GUEST};
    for (size_t i = 0; i < PR_COUNT(credentials); i++) {
        assert_int_equal(rig_ask_as(rig, credentials[i], "GET", "/api/guest/ada/wedding", NULL),
                         207);
        assert_answer_has(rig, "\nguest= cookie= ");
    }
    rig_add_header(rig, "cookie", "pierrot_guest=" GUEST "; __Host-pierrot_session=" GUEST);
    assert_int_equal(rig_ask(rig, "GET", "/api/guest/ada/wedding", NULL), 207);
    assert_answer_has(rig, "\nguest= cookie= ");
    rig_add_header(rig, "origin", "https://elsewhere.example");
    assert_int_equal(rig_ask(rig, "POST", "/api/guest/ada/wedding/access", "{}"), 403);
}

static void test_other_paths_are_not_there(void **state)
{
    static const char *const paths[] = {"/media",      "/api",           "/api/medium",
                                        "/api/mediaX", "/apimedia",      "//api/media",
                                        "/api/",       "/api/tokens/x/y"};
    struct rig *rig = *state;
    for (size_t i = 0; i < PR_COUNT(paths); i++)
        assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", paths[i], NULL), 404);
    assert_int_equal(rig->arrived, 0);
}

static void test_other_methods_are_told(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_ask_as(rig, rig->token_text, "PUT", "/api/accounts/me", "{}"), 405);
    assert_header(rig, "allow", "GET, HEAD, OPTIONS, PATCH, DELETE");
}

static void test_database_that_is_away_is_a_503(void **state)
{
    struct rig *rig = *state;
    gate_fail(&rig->world->gate, 1, PR_ERR_UNAVAILABLE, false);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 503);
    assert_int_equal(rig_header(rig, "www-authenticate").n, 0);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 207);
}

static void test_service_that_is_away_is_a_503(void **state)
{
    struct rig *rig = *state;
    rig_close_server(rig, &rig->media);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 503);
}

static void test_client_that_leaves_while_it_is_looked_up(void **state)
{
    struct rig *rig = *state;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(rig->public)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    gate_hold(&rig->world->gate, true);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    dprintf(fd, "GET /api/media HTTP/1.1\r\nhost: t\r\nauthorization: Bearer %s\r\n\r\n",
            rig->token_text);
    loop_until(&rig->loop, gate_held(&rig->world->gate) == 1);
    close(fd);
    loop_run_for(&rig->loop, 100);
    gate_hold(&rig->world->gate, false);
    gate_release_all(&rig->world->gate);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 207);
}

#define GATEWAY_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATEWAY_TEST(test_stranger_stays_outside),
        GATEWAY_TEST(test_account_is_let_through_as_itself),
        GATEWAY_TEST(test_headers_of_the_client_end_here),
        GATEWAY_TEST(test_body_goes_along),
        GATEWAY_TEST(test_guests_are_handed_on),
        GATEWAY_TEST(test_who_is_no_guest_brings_no_token),
        GATEWAY_TEST(test_other_paths_are_not_there),
        GATEWAY_TEST(test_other_methods_are_told),
        GATEWAY_TEST(test_database_that_is_away_is_a_503),
        GATEWAY_TEST(test_service_that_is_away_is_a_503),
        GATEWAY_TEST(test_client_that_leaves_while_it_is_looked_up),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
