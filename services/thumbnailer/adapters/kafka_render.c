#include "services/thumbnailer/adapters/kafka_render.h"

#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

const char *const kafka_render_topics[] = {"media.finalized", "media.deleted", NULL};

/* A message under way: what its usecase borrows until it is done. */
struct handling {
    struct message_origin origin;
    union {
        struct media_finalized_msg finalized;
        struct media_deleted_msg deleted;
    } msg;
    struct pr_done done;
};

static void handled(void *arg, enum pr_err err)
{
    struct handling *handling = arg;
    pr_done_call(handling->done, err);
    free(handling);
}

static enum pr_err start(const struct render_deps *deps, const struct kafka_message *message,
                         struct handling *handling, struct pr_fault *fault)
{
    const struct message_info *info = message_find(message->type);
    struct pr_done done = {handled, handling};
    enum pr_err err;
    if (!info)
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "is not a message of this service");
    switch (info->kind) {
    case MESSAGE_MEDIA_FINALIZED:
        err = media_finalized_decode(message->value, &handling->msg.finalized, fault);
        if (!err)
            queue_render(deps, &handling->origin, &handling->msg.finalized, message->value, done);
        return err;
    case MESSAGE_MEDIA_DELETED:
        err = media_deleted_decode(message->value, &handling->msg.deleted, fault);
        if (!err)
            forget_media(deps, &handling->origin, &handling->msg.deleted, message->value, done);
        return err;
    default:
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "is not a message of this service");
    }
}

void kafka_render_handle(const struct render_deps *deps, const struct kafka_message *message,
                         struct pr_done done)
{
    struct pr_fault fault = {0};
    struct handling *handling = PR_NEW(struct handling);
    handling->origin = message_origin_of(message);
    handling->done = done;
    enum pr_err err = start(deps, message, handling, &fault);
    if (err) {
        log_at(LOG_ERROR, "message refused", LOG_STR("topic", message->topic),
               LOG_TEXT("field", fault.field), LOG_TEXT("detail", fault.detail));
        handled(handling, err);
    }
}
