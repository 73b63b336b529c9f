/* event_usecases: everything media does with events, one function each; the file of the same name
 * tells how. Commands are copied; deps are borrowed. done is called once, with what it is given
 * borrowed for the call. */
#pragma once

#include "services/media/usecases/event_ports.h"
#include "services/media/usecases/usecases.h"

/* event is valid when fault->err is PR_OK. */
typedef void (*event_done_fn)(void *arg, const struct pr_fault *fault, const struct event *event);

struct create_event_cmd {
    struct pr_uuid caller;
    char caller_name[33];
    struct pr_str name;
    struct pr_str slug;      /* p NULL: one that is made from the name */
    int64_t seconds_to_live; /* 0: EVENT_TTL_DEFAULT_S */
    int download, originals; /* 0 or 1 */
    struct idempotency idempotency;
}; /* views: borrowed until done */
/* replayed: it was created before, by this key. */
typedef void (*create_event_done_fn)(void *arg, const struct pr_fault *fault,
                                     const struct event *event, bool replayed);
void create_event(const struct media_deps *deps, const struct create_event_cmd *cmd,
                  create_event_done_fn done, void *arg);

void get_event(const struct media_deps *deps, const struct pr_uuid *caller,
               const struct pr_uuid *event_id, event_done_fn done, void *arg);

typedef void (*list_events_done_fn)(void *arg, enum pr_err err, const struct event_page *page);
void list_events(const struct media_deps *deps, const struct event_query *query,
                 list_events_done_fn done, void *arg);

/* What is absent stays: text with p NULL, seconds_to_live 0, numbers below 0. */
struct change_event_cmd {
    struct pr_uuid caller, event_id;
    struct pr_str name, slug; /* views: borrowed until done */
    int64_t seconds_to_live;
    int download, originals;
    bool has_cover;
    struct pr_uuid cover_id; /* nil: none */
};
void change_event(const struct media_deps *deps, const struct change_event_cmd *cmd,
                  event_done_fn done, void *arg);

typedef void (*event_fault_fn)(void *arg, const struct pr_fault *fault);
void delete_event(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *event_id, event_fault_fn done, void *arg);

void list_event_media(const struct media_deps *deps, const struct pr_uuid *caller,
                      const struct event_media_query *query, list_media_done_fn done, void *arg);

/* media_ids (1 to EVENT_LINKS_MAX) is borrowed until done; linked: that were not in it before. */
typedef void (*link_media_done_fn)(void *arg, const struct pr_fault *fault, size_t linked);
void link_media(const struct media_deps *deps, const struct pr_uuid *caller,
                const struct pr_uuid *event_id, const struct pr_uuid *media_ids, size_t n,
                link_media_done_fn done, void *arg);

/* Deletes the media when it was uploaded to the event. */
void unlink_media(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *event_id, const struct pr_uuid *media_id,
                  event_fault_fn done, void *arg);

/* The job that deletes an event and all that is of it alone. */
void purge_event(const struct media_deps *deps, const struct job_claim *job,
                 const struct pr_uuid *event_id, struct pr_done done);
