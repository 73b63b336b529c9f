#include "services/gateway/adapters/kafka_updates.h"

#include "proto/messages.h"

const char *const kafka_updates_topics[] = {"media.rendered", "media.rejected", "media.deleted",
                                            NULL};

static enum pr_err read_rendered(struct pr_str bytes, struct update *out, struct pr_fault *fault)
{
    struct media_rendered_msg msg;
    enum pr_err err = media_rendered_decode(bytes, &msg, fault);
    if (!err)
        *out = (struct update){msg.media_id, msg.owner_id, UPDATE_READY, {NULL, 0}};
    return err;
}

static enum pr_err read_rejected(struct pr_str bytes, struct update *out, struct pr_fault *fault)
{
    struct media_rejected_msg msg;
    enum pr_err err = media_rejected_decode(bytes, &msg, fault);
    if (!err)
        *out = (struct update){msg.media_id, msg.owner_id, UPDATE_REJECTED, msg.reason};
    return err;
}

static enum pr_err read_deleted(struct pr_str bytes, struct update *out, struct pr_fault *fault)
{
    struct media_deleted_msg msg;
    enum pr_err err = media_deleted_decode(bytes, &msg, fault);
    if (!err)
        *out = (struct update){msg.media_id, msg.owner_id, UPDATE_DELETED, {NULL, 0}};
    return err;
}

static enum pr_err read_update(const struct kafka_message *message, struct update *out,
                               struct pr_fault *fault)
{
    const struct message_info *info = message_find(message->type);
    if (!info)
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "is not known");
    switch (info->kind) {
    case MESSAGE_MEDIA_RENDERED:
        return read_rendered(message->value, out, fault);
    case MESSAGE_MEDIA_REJECTED:
        return read_rejected(message->value, out, fault);
    case MESSAGE_MEDIA_DELETED:
        return read_deleted(message->value, out, fault);
    default:
        return pr_fault_set(fault, PR_ERR_DECODE, "ce_type", "tells nothing of this kind");
    }
}

void kafka_updates_handle(struct updates *updates, const struct kafka_message *message)
{
    struct update update;
    struct pr_fault fault;
    if (updates_count(updates) == 0)
        return;
    if (read_update(message, &update, &fault))
        log_at(LOG_DEBUG, "message passed over", LOG_STR("type", message->type),
               LOG_TEXT("field", fault.field), LOG_TEXT("detail", fault.detail));
    else
        updates_tell(updates, &update);
}
