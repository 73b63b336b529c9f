#include "services/media/adapters/kafka_media.h"

#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

const char *const kafka_media_topics[] = {"media.rendered", "media.rejected", "account.changed",
                                          NULL};

/* A message under way: what its usecase borrows until it is done. */
struct handling {
    struct message_origin origin;
    union {
        struct media_rendered_msg rendered;
        struct media_rejected_msg rejected;
        struct account_changed_msg account;
    } msg;
    struct pr_done done;
};

static void handled(void *arg, enum pr_err err)
{
    struct handling *handling = arg;
    pr_done_call(handling->done, err);
    free(handling);
}

static enum pr_err start(const struct media_deps *deps, const struct kafka_message *message,
                         struct handling *handling, struct pr_fault *fault)
{
    const struct message_info *info = message_find(message->type);
    struct pr_done done = {handled, handling};
    enum pr_err err;
    if (!info)
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "is not a message of this service");
    switch (info->kind) {
    case MESSAGE_MEDIA_RENDERED:
        err = media_rendered_decode(message->value, &handling->msg.rendered, fault);
        if (!err)
            apply_rendered(deps, &handling->origin, &handling->msg.rendered, done);
        return err;
    case MESSAGE_MEDIA_REJECTED:
        err = media_rejected_decode(message->value, &handling->msg.rejected, fault);
        if (!err)
            apply_rejected(deps, &handling->origin, &handling->msg.rejected, done);
        return err;
    case MESSAGE_ACCOUNT_CHANGED:
        err = account_changed_decode(message->value, &handling->msg.account, fault);
        if (!err)
            apply_account(deps, &handling->origin, &handling->msg.account, done);
        return err;
    default:
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "is not a message of this service");
    }
}

void kafka_media_handle(const struct media_deps *deps, const struct kafka_message *message,
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
