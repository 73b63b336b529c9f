/* json: how deep a text is nested, found without recursion, before a parser that recurses may see
 * it. */
#pragma once

#include "shared/base/str.h"

#define JSON_DEPTH_MAX 16

/* True when no array or object of the text is nested deeper than max. It need not be JSON: up to
 * its first fault the count is right, and behind that no parser goes. */
bool json_depth_within(struct pr_str text, unsigned max);
