/* config: a service's settings as a table: environment variable, type, unit, default, bounds,
 * secret or not. One table fills a plain struct, checks everything and writes `--help`.
 *
 *     static const struct config_setting settings[] = {
 *         CONFIG_INT_SETTING(struct media_settings, upload_ttl_s, "PIERROT_UPLOAD_TTL_S", "3600",
 *                            60, 86400, "seconds", "How long an upload URL is good for."),
 *         CONFIG_END,
 *     }; */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/err.h"

enum config_type {
    CONFIG_STR, /* const char *: the text, min..max bytes; NULL only when the default is NULL-able */
    CONFIG_INT,  /* int64_t: decimal, min..max */
    CONFIG_KEY,  /* struct config_key: hex digits for min..max bytes */
    CONFIG_RATE, /* struct config_rate: "10/60", min..max in so many seconds; "0": none */
};

#define CONFIG_KEY_MAX 64

struct config_key {
    uint8_t bytes[CONFIG_KEY_MAX];
    size_t n;
};

#define CONFIG_RATE_PERIOD_MAX_S 86400

/* So many in a period; count 0: no limit. */
struct config_rate {
    int64_t count, period_s;
};

struct config_setting {
    const char *name; /* of the environment variable; NULL ends a table */
    enum config_type type;
    size_t offset;       /* of the member it fills */
    const char *initial; /* default, as text; NULL: the setting is required */
    int64_t min, max;
    const char *unit; /* "seconds", "bytes"; NULL: none */
    bool secret;      /* never shown */
    const char *help; /* one sentence */
};

#define CONFIG_STR_SETTING(type, member, name, initial, min, max, help)                            \
    {                                                                                              \
        name, CONFIG_STR, offsetof(type, member), initial, min, max, NULL, false, help             \
    }
#define CONFIG_SECRET_SETTING(type, member, name, initial, min, max, help)                         \
    {                                                                                              \
        name, CONFIG_STR, offsetof(type, member), initial, min, max, NULL, true, help              \
    }
#define CONFIG_INT_SETTING(type, member, name, initial, min, max, unit, help)                      \
    {                                                                                              \
        name, CONFIG_INT, offsetof(type, member), initial, min, max, unit, false, help             \
    }
#define CONFIG_KEY_SETTING(type, member, name, min, max, help)                                     \
    {                                                                                              \
        name, CONFIG_KEY, offsetof(type, member), NULL, min, max, "hex", true, help                \
    }
#define CONFIG_RATE_SETTING(type, member, name, initial, max, help)                                \
    {                                                                                              \
        name, CONFIG_RATE, offsetof(type, member), initial, 1, max, "count/seconds", false, help   \
    }
#define CONFIG_END                                                                                 \
    {                                                                                              \
        NULL, CONFIG_STR, 0, NULL, 0, 0, NULL, false, NULL                                         \
    }

/* Fills out from the environment (texts are borrowed from it). Every fault is appended to faults as
 * a line of its own, values of secrets never; PR_ERR_INVALID when there was one. */
enum pr_err config_load(const struct config_setting *settings, void *out,
                        struct pr_buf *faults) PR_CHECK;

/* The table for people: name, unit, default, help. */
void config_help(const struct config_setting *settings, struct pr_buf *out);
