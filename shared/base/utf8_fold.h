/* utf8_fold: which texts are the same name to a file system that minds neither case nor how a character
 * is composed? (Unicode: default caseless matching of canonical equivalents.) */
#pragma once

#include "shared/base/arena.h"

/* Equal for such texts alone; terminated, in the arena. text must be valid UTF-8. */
struct pr_str pr_utf8_fold(struct pr_arena *arena, struct pr_str text);
