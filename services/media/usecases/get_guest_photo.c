/* GET /guest/{account}/{slug}/photos/{id}: list_guest_photos of this one. */
#include "services/media/usecases/guest_usecases.h"

#include "shared/base/alloc.h"

struct get_guest_photo {
    struct pr_uuid id;
    guest_photo_done_fn done;
    void *done_arg;
};

static void listed(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct get_guest_photo *op = arg;
    op->done(op->done_arg, fault, &photos->event, fault->err ? NULL : photos->items);
    free(op);
}

void get_guest_photo(const struct media_deps *deps, const struct guest_photo_cmd *cmd,
                     guest_photo_done_fn done, void *arg)
{
    struct get_guest_photo *op = PR_NEW(struct get_guest_photo);
    op->id = cmd->id;
    op->done = done;
    op->done_arg = arg;
    list_guest_photos(deps,
                      &(struct guest_photos_cmd){
                          .account = cmd->account,
                          .slug = cmd->slug,
                          .token = cmd->token,
                          .ids = &op->id,
                          .ids_n = 1,
                          .saves = cmd->saves,
                          .counts = cmd->counts,
                      },
                      listed, op);
}
