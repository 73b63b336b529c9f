/* code_csv: the codes of an event as CSV (RFC 4180), for spreadsheets and mail merges:
 * label, access_code, url, photos, expires_at. Revoked ones are left out. */
#pragma once

#include "services/media/usecases/code_ports.h"

#define CODE_CSV_MAX ((size_t)4 << 20) /* more than CODES_MAX rows can have */

/* With a byte order mark, without which Excel takes UTF-8 for something else. A cell that a
 * spreadsheet would run as a formula begins with an apostrophe. */
void code_csv_write(const struct media_deps *deps, const struct code_page *page,
                    struct pr_buf *out);
