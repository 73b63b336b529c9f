#include "services/media/adapters/code_csv.h"

#include "services/media/adapters/code_json.h"
#include "shared/base/alloc.h"

/* To one spreadsheet or another, by how it begins: also with the wide signs of East Asian keyboards. */
static bool is_formula(struct pr_str text)
{
    static const struct pr_str signs[] = {PR_STR("="),  PR_STR("+"),  PR_STR("-"),  PR_STR("@"),
                                          PR_STR("＝"), PR_STR("＋"), PR_STR("－"), PR_STR("＠")};
    for (size_t i = 0; i < PR_COUNT(signs); i++) {
        if (pr_str_has_prefix(text, signs[i]))
            return true;
    }
    return false;
}

static void put_cell(struct pr_buf *out, struct pr_str text)
{
    pr_buf_puts(out, "\"");
    if (is_formula(text))
        pr_buf_puts(out, "'");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            pr_buf_puts(out, "\"");
        pr_buf_append(out, pr_str_n(text.p + i, 1));
    }
    pr_buf_puts(out, "\"");
}

static void put_row(struct pr_buf *out, const struct code *code, const char *url,
                    int64_t event_expires_at_ms)
{
    char ends_at[PR_RFC3339_TEXT];
    put_cell(out, pr_str(code->label));
    pr_buf_printf(out, ",%s,", code->access_code);
    put_cell(out, pr_str(url));
    pr_buf_printf(out, ",%lld,%s\r\n", (long long)code->photos_n,
                  pr_time_rfc3339(code_ends_at_ms(code, event_expires_at_ms), ends_at));
}

void code_csv_write(const struct media_deps *deps, const struct code_page *page, struct pr_buf *out)
{
    char url[CODE_URL_MAX];
    code_event_url(deps, &page->event, url);
    pr_buf_puts(out, "\xef\xbb\xbflabel,access_code,url,photos,expires_at\r\n");
    for (size_t i = 0; i < page->items_n; i++) {
        if (!page->items[i].revoked_at_ms)
            put_row(out, &page->items[i], url, page->event.expires_at_ms);
    }
}
