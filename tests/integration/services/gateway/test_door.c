/* The way to a handler: who may do what, whose pages may, how often. */
#include "shared/base/alloc.h"
#include "tests/integration/services/gateway/rig.h"
#include "tests/support/logs.h"

#include <stdio.h>

#define NOBODY "prt_0000000000000000000000000000000000000000000"
#define SOME_ID "/0192f0c1-7a00-7000-8000-000000000001"

/* ---- role and scope ---- */

/* A token of an account of this role with these scopes. */
static const char *token_with(struct rig *rig, enum identity_role role, unsigned scopes)
{
    static char text[SECRET_TEXT];
    static int count;
    char name[16];
    snprintf(name, sizeof name, "someone-%d", ++count);
    struct account account = gateway_world_add_account(rig->world, name, role);
    struct credential token =
        gateway_world_add_credential(rig->world, &account.id, CREDENTIAL_TOKEN, text);
    fake_credential_repo_find(&rig->world->credentials, &token.id)->credential.scopes = scopes;
    return text;
}

static void test_who_may_do_what(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int stranger, reader, writer, user, limited_admin, admin;
    } cases[] = {
        {"GET", "/api/server", NULL, 200, 200, 200, 200, 200, 200},
        {"GET", "/api/accounts/me", NULL, 401, 200, 403, 200, 200, 200},
        {"HEAD", "/api/accounts/me", NULL, 401, 200, 403, 200, 200, 200},
        {"PATCH", "/api/accounts/me", "{}", 401, 403, 400, 400, 400, 400},
        {"POST", "/api/accounts/me/password", "{}", 401, 403, 400, 400, 400, 400},
        {"GET", "/api/sessions", NULL, 401, 200, 403, 200, 200, 200},
        {"DELETE", "/api/sessions" SOME_ID, NULL, 401, 403, 404, 404, 404, 404},
        {"GET", "/api/tokens", NULL, 401, 200, 403, 200, 200, 200},
        {"POST", "/api/tokens", "{}", 401, 403, 400, 400, 400, 400},
        {"DELETE", "/api/tokens" SOME_ID, NULL, 401, 403, 404, 404, 404, 404},
        {"GET", "/api/media", NULL, 401, 207, 403, 207, 207, 207},
        {"DELETE", "/api/media/x", NULL, 401, 403, 207, 207, 207, 207},
        {"GET", "/api/accounts", NULL, 401, 403, 403, 403, 403, 200},
        {"PATCH", "/api/accounts" SOME_ID, "{}", 401, 403, 403, 403, 403, 400},
        {"GET", "/api/invites", NULL, 401, 403, 403, 403, 403, 200},
        {"POST", "/api/invites", "{\"role\": 1}", 401, 403, 403, 403, 403, 400},
        {"DELETE", "/api/invites" SOME_ID, NULL, 401, 403, 403, 403, 403, 404},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        const struct {
            int status;
            const char *who;
            enum identity_role role;
            unsigned scopes;
        } callers[] = {
            {cases[i].stranger, "stranger", ROLE_USER, 0},
            {cases[i].reader, "reader", ROLE_USER, SCOPE_READ},
            {cases[i].writer, "writer", ROLE_USER, SCOPE_WRITE},
            {cases[i].user, "user", ROLE_USER, SCOPE_ALL},
            {cases[i].limited_admin, "limited administrator", ROLE_ADMIN, SCOPE_READ | SCOPE_WRITE},
            {cases[i].admin, "administrator", ROLE_ADMIN, SCOPE_ALL},
        };
        for (size_t j = 0; j < PR_COUNT(callers); j++) {
            const char *token = j ? token_with(rig, callers[j].role, callers[j].scopes) : NULL;
            int status = rig_ask_as(rig, token, cases[i].method, cases[i].path, cases[i].body);
            if (status != callers[j].status)
                fail_msg("%s %s as %s: %d instead of %d", cases[i].method, cases[i].path,
                         callers[j].who, status, callers[j].status);
        }
        rig->world->accounts.rows_n = 1; /* there is room for some only */
    }
}

static void test_authorization_beats_the_cookie(void **state)
{
    struct rig *rig = *state;
    char cookie[128];
    snprintf(cookie, sizeof cookie, "__Host-pierrot_session=%s", rig->session_text);
    rig_add_header(rig, "cookie", cookie);
    assert_int_equal(rig_ask_as(rig, NOBODY, "GET", "/api/accounts/me", NULL), 401);
    rig_add_header(rig, "cookie", cookie);
    assert_int_equal(rig_ask_as(rig, "Basic eDp5", "GET", "/api/accounts/me", NULL), 401);
    rig_add_header(rig, "cookie", cookie);
    assert_int_equal(rig_ask(rig, "GET", "/api/accounts/me", NULL), 200);
}

static void test_public_routes_ask_nobody(void **state)
{
    struct rig *rig = *state;
    unsigned before = rig->world->gate.passed;
    assert_int_equal(rig_ask_as(rig, NOBODY, "GET", "/api/server", NULL), 200);
    assert_answer_has(rig, "{\"signup\":\"open\",\"version\":\"1.2.3\"}");
    assert_int_equal(rig->world->gate.passed, before);
}

/* ---- other sites ---- */

static int write_from(struct rig *rig, const char *credential, const char *site, const char *origin)
{
    if (site)
        rig_add_header(rig, "sec-fetch-site", site);
    if (origin)
        rig_add_header(rig, "origin", origin);
    return rig_ask_as(rig, credential, "DELETE", "/api/media/x", NULL);
}

static void test_another_site_cannot_write_with_our_cookie(void **state)
{
    struct rig *rig = *state;
    const char *session = rig->session_text;
    assert_int_equal(write_from(rig, session, NULL, NULL), 207);
    assert_int_equal(write_from(rig, session, "same-origin", "https://photos.example"), 207);
    assert_int_equal(write_from(rig, session, "cross-site", "https://evil.example"), 403);
    assert_answer_has(rig, "another site");
    assert_int_equal(write_from(rig, session, "same-site", "https://photos.example"), 403);
    assert_int_equal(write_from(rig, session, NULL, "https://app.example"), 403);
    assert_int_equal(rig->arrived, 2);
    assert_int_equal(write_from(rig, rig->token_text, "cross-site", "https://app.example"), 207);
    rig_add_header(rig, "sec-fetch-site", "cross-site");
    assert_int_equal(rig_ask_as(rig, session, "GET", "/api/media", NULL), 207);
}

static void test_another_site_logs_nobody_in(void **state)
{
    static const char *const paths[] = {"/api/sessions", "/api/accounts"};
    struct rig *rig = *state;
    for (size_t i = 0; i < PR_COUNT(paths); i++) {
        rig_add_header(rig, "origin", "https://evil.example");
        assert_int_equal(rig_ask(rig, "POST", paths[i], "{}"), 403);
        rig_add_header(rig, "origin", "https://photos.example");
        assert_int_equal(rig_ask(rig, "POST", paths[i], "{}"), 400);
        assert_int_equal(rig_ask(rig, "POST", paths[i], "{}"), 400);
    }
}

static void test_pages_that_may_read(void **state)
{
    struct rig *rig = *state;
    rig_add_header(rig, "origin", "https://app.example");
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 207);
    assert_header(rig, "access-control-allow-origin", "https://app.example");
    assert_header(rig, "vary", "origin");
    assert_true(rig_header(rig, "access-control-expose-headers").n > 0);
    rig_add_header(rig, "origin", "https://evil.example");
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/media", NULL), 207);
    assert_int_equal(rig_header(rig, "access-control-allow-origin").n, 0);
    assert_int_equal(rig_header(rig, "access-control-expose-headers").n, 0);
    assert_header(rig, "vary", "origin");
}

static void test_preflight(void **state)
{
    struct rig *rig = *state;
    rig_add_header(rig, "origin", "https://app.example");
    assert_int_equal(rig_ask(rig, "OPTIONS", "/api/media/a/b", NULL), 204);
    assert_header(rig, "access-control-allow-origin", "https://app.example");
    assert_header(rig, "access-control-max-age", "600");
    assert_int_equal(rig_header(rig, "access-control-allow-credentials").n, 0);
    assert_int_equal(rig_ask(rig, "OPTIONS", "/api/tokens", NULL), 204);
    assert_int_equal(rig_header(rig, "access-control-allow-methods").n, 0);
    assert_int_equal(rig_ask(rig, "OPTIONS", "/api/nothing", NULL), 404);
}

/* ---- limits ---- */

static void set_limits(struct rig *rig, int64_t login, int64_t write, int64_t read)
{
    rates_init(&rig->config.rates, &(struct rate_settings){
                                       .login = {login, 60},
                                       .signup = {1, 3600},
                                       .write = {write, 60},
                                       .read = {read, 60},
                                   });
}

static int ask_from(struct rig *rig, const char *address, const char *credential,
                    const char *method, const char *path)
{
    rig_add_header(rig, "x-forwarded-for", address);
    return rig_ask_as(rig, credential, method, path, NULL);
}

static void test_an_address_has_so_many_requests(void **state)
{
    struct rig *rig = *state;
    set_limits(rig, 0, 0, 3);
    for (int left = 2; left >= 0; left--) {
        char text[8];
        snprintf(text, sizeof text, "%d", left);
        assert_int_equal(ask_from(rig, "192.0.2.1", NULL, "GET", "/api/server"), 200);
        assert_header(rig, "ratelimit-limit", "3");
        assert_header(rig, "ratelimit-remaining", text);
        assert_int_equal(rig_header(rig, "retry-after").n, 0);
    }
    assert_header(rig, "ratelimit-reset", "60");
    assert_int_equal(ask_from(rig, "192.0.2.1", NULL, "GET", "/api/server"), 429);
    assert_header(rig, "retry-after", "20");
    assert_header(rig, "ratelimit-remaining", "0");
    assert_answer_has(rig, "too many requests");
    assert_int_equal(ask_from(rig, "192.0.2.2", NULL, "GET", "/api/server"), 200);
    test_clock_move(&rig->world->clock, 20000);
    assert_int_equal(ask_from(rig, "192.0.2.1", NULL, "GET", "/api/server"), 200);
    assert_int_equal(ask_from(rig, "192.0.2.1", NULL, "GET", "/api/server"), 429);
}

/* The address comes first: who has none left is not even looked up. */
static void test_an_address_over_its_limit_asks_no_database(void **state)
{
    struct rig *rig = *state;
    set_limits(rig, 0, 0, 1);
    assert_int_equal(ask_from(rig, "192.0.2.1", NULL, "GET", "/api/server"), 200);
    unsigned before = rig->world->gate.passed;
    assert_int_equal(ask_from(rig, "192.0.2.1", rig->token_text, "GET", "/api/accounts/me"), 429);
    assert_int_equal(rig->world->gate.passed, before);
}

static void test_an_account_has_its_own_limit(void **state)
{
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    struct rig *rig = *state;
    set_limits(rig, 0, 3, 0);
    for (size_t i = 0; i < PR_COUNT(addresses); i++) {
        int status = ask_from(rig, addresses[i], rig->token_text, "DELETE", "/api/media/x");
        assert_int_equal(status, i < 3 ? 207 : 429);
    }
    assert_header(rig, "ratelimit-limit", "3");
    assert_int_equal(
        ask_from(rig, "192.0.2.5", token_with(rig, ROLE_USER, SCOPE_ALL), "DELETE", "/api/media/x"),
        207);
    assert_int_equal(ask_from(rig, "192.0.2.5", rig->token_text, "GET", "/api/media"), 207);
    assert_int_equal(rig_header(rig, "ratelimit-limit").n, 0); /* reads have none here */
}

static void test_guesses_at_one_account_are_counted(void **state)
{
    static const char body[] = "{\"email\": \"alice@example.com\", \"password\": \"wrong one\"}";
    struct rig *rig = *state;
    for (int i = 0; i <= GATEWAY_WORLD_LIMIT; i++) {
        char address[16];
        snprintf(address, sizeof address, "192.0.2.%d", i);
        rig_add_header(rig, "x-forwarded-for", address);
        int status = rig_ask(rig, "POST", "/api/sessions", body);
        assert_int_equal(status, i < GATEWAY_WORLD_LIMIT ? 401 : 429);
    }
    assert_header(rig, "retry-after", "12");
    assert_header(rig, "ratelimit-limit", "5");
    assert_header(rig, "ratelimit-remaining", "0");
}

#define DOOR_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(test_who_may_do_what),
        DOOR_TEST(test_authorization_beats_the_cookie),
        DOOR_TEST(test_public_routes_ask_nobody),
        DOOR_TEST(test_another_site_cannot_write_with_our_cookie),
        DOOR_TEST(test_another_site_logs_nobody_in),
        DOOR_TEST(test_pages_that_may_read),
        DOOR_TEST(test_preflight),
        DOOR_TEST(test_an_address_has_so_many_requests),
        DOOR_TEST(test_an_address_over_its_limit_asks_no_database),
        DOOR_TEST(test_an_account_has_its_own_limit),
        DOOR_TEST(test_guesses_at_one_account_are_counted),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
