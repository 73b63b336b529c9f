#include "shared/http/client_address.h"

#include "shared/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PROXIES "10.0.0.0/8, 192.0.2.1, 2001:db8:aa::/48"

static const struct {
    const char *given, *address, *network; /* NULL: it is none */
} addresses[] = {
    {"192.0.2.7", "192.0.2.7", "192.0.2.7"},
    {"0.0.0.0", "0.0.0.0", "0.0.0.0"},
    {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
    {"2001:db8::1", "2001:db8::1", "2001:db8::/64"},
    {"2001:DB8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "ffff:ffff:ffff:ffff::/64"},
    {"::", "::", "::/64"},
    {"", NULL, NULL},
    {"192.0.2", NULL, NULL},
    {"192.0.2.256", NULL, NULL},
    {"192.0.2.7:80", NULL, NULL},
    {"[2001:db8::1]", NULL, NULL},
    {"fe80::1%eth0", NULL, NULL},
    {" 192.0.2.7", NULL, NULL},
    {"unknown", NULL, NULL},
    {"2001:db8:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16", NULL, NULL},
};

static void test_addresses(void **state)
{
    char text[NETWORK_TEXT];
    (void)state;
    for (size_t i = 0; i < PR_COUNT(addresses); i++) {
        struct address address;
        bool taken = address_parse(pr_str(addresses[i].given), &address);
        if (taken != (addresses[i].address != NULL))
            fail_msg("'%s' was %s", addresses[i].given, taken ? "taken" : "refused");
        if (!taken)
            continue;
        address_format(&address, text);
        assert_string_equal(text, addresses[i].address);
        struct address network = address_network(&address);
        network_format(&network, text);
        assert_string_equal(text, addresses[i].network);
    }
    struct address address;
    assert_false(address_parse(pr_str_n("192.0.2.7\0x", 11), &address));
    assert_false(address_parse(pr_str_n("::1\0x", 5), &address));
}

static const char *const not_networks[] = {
    "10.0.0.0/33",  "10.0.0.0/-1",          "10.0.0.0/", "10.0.0.0/8x",
    "10.0.0.1/8",   "2001:db8::/129",       "::1/64",    "10.0.0.0/8,",
    ",10.0.0.0/8",  "10.0.0.0/8 192.0.2.1", "/8",        "localhost",
    "10.0.0.0/8;1", "10.0.0.0 /8",          "[::1]",
};

static bool holds(const char *list, const char *address_text)
{
    struct networks networks;
    struct address address;
    assert_true(networks_parse(pr_str(list), &networks));
    assert_true(address_parse(pr_str(address_text), &address));
    return networks_hold(&networks, &address);
}

static void test_networks(void **state)
{
    struct networks networks;
    char many[512] = "";
    (void)state;
    assert_true(holds(PROXIES, "10.255.0.1"));
    assert_true(holds(PROXIES, "::ffff:10.255.0.1"));
    assert_true(holds(PROXIES, "192.0.2.1"));
    assert_true(holds(PROXIES, "2001:db8:aa:ffff::1"));
    assert_false(holds(PROXIES, "11.0.0.1"));
    assert_false(holds(PROXIES, "192.0.2.0"));
    assert_false(holds(PROXIES, "2001:db8:ab::1"));
    assert_false(holds(PROXIES, "::"));
    assert_true(holds("0.0.0.0/0", "192.0.2.1"));
    assert_false(holds("0.0.0.0/0", "::1"));
    assert_true(holds("::/0", "::1"));
    assert_true(holds("10.1.2.128/25", "10.1.2.129"));
    assert_false(holds("10.1.2.128/25", "10.1.2.127"));
    assert_false(holds("", "10.1.2.127"));
    assert_false(holds(" ", "10.1.2.127"));
    for (size_t i = 0; i < PR_COUNT(not_networks); i++) {
        if (networks_parse(pr_str(not_networks[i]), &networks))
            fail_msg("'%s' was taken", not_networks[i]);
    }
    assert_true(networks_parse((struct pr_str){NULL, 0}, &networks));
    for (unsigned i = 0; i < NETWORKS_MAX; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%s10.0.0.%u", i ? "," : "", i);
    assert_true(networks_parse(pr_str(many), &networks));
    snprintf(many + strlen(many), sizeof many - strlen(many), ",10.1.0.0");
    assert_false(networks_parse(pr_str(many), &networks));
}

typedef void (*read_fn)(struct forwarded *, const struct networks *, struct pr_str);

/* The client after these lines; "?" when it is unknown, "-" when nobody was named. */
static const char *client_of(read_fn read, const char *first, const char *second)
{
    static char text[ADDRESS_TEXT];
    struct forwarded forwarded = {0};
    struct networks trusted;
    assert_true(networks_parse(pr_str(PROXIES), &trusted));
    read(&forwarded, &trusted, pr_str(first));
    if (second)
        read(&forwarded, &trusted, pr_str(second));
    if (forwarded.state != FORWARDED_CLIENT)
        return forwarded.state == FORWARDED_UNKNOWN ? "?" : "-";
    address_format(&forwarded.client, text);
    return text;
}

static const struct {
    const char *first, *second, *client;
} x_forwarded_for[] = {
    {"198.51.100.1", NULL, "198.51.100.1"},
    {"2001:db8::1", NULL, "2001:db8::1"},
    {"[2001:db8::1]:4711", NULL, "2001:db8::1"},
    {"198.51.100.1:4711", NULL, "198.51.100.1"},
    {"198.51.100.1,10.0.0.1,  192.0.2.1", NULL, "198.51.100.1"},
    {"203.0.113.9, 198.51.100.1", NULL, "198.51.100.1"}, /* the first is the client's own idea */
    {"garbage, \"<>, 198.51.100.1, 10.0.0.1", NULL, "198.51.100.1"},
    {"198.51.100.1, garbage", NULL, "?"},
    {"198.51.100.1, unknown, 10.0.0.1", NULL, "?"},
    {"10.0.0.1, 10.0.0.2", NULL, "-"},
    {"", NULL, "-"},
    {" , ,", NULL, "-"},
    {", 198.51.100.1", NULL, "198.51.100.1"},
    {"203.0.113.9", "198.51.100.1, 10.0.0.1", "198.51.100.1"},
    {"198.51.100.1", "10.0.0.1", "198.51.100.1"},
    {"198.51.100.1", "unknown", "?"},
    {"198.51.100.1:", NULL, "?"},
    {"198.51.100.1:x", NULL, "?"},
    {"198.51.100.1:70000", NULL, "?"},
    {"[198.51.100.1]", NULL, "?"},
    {"[2001:db8::1", NULL, "?"},
    {"[2001:db8::1]4711", NULL, "?"},
    {"[]", NULL, "?"},
};

static void test_x_forwarded_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(x_forwarded_for); i++) {
        const char *client =
            client_of(x_forwarded_for_read, x_forwarded_for[i].first, x_forwarded_for[i].second);
        if (strcmp(client, x_forwarded_for[i].client) != 0)
            fail_msg("'%s' was read as %s", x_forwarded_for[i].first, client);
    }
}

static const struct {
    const char *first, *second, *client;
} forwarded[] = {
    {"for=198.51.100.1", NULL, "198.51.100.1"},
    {"For=\"198.51.100.1\"", NULL, "198.51.100.1"},
    {"for=\"[2001:db8:cafe::17]:4711\"", NULL, "2001:db8:cafe::17"},
    {"for=\"[2001:db8:cafe::17]\"", NULL, "2001:db8:cafe::17"},
    {"for=\"198.51.100.1:_port\"", NULL, "198.51.100.1"},
    {"for=198.51.100.1;proto=http;by=203.0.113.43", NULL, "198.51.100.1"},
    {"proto=https ; for=198.51.100.1; host=\"a,b;c\"", NULL, "198.51.100.1"},
    {"for=203.0.113.9, for=198.51.100.1, for=10.0.0.1", NULL, "198.51.100.1"},
    {"for=10.0.0.1,for=192.0.2.1", NULL, "-"},
    {"for=203.0.113.9, for=unknown", NULL, "?"},
    {"for=203.0.113.9, for=_hidden, for=10.0.0.1", NULL, "?"},
    {"for=unknown, for=198.51.100.1", NULL, "198.51.100.1"},
    {"for=203.0.113.9, proto=http", NULL, "?"}, /* a proxy that does not say for whom */
    {"for=203.0.113.9", "for=198.51.100.1", "198.51.100.1"},
    {"for=\"", "for=198.51.100.1", "198.51.100.1"},
    {"for=198.51.100.1", "for=10.0.0.1", "198.51.100.1"},
    {"", NULL, "-"},
    {", ;,", NULL, "-"},
    {", for=198.51.100.1,", NULL, "198.51.100.1"},
    {"for=198.51.100.1\t;\tproto=http ,", NULL, "198.51.100.1"},
    /* A quote that is left open swallows nobody. */
    {"for=203.0.113.9;x=\", for=198.51.100.1", NULL, "?"},
    {"for=203.0.113.9;x=\", for=\"[2001:db8::1]\"", NULL, "?"},
    {"for=203.0.113.9;x=\"\\\", for=\"[2001:db8::1]\"", NULL, "?"},
    {"for=203.0.113.9;x=\\, for=198.51.100.1", NULL, "198.51.100.1"},
    {"for=198.51.100.1;for=203.0.113.9", NULL, "?"},
    {"for", NULL, "?"},
    {"for=", NULL, "?"},
    {"=198.51.100.1", NULL, "?"},
    {"for =198.51.100.1", NULL, "?"},
    {"for= 198.51.100.1", NULL, "?"},
    {"for=198.51.100.1 proto=http", NULL, "?"},
    {"for=\"198.51.100.1\"x", NULL, "?"},
    {"for=\"\"", NULL, "?"},
    {"for=198.51.100.1\"", NULL, "?"},
    {"198.51.100.1", NULL, "?"},
};

static void test_forwarded(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(forwarded); i++) {
        const char *client = client_of(forwarded_read, forwarded[i].first, forwarded[i].second);
        if (strcmp(client, forwarded[i].client) != 0)
            fail_msg("'%s' was read as %s", forwarded[i].first, client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_x_forwarded_for),
        cmocka_unit_test(test_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
