#include "services/media/adapters/code_cards.h"

#include "services/media/adapters/code_json.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#include <qrencode.h>
#include <stdio.h>

#define QUIET_ZONE 4 /* modules of white around it (ISO/IEC 18004) */

/* 85 x 54 mm, as business cards: ten on a sheet. The QR code is dark on light in any scheme. */
static const char style[] =
    ":root{color-scheme:light dark;font:100%/1.4 system-ui,sans-serif}"
    "*{box-sizing:border-box;margin:0}"
    "body{padding:1.5rem;max-width:190mm;margin:auto}"
    "header{margin-bottom:1.5rem}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(85mm,100%),1fr))}"
    ".card{display:flex;gap:3mm;align-items:center;height:54mm;padding:4mm;overflow:hidden;"
    "break-inside:avoid;border:1px dashed #888}"
    ".card>div{flex:1;min-width:0;max-height:100%;overflow:hidden}"
    ".card p,.card h2{overflow-wrap:anywhere}"
    ".card h2{font-size:12pt;line-height:1.2;max-height:2.4em;overflow:hidden}"
    ".event,.until,.link{font-size:7.5pt}"
    ".card .event{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".code{font:700 17pt/1.3 ui-monospace,Menlo,Consolas,\"Liberation Mono\",monospace}"
    ".card svg{flex:none;width:33mm;height:33mm}"
    "@media(max-width:26rem){body{padding:.5rem}.card{height:auto}.card "
    "svg{width:28mm;height:28mm}}"
    "@media print{@page{size:A4;margin:10mm}:root{color-scheme:only light}"
    "body{padding:0;max-width:none}header{display:none}"
    "main{grid-template-columns:85mm 85mm;justify-content:center}}";

const char *code_cards_policy(char out[CODE_CARDS_POLICY_TEXT])
{
    uint8_t hash[SHA256_BYTES];
    char text[PR_BASE64_SIZE(SHA256_BYTES)];
    sha256(pr_str_n(style, sizeof style - 1), hash);
    pr_base64_encode(hash, sizeof hash, text);
    snprintf(out, CODE_CARDS_POLICY_TEXT,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'",
             text);
    return out;
}

void code_cards_begin(const struct code_event *event, size_t cards_n, struct pr_buf *out)
{
    pr_buf_puts(out, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\">"
                     "<meta name=\"robots\" content=\"noindex\"><title>Cards: ");
    pr_xml_escape(out, pr_str(event->name));
    pr_buf_puts(out, "</title><style>");
    pr_buf_puts(out, style);
    pr_buf_puts(out, "</style></head><body><header><h1>");
    pr_xml_escape(out, pr_str(event->name));
    pr_buf_printf(out,
                  "</h1><p>%zu card%s. Print on A4 and cut along the lines: ten to a sheet.</p>"
                  "</header><main>\n",
                  cards_n, cards_n == 1 ? "" : "s");
}

/* In threes, as the page shows it while it is typed. */
static void put_grouped(struct pr_buf *out, struct pr_str access_code)
{
    for (size_t at = 0, n; at < access_code.n; at += n) {
        n = access_code.n - at < 3 ? access_code.n - at : 3;
        pr_buf_puts(out, at > 0 ? " " : "");
        pr_buf_append(out, pr_str_n(access_code.p + at, n));
    }
}

/* Dark modules as strokes along their rows. */
static void put_modules(struct pr_buf *out, const QRcode *qr)
{
    const unsigned char *row = qr->data;
    for (int y = 0; y < qr->width; y++, row += qr->width) {
        for (int x = 0, end; x < qr->width; x = end) {
            for (end = x + 1; end < qr->width && (row[end] & 1) == (row[x] & 1); end++)
                ;
            if (row[x] & 1)
                pr_buf_printf(out, "M%d %d.5h%d", x + QUIET_ZONE, y + QUIET_ZONE, end - x);
        }
    }
}

static bool put_qr(struct pr_buf *out, const char *link)
{
    QRcode *qr = QRcode_encodeString8bit(link, 0, QR_ECLEVEL_M);
    if (!qr)
        return false;
    int width = qr->width + 2 * QUIET_ZONE;
    pr_buf_printf(out,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"QR code of the link\" "
                  "shape-rendering=\"crispEdges\"><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>"
                  "<path stroke=\"#000\" d=\"",
                  width, width, width, width);
    put_modules(out, qr);
    pr_buf_puts(out, "\"/></svg>");
    QRcode_free(qr);
    return true;
}

/* As people type it. */
static const char *without_scheme(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? host + 3 : url;
}

enum pr_err code_cards_add(const struct media_deps *deps, const struct code_event *event,
                           const struct code *code, struct pr_buf *out)
{
    char url[CODE_URL_MAX], link[CODE_URL_MAX + CODE_LENGTH_MAX + 2], ends_at[PR_RFC3339_TEXT];
    code_event_url(deps, event, url);
    snprintf(link, sizeof link, "%s#%s", url, code->access_code);
    pr_time_rfc3339(code_ends_at_ms(code, event->expires_at_ms), ends_at);
    pr_buf_puts(out, "<section class=\"card\"><div><p class=\"event\">");
    pr_xml_escape(out, pr_str(event->name));
    pr_buf_puts(out, "</p><h2>");
    pr_xml_escape(out, pr_str(code->label));
    pr_buf_puts(out, "</h2><p class=\"code\">");
    put_grouped(out, pr_str(code->access_code));
    pr_buf_puts(out, "</p><p class=\"link\">");
    pr_xml_escape(out, pr_str(without_scheme(url)));
    pr_buf_printf(out, "</p><p class=\"until\">until %.10s</p></div>", ends_at);
    if (!put_qr(out, link))
        return PR_ERR_INTERNAL;
    pr_buf_puts(out, "</section>\n");
    return out->full ? PR_ERR_INTERNAL : PR_OK;
}

void code_cards_end(struct pr_buf *out)
{
    pr_buf_puts(out, "</main></body></html>\n");
}
