#include "shared/config/config.h"

#include "shared/base/encode.h"

#include <stdio.h>
#include <stdlib.h>

static bool load_str(const struct config_setting *setting, const char *text, void *member)
{
    size_t n = strlen(text);
    if ((int64_t)n < setting->min || (int64_t)n > setting->max)
        return false;
    *(const char **)member = text;
    return true;
}

static bool load_key(const struct config_setting *setting, const char *text, void *member)
{
    struct config_key *key = member;
    struct pr_str hex = pr_str(text);
    key->n = hex.n / 2;
    return (int64_t)key->n >= setting->min && (int64_t)key->n <= setting->max &&
           key->n <= CONFIG_KEY_MAX && pr_hex_decode(hex, key->bytes, key->n);
}

/* No limit, "0", needs no period; 1 s then, so that nobody divides by none. */
static bool load_rate(const struct config_setting *setting, const char *text, void *member)
{
    struct config_rate *rate = member;
    struct pr_str count, period;
    bool has_period = pr_str_cut(pr_str(text), '/', &count, &period);
    rate->period_s = 1;
    if (has_period && !pr_str_to_int(period, 1, CONFIG_RATE_PERIOD_MAX_S, &rate->period_s))
        return false;
    return pr_str_to_int(count, 0, 0, &rate->count) ||
           (has_period && pr_str_to_int(count, setting->min, setting->max, &rate->count));
}

static bool load_one(const struct config_setting *setting, const char *text, void *member)
{
    switch (setting->type) {
    case CONFIG_STR:
        return load_str(setting, text, member);
    case CONFIG_INT:
        return pr_str_to_int(pr_str(text), setting->min, setting->max, member);
    case CONFIG_KEY:
        return load_key(setting, text, member);
    case CONFIG_RATE:
        return load_rate(setting, text, member);
    }
    return false;
}

static void put_fault(const struct config_setting *setting, const char *text, struct pr_buf *faults)
{
    static const char *const wanted[] = {
        [CONFIG_STR] = "a text of %lld to %lld bytes",
        [CONFIG_INT] = "a whole number from %lld to %lld",
        [CONFIG_KEY] = "hexadecimal digits for %lld to %lld bytes",
        [CONFIG_RATE] = "COUNT/SECONDS with a count from %lld to %lld, a day at most, or 0",
    };
    char bounds[112];
    if (!text) {
        pr_buf_printf(faults, "%s is not set: %s\n", setting->name, setting->help);
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(bounds, sizeof bounds, wanted[setting->type], (long long)setting->min,
             (long long)setting->max);
#pragma GCC diagnostic pop
    if (setting->secret)
        pr_buf_printf(faults, "%s must be %s\n", setting->name, bounds);
    else
        pr_buf_printf(faults, "%s must be %s, not '%.80s'\n", setting->name, bounds, text);
}

enum pr_err config_load(const struct config_setting *settings, void *out, struct pr_buf *faults)
{
    enum pr_err err = PR_OK;
    for (const struct config_setting *setting = settings; setting->name; setting++) {
        const char *text = getenv(setting->name);
        if (!text || !*text)
            text = setting->initial;
        if (!text || !load_one(setting, text, (char *)out + setting->offset)) {
            put_fault(setting, text, faults);
            err = PR_ERR_INVALID;
        }
    }
    return err;
}

void config_help(const struct config_setting *settings, struct pr_buf *out)
{
    for (const struct config_setting *setting = settings; setting->name; setting++) {
        pr_buf_printf(out, "  %-30s %s\n", setting->name, setting->help);
        pr_buf_printf(out, "  %-30s ", "");
        if (!setting->initial)
            pr_buf_puts(out, "required");
        else if (!*setting->initial)
            pr_buf_puts(out, "default: none");
        else
            pr_buf_printf(out, "default: %s", setting->initial);
        if (setting->type == CONFIG_INT)
            pr_buf_printf(out, ", %lld to %lld", (long long)setting->min, (long long)setting->max);
        if (setting->unit)
            pr_buf_printf(out, ", %s", setting->unit);
        pr_buf_puts(out, setting->secret ? ", secret\n" : "\n");
    }
}
