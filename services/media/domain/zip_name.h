/* zip_name: the names files get in a ZIP archive: safe wherever it is unpacked, and unique. */
#pragma once

#include "services/media/domain/zip.h"
#include "shared/base/arena.h"

/* At most ZIP_NAME_MAX bytes of UTF-8 that are no path, hold nothing that a file system forbids, a
 * terminal obeys or that turns the direction of text ('_' in their place), do not begin with a dot,
 * end with a dot or blank, and are no device of Windows. What is too long loses its middle, not its
 * extension. Any bytes may come in. */
void zip_name_clean(struct pr_str name, char out[ZIP_NAME_MAX + 1]);

struct zip_names {
    struct pr_arena *arena;
    void *tree;
};

/* Gives names that differ from each other by more than case and the composition of characters, since not
 * every file system tells those apart: the second "beach.jpg" is "beach (2).jpg". The arena holds the
 * names and outlives them; the tree is freed by fini. */
void zip_names_init(struct zip_names *names, struct pr_arena *arena);
void zip_names_fini(struct zip_names *names);
struct pr_str zip_names_add(struct zip_names *names, struct pr_str name);
