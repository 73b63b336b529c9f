/* xml: the store's answers, element by element. Private to this folder. What comes is bounded and may
 * be anything: a document type, an entity of its own, a deep nest, a long name or text are refused,
 * so nothing grows but what the reader keeps. */
#pragma once

#include "shared/base/str.h"

#define XML_DEPTH_MAX 8
#define XML_NAME_MAX ((size_t)64)
#define XML_TEXT_MAX ((size_t)4096)

/* An element ends: its depth (the root's is 1), its name, and its text, which is empty when it has
 * elements within. Both lie there for the call only. False ends the reading. */
typedef bool (*xml_element_fn)(void *arg, unsigned depth, const char *name, struct pr_str text);

/* False: it is no XML, is not taken (see above), or the reader said no. Elements that ended before a
 * fault were told. */
bool xml_read(struct pr_str text, xml_element_fn element, void *arg);
