/* guest_usecases: what guests do, who have an access code and no account. As in usecases.h. */
#pragma once

#include "services/media/domain/guest_token.h"
#include "services/media/usecases/guest_ports.h"

struct enter_event_cmd {
    struct pr_str account, slug, access_code; /* as they were sent; borrowed until done */
    struct pr_str client;                     /* the network it comes from; borrowed until done */
};
/* What a guest gets who was let in; views are borrowed for the call. */
struct entered {
    const char *token;
    const struct guest_event *event;
};
/* fault: PR_ERR_UNAUTHORIZED, the same whatever was wrong; PR_ERR_GONE; PR_ERR_LIMITED, to be tried
 * again after retry_after_s. */
typedef void (*enter_event_done_fn)(void *arg, const struct pr_fault *fault,
                                    const struct entered *entered, int64_t retry_after_s);
void enter_event(const struct media_deps *deps, const struct enter_event_cmd *cmd,
                 enter_event_done_fn done, void *arg);

struct guest_photos_cmd {
    struct pr_str account, slug, token; /* borrowed until done */
    const struct pr_uuid *ids;          /* borrowed until done; NULL: all the code opens */
    size_t ids_n;
    struct pr_uuid selection_id; /* without ids: those of select_guest_photos; nil: all */
    bool saves;                  /* else they are only looked at */
    bool counts;                 /* as one download */
};
/* photos are the code's, the oldest first, and lie in photos->arena, which a done may take with it:
 * it then zeroes what it was given. fault: PR_ERR_UNAUTHORIZED (also once the code was revoked),
 * PR_ERR_GONE (the event is over), PR_ERR_NOT_FOUND (one of ids is none of the code's, or comes
 * twice; so of a selection, or there is none), PR_ERR_FORBIDDEN (saves, where guests only look). */
typedef void (*guest_photos_done_fn)(void *arg, const struct pr_fault *fault,
                                     struct guest_photos *photos);
void list_guest_photos(const struct media_deps *deps, const struct guest_photos_cmd *cmd,
                       guest_photos_done_fn done, void *arg);

/* More photos than a request can name, to be downloaded together: cmd's ids, none twice, are kept under
 * an id, the same for the same photos. The faults of list_guest_photos, as to save them. */
typedef void (*guest_selection_done_fn)(void *arg, const struct pr_fault *fault,
                                        const struct pr_uuid *selection_id);
void select_guest_photos(const struct media_deps *deps, const struct guest_photos_cmd *cmd,
                         guest_selection_done_fn done, void *arg);

struct guest_photo_cmd {
    struct pr_str account, slug, token; /* borrowed until done */
    struct pr_uuid id;
    bool saves, counts;
};
/* photo is NULL with a fault, which is one of list_guest_photos. */
typedef void (*guest_photo_done_fn)(void *arg, const struct pr_fault *fault,
                                    const struct guest_event *event,
                                    const struct guest_photo *photo);
void get_guest_photo(const struct media_deps *deps, const struct guest_photo_cmd *cmd,
                     guest_photo_done_fn done, void *arg);

/* One download more of a code that opens what is downloaded. Nobody waits for it: when it fails, one is
 * missing, which the log says. */
void count_download(const struct media_deps *deps, const struct pr_uuid *code_id);

/* Takes away what nobody needs to know any more of wrong codes; called now and then. */
void reap_guesses(const struct media_deps *deps, struct pr_done done);
