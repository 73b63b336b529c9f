#include "shared/http/client_address.h"

#include <arpa/inet.h>
#include <stdio.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

static void map_v4(const void *four, struct address *out)
{
    memcpy(out->bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(out->bytes + sizeof mapped_prefix, four, 4);
}

static bool parse_v6(struct pr_str text, struct address *out)
{
    char copy[ADDRESS_TEXT];
    return !memchr(text.p, 0, text.n) && pr_str_copy(text, copy, sizeof copy) &&
           inet_pton(AF_INET6, copy, out->bytes) == 1;
}

static bool parse_v4(struct pr_str text, struct address *out)
{
    char copy[INET_ADDRSTRLEN];
    uint8_t four[4];
    if (memchr(text.p, 0, text.n) || !pr_str_copy(text, copy, sizeof copy) ||
        inet_pton(AF_INET, copy, four) != 1)
        return false;
    map_v4(four, out);
    return true;
}

bool address_parse(struct pr_str text, struct address *out)
{
    return text.n > 0 && (parse_v4(text, out) || parse_v6(text, out));
}

bool address_of_socket(const struct sockaddr_storage *socket, struct address *out)
{
    if (socket->ss_family == AF_INET) {
        map_v4(&((const struct sockaddr_in *)socket)->sin_addr, out);
        return true;
    }
    if (socket->ss_family != AF_INET6)
        return false;
    memcpy(out->bytes, &((const struct sockaddr_in6 *)socket)->sin6_addr, sizeof out->bytes);
    return true;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT])
{
    if (is_v4(address))
        inet_ntop(AF_INET, address->bytes + sizeof mapped_prefix, out, ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT);
}

struct address address_network(const struct address *address)
{
    struct address network = *address;
    if (!is_v4(address))
        memset(network.bytes + 8, 0, 8);
    return network;
}

void network_format(const struct address *network, char out[NETWORK_TEXT])
{
    address_format(network, out);
    if (!is_v4(network))
        snprintf(out + strlen(out), 4, "/64");
}

/* The first `bits` of both are the same. */
static bool begins_alike(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_clear_after(const struct address *address, unsigned bits)
{
    for (unsigned i = bits; i < 128; i++) {
        if (address->bytes[i / 8] & (0x80 >> i % 8))
            return false;
    }
    return true;
}

static bool parse_network(struct pr_str text, struct address *base, unsigned *bits)
{
    struct pr_str address, length;
    bool v4, has_length = pr_str_cut(text, '/', &address, &length);
    int64_t given;
    if (address.n == 0)
        return false;
    v4 = parse_v4(address, base);
    if (!v4 && !parse_v6(address, base))
        return false;
    given = v4 ? 32 : 128;
    if (has_length && !pr_str_to_int(length, 0, given, &given))
        return false;
    *bits = (unsigned)given + (v4 ? 96 : 0);
    return is_clear_after(base, *bits);
}

bool networks_parse(struct pr_str text, struct networks *out)
{
    struct pr_str item;
    bool more = pr_str_trim(text).n > 0;
    out->count = 0;
    while (more) {
        more = pr_str_cut(text, ',', &item, &text);
        if (out->count == NETWORKS_MAX ||
            !parse_network(pr_str_trim(item), &out->bases[out->count], &out->bits[out->count]))
            return false;
        out->count++;
    }
    return true;
}

bool networks_hold(const struct networks *networks, const struct address *address)
{
    for (unsigned i = 0; i < networks->count; i++) {
        if (begins_alike(&networks->bases[i], address, networks->bits[i]))
            return true;
    }
    return false;
}

/* RFC 7239 section 6: a number, or an obfuscated name. */
static bool is_port(struct pr_str text)
{
    int64_t port;
    return pr_str_has_prefix(text, pr_str("_")) || pr_str_to_int(text, 0, 65535, &port);
}

/* RFC 7239 section 6, and what is found in X-Forwarded-For: an address, perhaps with a port. False
 * for "unknown", an obfuscated name, or anything else. */
static bool parse_node(struct pr_str text, struct address *out)
{
    struct pr_str host, port;
    if (text.n > 0 && text.p[0] == '[') {
        if (!pr_str_cut(pr_str_n(text.p + 1, text.n - 1), ']', &host, &port))
            return false;
        return host.n > 0 && parse_v6(host, out) &&
               (port.n == 0 || (port.p[0] == ':' && is_port(pr_str_n(port.p + 1, port.n - 1))));
    }
    if (pr_str_cut(text, ':', &host, &port) && !memchr(port.p, ':', port.n))
        return host.n > 0 && is_port(port) && parse_v4(host, out);
    return address_parse(text, out);
}

static void take_node(struct forwarded *forwarded, const struct networks *trusted,
                      struct pr_str node)
{
    struct address address;
    if (!parse_node(node, &address)) {
        forwarded->state = FORWARDED_UNKNOWN;
    } else if (!networks_hold(trusted, &address)) {
        forwarded->state = FORWARDED_CLIENT;
        forwarded->client = address;
    }
}

void x_forwarded_for_read(struct forwarded *forwarded, const struct networks *trusted,
                          struct pr_str line)
{
    struct pr_str item;
    bool more;
    do {
        more = pr_str_cut(line, ',', &item, &line);
        item = pr_str_trim(item);
        if (item.n > 0)
            take_node(forwarded, trusted, item);
    } while (more);
}

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c);
}

/* Takes what stands before one of `ends`, or before the end. */
static struct pr_str take_until(struct pr_str *line, const char *ends)
{
    size_t n = 0;
    while (n < line->n && !is_one_of(line->p[n], ends))
        n++;
    struct pr_str taken = pr_str_n(line->p, n);
    *line = pr_str_n(line->p + n, line->n - n);
    return taken;
}

/* A value, quoted or not. No address needs a quoted pair (\x), so none is decoded. */
static bool take_value(struct pr_str *line, struct pr_str *value)
{
    if (line->n == 0 || line->p[0] != '"') {
        *value = take_until(line, ",; \t\"");
        return value->n > 0;
    }
    for (size_t n = 1; n < line->n; n++) {
        if (line->p[n] == '\\') {
            n++;
        } else if (line->p[n] == '"') {
            *value = pr_str_n(line->p + 1, n - 1);
            *line = pr_str_n(line->p + n + 1, line->n - n - 1);
            return true;
        }
    }
    return false;
}

/* name=value; the value of for= becomes the node, of which there is one. */
static bool take_pair(struct pr_str *line, struct pr_str *node)
{
    struct pr_str value, name = take_until(line, "=,; \t\"");
    if (name.n == 0 || line->n == 0 || line->p[0] != '=')
        return false;
    *line = pr_str_n(line->p + 1, line->n - 1);
    if (!take_value(line, &value))
        return false;
    if (!pr_str_is_nocase(name, "for"))
        return true;
    bool first = !node->p;
    *node = value;
    return first;
}

/* Pairs between semicolons, up to a comma or the end. */
static bool take_element(struct pr_str *line, struct pr_str *node, unsigned *pairs)
{
    for (*pairs = 0;;) {
        *line = pr_str_trim(*line);
        if (line->n > 0 && !is_one_of(line->p[0], ",;")) {
            if (!take_pair(line, node))
                return false;
            ++*pairs;
            *line = pr_str_trim(*line);
        }
        if (line->n == 0 || line->p[0] != ';')
            return line->n == 0 || line->p[0] == ',';
        *line = pr_str_n(line->p + 1, line->n - 1);
    }
}

/* A line that breaks the grammar says nothing: a quote that a client leaves open would else swallow
 * what the proxy wrote behind it. */
void forwarded_read(struct forwarded *forwarded, const struct networks *trusted, struct pr_str line)
{
    struct forwarded after = *forwarded;
    for (;;) {
        struct pr_str node = {NULL, 0};
        unsigned pairs;
        if (!take_element(&line, &node, &pairs)) {
            forwarded->state = FORWARDED_UNKNOWN;
            return;
        }
        if (pairs > 0)
            take_node(&after, trusted, node);
        if (line.n == 0)
            break;
        line = pr_str_n(line.p + 1, line.n - 1); /* the comma */
    }
    *forwarded = after;
}
