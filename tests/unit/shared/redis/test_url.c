#include "shared/base/alloc.h"
#include "shared/redis/url.h"
#include "tests/support/test.h"

static void reads_every_part(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
        const char *password;
        int db;
    } rows[] = {
        {"redis://localhost", "localhost", 6379, "", 0},
        {"redis://localhost/", "localhost", 6379, "", 0},
        {"redis://127.0.0.1:7000/3", "127.0.0.1", 7000, "", 3},
        {"redis://:s%40cret%2F@cache.internal:6380/15", "cache.internal", 6380, "s@cret/", 15},
        {"redis://[::1]", "::1", 6379, "", 0},
        {"redis://:pw@[fe80::1]:6380/1", "fe80::1", 6380, "pw", 1},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        struct redis_url url;
        assert_true(redis_url_parse(pr_str(rows[i].text), &url));
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.password, rows[i].password);
        assert_int_equal(url.db, rows[i].db);
    }
}

static void refuses_anything_else(void **state)
{
    static const char *const texts[] = {
        "",
        "localhost:6379",
        "rediss://localhost",
        "redis://",
        "redis://:6379",
        "redis:///1",
        "redis://host:",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:port",
        "redis://host/x",
        "redis://host/-1",
        "redis://host/1/2",
        "redis://user:pw@host",
        "redis://:@host",
        "redis://pw@host",
        "redis://:a%00b@host",
        "redis://:a%zz@host",
        "redis://[::1",
        "redis://[]:6379",
        "redis://[::1]x:6379",
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(texts); i++) {
        struct redis_url url;
        if (redis_url_parse(pr_str(texts[i]), &url))
            fail_msg("taken: %s", texts[i]);
    }
}

static void parts_too_long_are_refused(void **state)
{
    char text[600] = "redis://";
    struct redis_url url;
    (void)state;
    memset(text + 8, 'h', 255);
    assert_true(redis_url_parse(pr_str(text), &url));
    memset(text + 8, 'h', 256);
    assert_false(redis_url_parse(pr_str(text), &url));
    text[8] = ':';
    memcpy(text + 8 + 256, "@h", 3);
    assert_true(redis_url_parse(pr_str(text), &url));
    assert_int_equal(strlen(url.password), 255);
    memset(text + 9, 'p', 256);
    memcpy(text + 9 + 256, "@h", 3);
    assert_false(redis_url_parse(pr_str(text), &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part),
        cmocka_unit_test(refuses_anything_else),
        cmocka_unit_test(parts_too_long_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
