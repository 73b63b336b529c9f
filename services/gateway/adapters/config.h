/* config: the gateway's settings, and what they mean. */
#pragma once

#include "services/gateway/adapters/rates.h"
#include "services/gateway/domain/account.h"
#include "shared/config/config.h"
#include "shared/http/origin.h"

struct gateway_settings {
    const char *media_url, *public_url, *signup, *s3_public_endpoint, *redis_url;
    const char *trusted_proxies, *cors_origins;
    int64_t connections_per_address, password_threads, session_ttl_s, session_idle_s;
    struct rate_settings rates;
};

extern const struct config_setting gateway_settings_table[];

struct gateway_config {
    struct origin public, store;
    struct origins cors;
    enum signup_mode signup;
    struct rates rates;
};

/* False, and a line in the log, when a text means nothing. */
bool gateway_config_read(const struct gateway_settings *settings, struct gateway_config *out);
