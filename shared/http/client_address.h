/* client_address: whom a request comes from when proxies stand between: the networks that are
 * trusted to tell, and what they tell in Forwarded (RFC 7239) or X-Forwarded-For. Pure.
 *
 * What a client itself wrote into such a header stands before what the proxies added. So the client
 * is the last address that is not of a trusted network; what stands before it counts for nothing,
 * and where something else than an address stands behind it nobody knows the client. */
#pragma once

#include "shared/base/str.h"

#include <netinet/in.h>

struct address {
    uint8_t bytes[16]; /* IPv6; an IPv4 address is mapped (::ffff:a.b.c.d) */
};

#define ADDRESS_TEXT INET6_ADDRSTRLEN
#define NETWORK_TEXT (INET6_ADDRSTRLEN + 3)

/* A literal without port and brackets. */
bool address_parse(struct pr_str text, struct address *out);
bool address_of_socket(const struct sockaddr_storage *socket, struct address *out);
void address_format(const struct address *address, char out[ADDRESS_TEXT]);

/* What one customer of a provider usually has: an IPv4 address, or 64 bits of IPv6. */
struct address address_network(const struct address *address);
void network_format(const struct address *network, char out[NETWORK_TEXT]); /* "2001:db8::/64" */

#define NETWORKS_MAX 32

struct networks {
    unsigned count;
    struct address bases[NETWORKS_MAX];
    unsigned bits[NETWORKS_MAX];
};

/* "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"; empty: none. False for anything else: also when bits
 * behind the mask are set, or there are more than NETWORKS_MAX. */
bool networks_parse(struct pr_str text, struct networks *out);
bool networks_hold(const struct networks *networks, const struct address *address);

/* What is known after some lines of the header; zeroed at the start. */
struct forwarded {
    enum { FORWARDED_NOTHING, FORWARDED_UNKNOWN, FORWARDED_CLIENT } state;
    struct address client; /* of FORWARDED_CLIENT */
};

/* Reads one more line; they come in the order of the request. */
void forwarded_read(struct forwarded *forwarded, const struct networks *trusted,
                    struct pr_str line);
void x_forwarded_for_read(struct forwarded *forwarded, const struct networks *trusted,
                          struct pr_str line);
