/* The gateway's own routes: what they answer, which field they blame, what the browser is given. */
#include "shared/base/alloc.h"
#include "tests/integration/services/gateway/rig.h"
#include "tests/support/logs.h"

#include <stdio.h>

#define SOME_ID "/0192f0c1-7a00-7000-8000-000000000001"
#define ALICE "{\"email\": \"alice@example.com\", \"password\": \"" GATEWAY_WORLD_PASSWORD "\"}"
#define BOB                                                                                        \
    "{\"email\": \"bob@example.com\", \"name\": \"bob\", \"password\": \"a fairly long other\"}"

/* The text of a member, as the answer has it; "" when it has none. Good until the next call. */
static const char *member(struct rig *rig, const char *name)
{
    static char text[256];
    json_t *json = json_loadb(rig->call.answer_body.p, rig->call.answer_body.n, 0, NULL);
    const char *value = json_string_value(json_object_get(json, name));
    assert_true(pr_str_copy(pr_str(value), text, sizeof text));
    json_decref(json);
    return text;
}

static void assert_fault(struct rig *rig, int status, int expected, const char *field)
{
    if (status != expected)
        fail_msg("%d: " PR_STR_FMT, status, PR_STR_ARG(pr_buf_str(&rig->call.answer_body)));
    assert_header(rig, "content-type", "application/problem+json");
    assert_string_equal(member(rig, "field"), field);
}

static void make_admin(struct rig *rig)
{
    fake_account_repo_find(&rig->world->accounts, &rig->account.id)->account.role = ROLE_ADMIN;
}

/* ---- accounts ---- */

static void test_sign_up(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_ask(rig, "POST", "/api/accounts", BOB), 201);
    assert_answer_has(rig, "\"name\":\"bob\",\"email\":\"bob@example.com\",\"tier\":\"free\","
                           "\"role\":\"user\",\"disabled\":false,"
                           "\"created_at\":\"2026-11-21T08:00:00.000Z\"}}");
    assert_fault(rig, rig_ask(rig, "POST", "/api/accounts", BOB), 409, "name");
}

static void test_bodies_that_will_not_do(void **state)
{
    static const struct {
        const char *method, *path, *body, *field;
    } cases[] = {
        {"POST", "/api/accounts", "{\"name\": \"bob\", \"password\": \"x\"}", "email"},
        {"POST", "/api/accounts",
         "{\"email\": \"b@example.com\", \"name\": \"b\", \"password\": "
         "\"a fairly long one\"}",
         "name"},
        {"POST", "/api/accounts", "{\"role\": \"admin\"}", "email"},
        {"POST", "/api/accounts", "[]", "body"},
        {"POST", "/api/accounts", "{", "body"},
        {"POST", "/api/sessions", "{\"email\": \"a@example.com\"}", "password"},
        {"POST", "/api/sessions",
         "{\"email\": \"a@example.com\", \"password\": \"x\", \"remember\": true}", "remember"},
        {"PATCH", "/api/accounts/me", "{\"name\": \"bob\"}", "name"},
        {"PATCH", "/api/accounts/me", "{\"email\": \"a@example.com\", \"tier\": \"business\"}",
         "tier"},
        {"PATCH", "/api/accounts/me", "{\"role\": \"admin\"}", "role"},
        {"PATCH", "/api/accounts/me", "{\"disabled\": false}", "disabled"},
        {"PATCH", "/api/accounts/me", "{\"email\": \"nobody\"}", "email"},
        {"POST", "/api/accounts/me/password", "{\"new_password\": \"x\"}", "current_password"},
        {"POST", "/api/tokens", "{\"name\": \"t\"}", "scopes"},
        {"POST", "/api/tokens", "{\"name\": \"t\", \"scopes\": [\"all\"]}", "scopes"},
        {"POST", "/api/tokens", "{\"name\": \"t\", \"scopes\": []}", "scopes"},
        {"POST", "/api/tokens", "{\"name\": \"\", \"scopes\": [\"read\"]}", "name"},
        {"POST", "/api/tokens", "{\"name\": \"t\", \"scopes\": [\"read\"], \"expires_in\": 0}",
         "expires_in"},
        {"PATCH", "/api/accounts" SOME_ID, "{}", "body"},
        {"PATCH", "/api/accounts" SOME_ID, "{\"tier\": \"gold\"}", "tier"},
        {"PATCH", "/api/accounts" SOME_ID, "{\"role\": \"root\"}", "role"},
        {"PATCH", "/api/accounts" SOME_ID, "{\"disabled\": 1}", "disabled"},
        {"PATCH", "/api/accounts" SOME_ID, "{\"name\": \"bob\"}", "name"},
        {"PATCH", "/api/accounts/someone", "{}", "id"},
        {"DELETE", "/api/tokens/one", NULL, "id"},
        {"DELETE", "/api/sessions/one", NULL, "id"},
        {"DELETE", "/api/invites/one", NULL, "id"},
        {"POST", "/api/invites", "{\"tier\": \"gold\"}", "tier"},
        {"POST", "/api/invites", "{\"role\": \"root\"}", "role"},
        {"POST", "/api/invites", "{\"expires_in\": 59}", "expires_in"},
        {"GET", "/api/accounts?limit=0", NULL, "limit"},
        {"GET", "/api/accounts?cursor=x", NULL, "cursor"},
    };
    struct rig *rig = *state;
    make_admin(rig);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        int status =
            rig_ask_as(rig, rig->token_text, cases[i].method, cases[i].path, cases[i].body);
        assert_fault(rig, status, 400, cases[i].field);
    }
    rig_add_header(rig, "content-type", "text/plain");
    assert_int_equal(rig_ask(rig, "POST", "/api/sessions", NULL), 415);
}

static void test_own_account(void **state)
{
    struct rig *rig = *state;
    const char *me = "/api/accounts/me";
    assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", me, NULL), 200);
    assert_answer_has(rig, "\"email\":\"alice@example.com\"");
    assert_int_equal(
        rig_ask_as(rig, rig->session_text, "PATCH", me, "{\"email\": \"New@example.com\"}"), 200);
    assert_answer_has(rig, "\"email\":\"new@example.com\"");
    assert_int_equal(rig_ask_as(rig, rig->session_text, "POST", "/api/accounts/me/password",
                                "{\"current_password\": \"" GATEWAY_WORLD_PASSWORD
                                "\", \"new_password\": \"another fairly long one\"}"),
                     204);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "DELETE", me, NULL), 204);
    assert_header(rig, "set-cookie",
                  "__Host-pierrot_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", me, NULL), 401);
}

static void test_administrators_work(void **state)
{
    struct rig *rig = *state;
    char path[64], id[PR_UUID_TEXT];
    test_clock_move(&rig->world->clock, 1000);
    struct account bob = gateway_world_add_account(rig->world, "bob", ROLE_USER);
    make_admin(rig);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/accounts?limit=1", NULL), 200);
    assert_answer_has(rig, "\"name\":\"bob\"");
    snprintf(path, sizeof path, "/api/accounts?cursor=%s", member(rig, "next_cursor"));
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", path, NULL), 200);
    assert_answer_has(rig, "\"name\":\"alice\"");
    assert_answer_has(rig, "\"next_cursor\":null");
    snprintf(path, sizeof path, "/api/accounts/%s", pr_uuid_format(&bob.id, id));
    assert_int_equal(rig_ask_as(rig, rig->token_text, "PATCH", path,
                                "{\"tier\": \"premium\", \"disabled\": true}"),
                     200);
    assert_answer_has(rig, "\"tier\":\"premium\",\"role\":\"user\",\"disabled\":true");
    snprintf(path, sizeof path, "/api/accounts/%s", pr_uuid_format(&rig->account.id, id));
    assert_int_equal(rig_ask_as(rig, rig->token_text, "PATCH", path, "{\"role\": \"user\"}"), 409);
}

/* ---- sessions ---- */

static void test_logging_in_sets_the_cookie(void **state)
{
    struct rig *rig = *state;
    rig_add_header(rig, "user-agent", "a browser");
    rig_add_header(rig, "x-forwarded-for", "192.0.2.7");
    assert_int_equal(rig_ask(rig, "POST", "/api/sessions", ALICE), 201);
    assert_answer_has(rig, "\"current\":true,\"agent\":\"a browser\",\"address\":\"192.0.2.7\"");
    assert_answer_has(rig, "\"name\":\"alice\"");
    struct pr_str cookie = rig_header(rig, "set-cookie");
    assert_true(pr_str_has_prefix(cookie, pr_str("__Host-pierrot_session=prs_")));
    assert_true(pr_str_has_suffix(
        cookie, pr_str("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure")));
    struct pr_str secret = pr_str_n(cookie.p + strlen("__Host-pierrot_session="), SECRET_TEXT - 1);
    char text[SECRET_TEXT];
    assert_true(pr_str_copy(secret, text, sizeof text));
    assert_int_equal(rig_ask_as(rig, text, "GET", "/api/accounts/me", NULL), 200);
}

static void test_logging_in_ends_the_browsers_session(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_ask_as(rig, rig->session_text, "POST", "/api/sessions", ALICE), 201);
    assert_null(fake_credential_repo_find(&rig->world->credentials, &rig->session.id));
    assert_non_null(fake_credential_repo_find(&rig->world->credentials, &rig->token.id));
}

static void test_logins_that_fail_are_alike(void **state)
{
    static const char *const bodies[] = {
        "{\"email\": \"alice@example.com\", \"password\": \"wrong\"}",
        "{\"email\": \"nobody@example.com\", \"password\": \"wrong\"}",
        "{\"email\": \"\", \"password\": \"\"}",
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < PR_COUNT(bodies); i++) {
        assert_fault(rig, rig_ask(rig, "POST", "/api/sessions", bodies[i]), 401, "");
        assert_int_equal(rig_header(rig, "set-cookie").n, 0);
    }
}

static void test_sessions_are_listed_and_ended(void **state)
{
    struct rig *rig = *state;
    char path[64], id[PR_UUID_TEXT], text[SECRET_TEXT];
    struct credential other =
        gateway_world_add_credential(rig->world, &rig->account.id, CREDENTIAL_SESSION, text);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", "/api/sessions", NULL), 200);
    assert_answer_has(rig, "\"current\":true");
    assert_answer_has(rig, "\"current\":false");
    snprintf(path, sizeof path, "/api/sessions/%s", pr_uuid_format(&other.id, id));
    assert_int_equal(rig_ask_as(rig, rig->session_text, "DELETE", path, NULL), 204);
    assert_int_equal(rig_header(rig, "set-cookie").n, 0);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "DELETE", path, NULL), 404);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "DELETE", "/api/sessions/current", NULL),
                     404);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "DELETE", "/api/sessions/current", NULL),
                     204);
    assert_true(rig_header(rig, "set-cookie").n > 0);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", "/api/sessions", NULL), 401);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "DELETE", "/api/sessions", NULL), 204);
}

/* ---- tokens and invitations ---- */

static void test_tokens(void **state)
{
    static const char body[] = "{\"name\": \"backup\", \"scopes\": [\"write\", \"read\"]}";
    struct rig *rig = *state;
    char path[64], secret[SECRET_TEXT];
    for (int i = 0; i < 2; i++) {
        rig_add_header(rig, "idempotency-key", "once");
        assert_int_equal(rig_ask_as(rig, rig->session_text, "POST", "/api/tokens", body), 201);
        assert_header(rig, "idempotent-replayed", i ? "true" : "");
        if (i)
            assert_string_equal(member(rig, "token"), secret);
        assert_true(pr_str_copy(pr_str(member(rig, "token")), secret, sizeof secret));
    }
    assert_answer_has(rig, "\"name\":\"backup\",\"scopes\":[\"read\",\"write\"],"
                           "\"created_at\":\"2026-11-21T08:00:00.000Z\","
                           "\"expires_at\":\"2027-02-19T08:00:00.000Z\",\"last_used_at\":null");
    snprintf(path, sizeof path, "/api/tokens/%s", member(rig, "id"));
    assert_int_equal(rig_ask_as(rig, secret, "GET", "/api/tokens", NULL), 200);
    assert_string_equal(member(rig, "token"), "");
    assert_int_equal(rig_ask_as(rig, secret, "DELETE", path, NULL), 204);
    assert_int_equal(rig_ask_as(rig, secret, "GET", "/api/tokens", NULL), 401);
    rig_add_header(rig, "idempotency-key", "once");
    assert_int_equal(rig_ask_as(rig, rig->session_text, "POST", "/api/tokens",
                                "{\"name\": \"other\", \"scopes\": [\"read\"]}"),
                     422);
    rig_add_header(rig, "idempotency-key", "\xc3\xa9");
    assert_fault(rig, rig_ask_as(rig, rig->session_text, "POST", "/api/tokens", body), 400,
                 "idempotency-key");
}

static void test_token_with_more_than_its_maker(void **state)
{
    struct rig *rig = *state;
    struct fake_credential *own =
        fake_credential_repo_find(&rig->world->credentials, &rig->token.id);
    own->credential.scopes = SCOPE_WRITE;
    assert_int_equal(rig_ask_as(rig, rig->token_text, "POST", "/api/tokens",
                                "{\"name\": \"more\", \"scopes\": [\"read\", \"write\"]}"),
                     403);
}

static void test_invitations(void **state)
{
    struct rig *rig = *state;
    char path[64], body[256], secret[SECRET_TEXT];
    make_admin(rig);
    assert_int_equal(
        rig_ask_as(rig, rig->token_text, "POST", "/api/invites", "{\"tier\": \"premium\"}"), 201);
    assert_answer_has(rig, "\"role\":\"user\",\"tier\":\"premium\"");
    assert_answer_has(rig, "\"expires_at\":\"2026-11-28T08:00:00.000Z\",\"used_at\":null");
    assert_true(pr_str_copy(pr_str(member(rig, "invite")), secret, sizeof secret));
    assert_true(pr_str_has_prefix(pr_str(member(rig, "url")),
                                  pr_str("https://photos.example/signup#invite=pri_")));
    snprintf(path, sizeof path, "/api/invites/%s", member(rig, "id"));
    rig->world->deps.signup = SIGNUP_INVITE;
    assert_int_equal(rig_ask(rig, "POST", "/api/accounts", BOB), 403);
    snprintf(body, sizeof body, "%.*s, \"invite\": \"%s\"}", (int)strlen(BOB) - 1, BOB, secret);
    assert_int_equal(rig_ask(rig, "POST", "/api/accounts", body), 201);
    assert_answer_has(rig, "\"tier\":\"premium\"");
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/invites", NULL), 200);
    assert_answer_has(rig, "\"used_at\":\"2026-11-21T08:00:00.000Z\"");
    assert_int_equal(rig_ask_as(rig, rig->token_text, "DELETE", path, NULL), 204);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "DELETE", path, NULL), 404);
}

/* Whatever fails behind a route: an error of ours, and the next request is answered. */
static void test_every_route_survives_a_failing_port(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } cases[] = {
        {"POST", "/api/accounts", BOB},
        {"POST", "/api/sessions", ALICE},
        {"GET", "/api/accounts/me", NULL},
        {"PATCH", "/api/accounts/me", "{\"email\": \"new@example.com\"}"},
        {"GET", "/api/accounts", NULL},
        {"GET", "/api/sessions", NULL},
        {"DELETE", "/api/sessions/current", NULL},
        {"POST", "/api/tokens", "{\"name\": \"t\", \"scopes\": [\"read\"]}"},
        {"GET", "/api/tokens", NULL},
        {"POST", "/api/invites", "{}"},
        {"GET", "/api/invites", NULL},
    };
    struct rig *rig = *state;
    make_admin(rig);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", "/api/accounts/me", NULL), 200);
        gate_fail(&rig->world->gate, 1, PR_ERR_UNAVAILABLE, false);
        int status =
            rig_ask_as(rig, rig->session_text, cases[i].method, cases[i].path, cases[i].body);
        if (status != 503)
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, status);
    }
}

#define ROUTE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTE_TEST(test_sign_up),
        ROUTE_TEST(test_bodies_that_will_not_do),
        ROUTE_TEST(test_own_account),
        ROUTE_TEST(test_administrators_work),
        ROUTE_TEST(test_logging_in_sets_the_cookie),
        ROUTE_TEST(test_logging_in_ends_the_browsers_session),
        ROUTE_TEST(test_logins_that_fail_are_alike),
        ROUTE_TEST(test_sessions_are_listed_and_ended),
        ROUTE_TEST(test_tokens),
        ROUTE_TEST(test_token_with_more_than_its_maker),
        ROUTE_TEST(test_invitations),
        ROUTE_TEST(test_every_route_survives_a_failing_port),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
