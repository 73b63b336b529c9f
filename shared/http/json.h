/* json: how deep a text is nested, found without recursion, before a parser that recurses may see
 * it; and values that many answers have. */
#pragma once

#include "shared/base/str.h"
#include "shared/base/uuid.h"

#include <jansson.h>

#define JSON_DEPTH_MAX 16

/* True when no array or object of the text is nested deeper than max. It need not be JSON: up to
 * its first fault the count is right, and behind that no parser goes. */
bool json_depth_within(struct pr_str text, unsigned max);

/* New references: a text that is valid UTF-8, a time as RFC 3339, an id as a UUID's text. */
json_t *json_text(struct pr_str text);
json_t *json_time(int64_t at_ms);
json_t *json_id(const struct pr_uuid *id);
