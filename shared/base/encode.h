/* encode: bytes as text (RFC 4648), and text as part of a URI (RFC 3986) or of a document. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/str.h"

/* Lower case; out gets 2n + 1 bytes, terminated. */
void pr_hex_encode(const void *bytes, size_t n, char *out);

/* Exactly 2n digits of either case; false otherwise. */
bool pr_hex_decode(struct pr_str hex, void *out, size_t n);

/* Terminated; out has room for PR_BASE64_SIZE(n), PR_BASE64URL_SIZE(n). The url form has '-' and
 * '_' and no padding. */
#define PR_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
#define PR_BASE64URL_SIZE(n) (((n)*8 + 5) / 6 + 1)
void pr_base64_encode(const void *bytes, size_t n, char *out);
void pr_base64url_encode(const void *bytes, size_t n, char *out);

/* Strict; *n is the room at the start and the count after. False when it is not base64 or does not
 * fit. */
bool pr_base64_decode(struct pr_str text, void *out, size_t *n);
bool pr_base64url_decode(struct pr_str text, void *out, size_t *n);

/* Percent-encodes all but unreserved characters (A-Z a-z 0-9 - . _ ~); '/' too, unless keep_slash.
 */
void pr_uri_encode(struct pr_buf *out, struct pr_str s, bool keep_slash);

/* Decodes %XX into out (room for s.n bytes); false for a broken escape. '+' stays '+'. */
bool pr_uri_decode(struct pr_str s, char *out, size_t *n);

/* As text, or as a value between double quotes, of XML and HTML. */
void pr_xml_escape(struct pr_buf *out, struct pr_str text);
