/* code_usecases: what media does with access codes, one function each; the file of the same name
 * tells how. As in usecases.h: commands are copied, what their views and pointers show is borrowed
 * until done; deps are borrowed; done is called once, with what it is given borrowed for the call. */
#pragma once

#include "services/media/usecases/code_ports.h"

struct make_codes_cmd {
    struct pr_uuid caller, event_id;
    struct pr_str label;  /* of one code; p NULL: labels */
    struct pr_str labels; /* of many, as labels_read reads them */
    int opens_all;        /* 0 or 1; -1: not said */
    struct code_ids photos;
    int64_t length;
    int64_t expires_in_s; /* 0: with the event */
    struct idempotency idempotency;
};
/* page is valid when fault->err is PR_OK. replayed: they were made before, by this key. */
typedef void (*make_codes_done_fn)(void *arg, const struct pr_fault *fault,
                                   const struct code_page *page, bool replayed);
void make_codes(const struct media_deps *deps, const struct make_codes_cmd *cmd,
                make_codes_done_fn done, void *arg);

/* Who keeps the page copies it, and empties its arena. */
typedef void (*code_page_done_fn)(void *arg, enum pr_err err, struct code_page *page);
void list_codes(const struct media_deps *deps, const struct code_query *query,
                code_page_done_fn done, void *arg);

/* found is valid when fault->err is PR_OK. */
typedef void (*code_done_fn)(void *arg, const struct pr_fault *fault,
                             const struct code_found *found);
void get_code(const struct media_deps *deps, const struct code_key *key, code_done_fn done,
              void *arg);

struct change_code_cmd {
    struct code_key key;
    struct pr_str label;  /* p NULL: stays */
    int opens_all;        /* 0 or 1; -1: stays */
    int revoked;          /* the same */
    int64_t expires_in_s; /* from now; 0: with the event; -1: stays */
    struct code_ids photos, add, remove;
};
void change_code(const struct media_deps *deps, const struct change_code_cmd *cmd,
                 code_done_fn done, void *arg);

void delete_code(const struct media_deps *deps, const struct code_key *key, struct pr_done done);
