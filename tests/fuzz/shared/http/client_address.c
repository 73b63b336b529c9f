/* The first byte says what the rest is read as: networks, Forwarded, X-Forwarded-For. An address
 * that is found reads the same again. */
#include "shared/http/client_address.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct networks trusted;
    struct forwarded forwarded = {0};
    struct address again;
    char text[ADDRESS_TEXT], network_text[NETWORK_TEXT];
    if (size == 0)
        return 0;
    struct pr_str line = pr_str_n(data + 1, size - 1);
    bool known = networks_parse(data[0] == 0 ? line : pr_str("10.0.0.0/8, ::1"), &trusted);
    assert(known || data[0] == 0);
    if (!known)
        return 0;
    if (data[0] == 1)
        forwarded_read(&forwarded, &trusted, line);
    else
        x_forwarded_for_read(&forwarded, &trusted, line);
    if (forwarded.state != FORWARDED_CLIENT)
        return 0;
    assert(!networks_hold(&trusted, &forwarded.client));
    address_format(&forwarded.client, text);
    known = address_parse(pr_str(text), &again);
    assert(known && memcmp(&again, &forwarded.client, sizeof again) == 0);
    struct address network = address_network(&again);
    network_format(&network, network_text);
    return 0;
}
