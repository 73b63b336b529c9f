/* code_pg_rows: rows of `code`, with what is told of their event. */
#pragma once

#include "services/media/usecases/code_ports.h"
#include "shared/pg/pg.h"

/* $1, $2: the event and its owner. Its photos are counted once, for all codes that open them. */
#define CODE_EVENT                                                                                 \
    "with e as materialized (select id, name, owner_name, slug, expires_at, "                      \
    "(select count(*) from event_media m where m.event_id = event.id) as photos "                  \
    "from event where id = $1 and owner_id = $2 and not deleting) "

/* In the order the functions below read them. */
#define CODE_COLUMNS                                                                               \
    "select e.name, e.owner_name, e.slug, e.expires_at, c.id, c.event_id, c.batch_id, "            \
    "c.access_code, c.label, c.opens_all, case when c.opens_all then e.photos "                    \
    "else (select count(*) from code_media m where m.code_id = c.id) end, "                        \
    "c.created_at, c.expires_at, c.revoked_at, c.opens, c.downloads, c.last_used_at "

/* Each is a pg_rows_fn. No row: PR_ERR_NOT_FOUND, of the event. An event without codes is one row
 * whose code is null. arg: struct code_page. */
enum pr_err code_page_from_rows(void *arg, const struct pg_result *result);

/* With one column more: the ids of the chosen photos, one behind the other. arg: struct code_found.
 */
enum pr_err code_found_from_row(void *arg, const struct pg_result *result);
