/* code_cards: the codes of an event as a sheet of cards to print on A4 and cut: label, link, code in
 * large type, and a QR code of the link with the code. The QR code has the access code in the link's
 * fragment, which no browser sends: it comes into nobody's log.
 *
 * The page is one HTML document without scripts, other files or style attributes. */
#pragma once

#include "services/media/usecases/code_ports.h"

#define CODE_CARD_MAX ((size_t)65536) /* bytes of any of these pieces */

/* The Content-Security-Policy that lets the page have its own style, and nothing else. */
#define CODE_CARDS_POLICY_TEXT 192
const char *code_cards_policy(char out[CODE_CARDS_POLICY_TEXT]);

void code_cards_begin(const struct code_event *event, size_t cards_n, struct pr_buf *out);

/* PR_ERR_INTERNAL: no QR code could be made. */
enum pr_err code_cards_add(const struct media_deps *deps, const struct code_event *event,
                           const struct code *code, struct pr_buf *out) PR_CHECK;

void code_cards_end(struct pr_buf *out);
