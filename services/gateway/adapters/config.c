#include "services/gateway/adapters/config.h"

#include "shared/log/log.h"

#define YEAR_S 31536000
#define RATE_MAX 1000000000

const struct config_setting gateway_settings_table[] = {
    CONFIG_STR_SETTING(struct gateway_settings, public_url, "PIERROT_PUBLIC_URL", NULL, 8, 255,
                       "Where people find us: https://host, or http://host:port without TLS."),
    CONFIG_STR_SETTING(struct gateway_settings, media_url, "PIERROT_MEDIA_URL", NULL, 10, 255,
                       "Where the service media listens, http://host:port."),
    CONFIG_STR_SETTING(struct gateway_settings, s3_public_endpoint, "PIERROT_S3_PUBLIC_ENDPOINT",
                       NULL, 8, 255, "The S3 server, as browsers reach it: pages may talk to it."),
    CONFIG_STR_SETTING(struct gateway_settings, signup, "PIERROT_SIGNUP", "invite", 4, 6,
                       "Who may sign up: open, invite or closed."),
    CONFIG_INT_SETTING(struct gateway_settings, session_ttl_s, "PIERROT_SESSION_TTL_S", "2592000",
                       60, YEAR_S, "seconds", "Life of a browser's session."),
    CONFIG_INT_SETTING(struct gateway_settings, session_idle_s, "PIERROT_SESSION_IDLE_S", "1209600",
                       120, YEAR_S, "seconds", "Its life when it is not used, to the minute."),
    CONFIG_STR_SETTING(struct gateway_settings, trusted_proxies, "PIERROT_TRUSTED_PROXIES", "", 0,
                       4096,
                       "Networks that tell a client's address, as 10.0.0.0/8, comma separated."),
    CONFIG_STR_SETTING(struct gateway_settings, cors_origins, "PIERROT_CORS_ORIGINS", "", 0, 4096,
                       "Origins whose pages may use the API with tokens, comma separated."),
    CONFIG_INT_SETTING(struct gateway_settings, connections_per_address,
                       "PIERROT_CONNECTIONS_PER_ADDRESS", "256", 0, 65536, NULL,
                       "HTTP connections of one address at once; 0: no limit."),
    CONFIG_INT_SETTING(struct gateway_settings, password_threads, "PIERROT_PASSWORD_THREADS", "1",
                       1, 64, NULL, "Passwords that are hashed at once."),
    CONFIG_SECRET_SETTING(struct gateway_settings, redis_url, "PIERROT_REDIS_URL", "", 0, 1024,
                          "Where all gateways count together; none: each counts for itself."),
    CONFIG_RATE_SETTING(struct gateway_settings, rates.login, "PIERROT_LIMIT_LOGIN", "10/60",
                        RATE_MAX, "Logins of one address; 0: no limit."),
    CONFIG_RATE_SETTING(struct gateway_settings, rates.signup, "PIERROT_LIMIT_SIGNUP", "10/3600",
                        RATE_MAX, "Sign-ups of one address."),
    CONFIG_RATE_SETTING(struct gateway_settings, rates.code, "PIERROT_LIMIT_CODE", "120/60",
                        RATE_MAX, "Access codes that one address tries; wrong ones wait longer."),
    CONFIG_RATE_SETTING(struct gateway_settings, rates.write, "PIERROT_LIMIT_WRITE", "1000/10",
                        RATE_MAX,
                        "Changes of one address or account; premium 2, business 4 times that."),
    CONFIG_RATE_SETTING(struct gateway_settings, rates.read, "PIERROT_LIMIT_READ", "5000/10",
                        RATE_MAX, "Everything else, likewise."),
    CONFIG_END,
};

static bool wrong(const char *setting, const char *must)
{
    log_at(LOG_ERROR, "wrong setting", LOG_TEXT("setting", setting), LOG_TEXT("must", must));
    return false;
}

bool gateway_config_read(const struct gateway_settings *settings, struct gateway_config *out)
{
    if (!origin_parse(pr_str(settings->public_url), &out->public))
        return wrong("PIERROT_PUBLIC_URL", "be https://host or http://host:port");
    if (!origin_parse(pr_str(settings->s3_public_endpoint), &out->store))
        return wrong("PIERROT_S3_PUBLIC_ENDPOINT", "be https://host or http://host:port");
    if (!origins_parse(pr_str(settings->cors_origins), &out->cors))
        return wrong("PIERROT_CORS_ORIGINS", "be origins, comma separated");
    if (!signup_mode_parse(pr_str(settings->signup), &out->signup))
        return wrong("PIERROT_SIGNUP", "be open, invite or closed");
    rates_init(&out->rates, &settings->rates);
    return true;
}
