/* labels: the labels of codes that are to be made, as somebody pasted them.
 *
 * One a line, whole: "Müller, Anna" is one label. A tab ends it, as in cells copied from a
 * spreadsheet. When the first line begins with the cell "label" (in any case), the text is CSV (RFC
 * 4180) whose first column is the labels, and that line is its header: what stands behind the cell
 * (',' ';' or a tab) separates the columns. Empty lines and cells are passed over; so is a byte order mark. */
#pragma once

#include "services/media/domain/code.h"
#include "shared/base/arena.h"

struct labels {
    struct pr_str items[CODES_AT_ONCE]; /* trimmed; views of the text, or in the arena */
    size_t n;
};

/* 1 to CODES_AT_ONCE labels, each as code_set_label takes it; else the fault (400, field "labels")
 * names the line. */
enum pr_err labels_read(struct pr_str text, struct pr_arena *arena, struct labels *out,
                        struct pr_fault *fault) PR_CHECK;
