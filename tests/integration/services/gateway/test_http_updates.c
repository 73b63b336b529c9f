/* Streams of updates: who gets which, how they end, what a slow or vanished reader costs. */
#include "services/gateway/adapters/http_updates.h"

#include "proto/messages.h"
#include "services/gateway/adapters/kafka_updates.h"
#include "shared/base/alloc.h"
#include "tests/integration/services/gateway/rig.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct reader {
    struct rig *rig;
    int fd;
    char text[1 << 16];
    size_t n;
    bool ended; /* the connection is closed */
};

static void reader_open_as(struct reader *reader, struct rig *rig, const char *method,
                           const char *credential, int receive_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(rig->public)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *reader = (struct reader){.rig = rig, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (receive_bytes)
        setsockopt(reader->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    assert_int_equal(connect(reader->fd, (struct sockaddr *)&address, sizeof address), 0);
    bool token = strncmp(credential, "prt_", 4) == 0;
    dprintf(reader->fd, "%s /api/updates HTTP/1.1\r\nhost: t\r\n%s%s\r\n\r\n", method,
            token ? "authorization: Bearer " : "cookie: __Host-pierrot_session=", credential);
}

static bool reader_reads(struct reader *reader)
{
    ssize_t n;
    while ((n = recv(reader->fd, reader->text + reader->n, sizeof reader->text - 1 - reader->n,
                     MSG_DONTWAIT)) > 0)
        reader->n += (size_t)n;
    reader->ended = reader->ended || n == 0 || (n < 0 && errno == ECONNRESET);
    reader->text[reader->n] = 0;
    return true;
}

static size_t count(struct reader *reader, const char *what)
{
    size_t found = 0;
    reader_reads(reader);
    for (const char *at = reader->text; (at = strstr(at, what)); at++)
        found++;
    return found;
}

static void reader_open(struct reader *reader, struct rig *rig, const char *credential)
{
    reader_open_as(reader, rig, "GET", credential, 0);
    loop_until(&rig->loop, count(reader, "retry: 2000\n\n") == 1);
}

static bool has_ended(struct reader *reader)
{
    return reader_reads(reader) && reader->ended;
}

static size_t streams(struct rig *rig)
{
    return updates_count(http_updates_of(rig->gateway.updates));
}

static struct pr_uuid media_id(uint8_t n)
{
    return (struct pr_uuid){{1, 2, 3, [15] = n}};
}

static void happens_to(struct rig *rig, const struct pr_uuid *owner, uint8_t n,
                       enum update_state state, const char *reason)
{
    updates_tell(http_updates_of(rig->gateway.updates),
                 &(struct update){media_id(n), *owner, state, pr_str(reason)});
}

static void happens(struct rig *rig, uint8_t n)
{
    happens_to(rig, &rig->account.id, n, UPDATE_READY, "");
}

/* ---- what comes ---- */

static void test_each_hears_of_its_own(void **state)
{
    struct rig *rig = *state;
    char other_text[SECRET_TEXT];
    struct reader by_token, by_cookie, other;
    struct account bob = gateway_world_add_account(rig->world, "bob", ROLE_USER);
    gateway_world_add_credential(rig->world, &bob.id, CREDENTIAL_TOKEN, other_text);
    reader_open(&by_token, rig, rig->token_text);
    reader_open(&by_cookie, rig, rig->session_text);
    reader_open(&other, rig, other_text);
    assert_int_equal(count(&by_token, "HTTP/1.1 200 OK\r\n"), 1);
    assert_int_equal(count(&by_token, "content-type: text/event-stream\r\n"), 1);
    assert_int_equal(count(&by_token, "x-accel-buffering: no\r\n"), 1);
    assert_int_equal(count(&by_token, "ratelimit-limit: "), 1);
    happens(rig, 1);
    happens_to(rig, &rig->account.id, 2, UPDATE_REJECTED, "checksum_mismatch");
    happens_to(rig, &bob.id, 3, UPDATE_DELETED, "");
    loop_until(&rig->loop, count(&by_token, "event: media\n") == 2 &&
                               count(&by_cookie, "event: media\n") == 2 &&
                               count(&other, "event: media\n") == 1);
    assert_int_equal(count(&by_token, "event: media\ndata: {\"id\":\"01020300-0000-0000-0000-"
                                      "000000000001\",\"state\":\"ready\"}\n\n"),
                     1);
    assert_int_equal(count(&by_token,
                           "data: {\"id\":\"01020300-0000-0000-0000-000000000002\",\"state\":"
                           "\"rejected\",\"reason\":\"checksum_mismatch\"}\n\n"),
                     1);
    assert_int_equal(count(&other, "data: {\"id\":\"01020300-0000-0000-0000-000000000003\","
                                   "\"state\":\"deleted\"}\n\n"),
                     1);
    close(by_token.fd);
    close(by_cookie.fd);
    close(other.fd);
}

static void test_head_is_answered_and_over(void **state)
{
    struct rig *rig = *state;
    struct reader reader;
    reader_open_as(&reader, rig, "HEAD", rig->token_text, 0);
    loop_until(&rig->loop, count(&reader, "\r\n\r\n") == 1);
    assert_int_equal(count(&reader, "HTTP/1.1 200 OK\r\n"), 1);
    loop_until(&rig->loop, streams(rig) == 0);
    close(reader.fd);
}

static struct pr_buf encoded(enum message_kind kind, const struct pr_uuid *owner)
{
    struct pr_buf body;
    enum pr_err err;
    pr_buf_init(&body, MESSAGE_MAX_BYTES);
    struct pr_uuid id = media_id(9);
    if (kind == MESSAGE_MEDIA_RENDERED)
        err = media_rendered_encode(
            &(struct media_rendered_msg){.media_id = id,
                                         .owner_id = *owner,
                                         .version = 2,
                                         .width = 4,
                                         .height = 3,
                                         .sha256 = pr_str_n((const char[32]){0}, 32)},
            &body);
    else if (kind == MESSAGE_MEDIA_REJECTED)
        err = media_rejected_encode(
            &(struct media_rejected_msg){
                .media_id = id, .owner_id = *owner, .version = 2, .reason = pr_str("undecodable")},
            &body);
    else
        err = media_deleted_encode(
            &(struct media_deleted_msg){
                .media_id = id, .owner_id = *owner, .version = 2, .object_key = pr_str("a/b")},
            &body);
    assert_int_equal(err, PR_OK);
    return body;
}

static void hear(struct rig *rig, const char *type, struct pr_str value)
{
    kafka_updates_handle(http_updates_of(rig->gateway.updates),
                         &(struct kafka_message){.type = pr_str(type), .value = value});
}

/* What crosses Kafka becomes what streams say; what cannot be read is passed over. */
static void test_messages(void **state)
{
    static const struct {
        enum message_kind kind;
        const char *type, *says;
    } cases[] = {
        {MESSAGE_MEDIA_RENDERED, "pierrot.media.rendered.v1", "\"state\":\"ready\"}"},
        {MESSAGE_MEDIA_REJECTED, "pierrot.media.rejected.v1",
         "\"state\":\"rejected\",\"reason\":\"undecodable\"}"},
        {MESSAGE_MEDIA_DELETED, "pierrot.media.deleted.v1", "\"state\":\"deleted\"}"},
    };
    struct rig *rig = *state;
    struct reader reader;
    reader_open(&reader, rig, rig->token_text);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        struct pr_buf body = encoded(cases[i].kind, &rig->account.id);
        struct pr_str whole = pr_buf_str(&body);
        for (size_t n = 0; n < whole.n; n++)
            hear(rig, cases[i].type, pr_str_n(whole.p, n));
        hear(rig, "pierrot.media.created.v1", whole);
        hear(rig, "pierrot.media.unknown.v1", whole);
        hear(rig, cases[i].type, whole);
        loop_until(&rig->loop, count(&reader, cases[i].says) == 1);
        assert_int_equal(count(&reader, "event: media\n"), i + 1);
        pr_buf_fini(&body);
    }
    close(reader.fd);
}

/* ---- how it ends ---- */

static void revoke_all(struct rig *rig, enum credential_kind kind)
{
    fake_credential_repo_revoke(&rig->world->credentials, &rig->account.id, kind,
                                &(struct pr_uuid){{0}});
}

/* By another process, so that this one's cache still has it. The clock stands but for what the test
 * moves it. */
static void test_revoked_credential_ends_its_stream_alone(void **state)
{
    struct rig *rig = *state;
    struct reader by_token, by_cookie;
    reader_open(&by_token, rig, rig->token_text);
    reader_open(&by_cookie, rig, rig->session_text);
    revoke_all(rig, CREDENTIAL_SESSION);
    for (int second = 1; second <= 4; second++) {
        test_clock_move(&rig->world->clock, 1000);
        loop_run_for(&rig->loop, 1100);
    }
    assert_true(has_ended(&by_cookie) || count(&by_cookie, "\r\n0\r\n\r\n") == 1);
    happens(rig, 1);
    loop_until(&rig->loop, count(&by_token, "event: media\n") == 1);
    assert_int_equal(count(&by_cookie, "event: media\n"), 0);
    assert_int_equal(streams(rig), 1);
    close(by_token.fd);
    close(by_cookie.fd);
}

/* And while the database is asked, the client leaves; then the answer comes. */
static void test_database_that_is_away_ends_no_stream(void **state)
{
    struct rig *rig = *state;
    struct reader reader;
    reader_open(&reader, rig, rig->token_text);
    for (int i = 0; i < 3; i++) {
        gate_fail(&rig->world->gate, 1, PR_ERR_UNAVAILABLE, false);
        test_clock_move(&rig->world->clock, 5000);
        loop_run_for(&rig->loop, 1200);
    }
    assert_int_equal(streams(rig), 1);
    gate_hold(&rig->world->gate, true);
    test_clock_move(&rig->world->clock, 5000);
    loop_until(&rig->loop, gate_held(&rig->world->gate) == 1);
    close(reader.fd);
    loop_until(&rig->loop, streams(rig) == 0);
    gate_hold(&rig->world->gate, false);
    gate_release_all(&rig->world->gate);
}

static void test_who_leaves_is_noticed(void **state)
{
    struct rig *rig = *state;
    struct reader readers[3];
    for (size_t i = 0; i < PR_COUNT(readers); i++)
        reader_open(&readers[i], rig, rig->token_text);
    assert_int_equal(streams(rig), 3);
    close(readers[0].fd);
    shutdown(readers[1].fd, SHUT_WR);
    loop_run_for(&rig->loop, 1500);
    assert_int_equal(streams(rig), 1);
    close(readers[2].fd);
    happens(rig, 1);
    close(readers[1].fd);
    loop_until(&rig->loop, streams(rig) == 0);
}

static void test_so_many_of_an_account(void **state)
{
    struct rig *rig = *state;
    struct reader readers[HTTP_UPDATES_STREAMS_MAX];
    for (size_t i = 0; i < PR_COUNT(readers); i++)
        reader_open(&readers[i], rig, rig->token_text);
    assert_int_equal(rig_ask_as(rig, rig->session_text, "GET", "/api/updates", NULL), 429);
    assert_header(rig, "retry-after", "5");
    for (size_t i = 0; i < PR_COUNT(readers); i++)
        close(readers[i].fd);
    loop_until(&rig->loop, streams(rig) == 0);
}

static void test_the_end_of_all(void **state)
{
    struct rig *rig = *state;
    struct reader one, other;
    reader_open(&one, rig, rig->token_text);
    http_updates_end_streams(rig->gateway.updates);
    loop_until(&rig->loop, count(&one, "\r\n0\r\n\r\n") == 1);
    reader_open(&other, rig, rig->token_text);
    http_updates_refuse(rig->gateway.updates);
    loop_until(&rig->loop, count(&other, "\r\n0\r\n\r\n") == 1);
    assert_int_equal(rig_ask_as(rig, rig->token_text, "GET", "/api/updates", NULL), 503);
    close(one.fd);
    close(other.fd);
}

/* It takes nothing: what the kernel does not hold waits here, up to a bound; then it is cut. Others
 * are not kept waiting. */
static void test_slow_reader_is_cut(void **state)
{
    struct rig *rig = *state;
    struct reader slow, quick;
    unsigned told = 0;
    reader_open_as(&slow, rig, "GET", rig->token_text, 4096);
    loop_until(&rig->loop, streams(rig) == 1);
    reader_open(&quick, rig, rig->token_text);
    while (streams(rig) == 2) {
        assert_true(told < 2000000);
        for (int i = 0; i < 50; i++, told++)
            happens(rig, (uint8_t)told);
        loop_turn(&rig->loop);
        reader_reads(&quick);
        quick.n = 0; /* only that it goes on matters */
    }
    quick.n = 0;
    loop_run_for(&rig->loop, 100);
    reader_reads(&quick);
    quick.n = 0;
    happens_to(rig, &rig->account.id, 7, UPDATE_DELETED, "");
    loop_until(&rig->loop, count(&quick, "\"deleted\"") == 1);
    while (!has_ended(&slow))
        slow.n = 0;
    close(slow.fd);
    close(quick.fd);
}

#define UPDATES_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPDATES_TEST(test_each_hears_of_its_own),
        UPDATES_TEST(test_head_is_answered_and_over),
        UPDATES_TEST(test_messages),
        UPDATES_TEST(test_revoked_credential_ends_its_stream_alone),
        UPDATES_TEST(test_database_that_is_away_ends_no_stream),
        UPDATES_TEST(test_who_leaves_is_noticed),
        UPDATES_TEST(test_so_many_of_an_account),
        UPDATES_TEST(test_the_end_of_all),
        UPDATES_TEST(test_slow_reader_is_cut),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
