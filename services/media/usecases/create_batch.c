/* POST /media/batch: announces up to BATCH_MAX uploads at once and hands out the URLs for them.
 *
 *     announce -> insert -> sign -> finish
 *
 * Each item is answered for itself: one that cannot be is refused, the others go on. Bytes that are
 * where they shall be are not asked for again; those of an upload that was broken off get a URL for
 * the rest of its time. So asking again, after whatever failed, creates nothing twice, and signing
 * may come after the insert. */
#include "services/media/domain/event.h"
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

/* An upload that was broken off and has less time left begins anew. */
#define WORTH_RESUMING_MS 60000

struct create_batch {
    struct flow flow;
    const struct media_deps *deps;
    struct create_batch_cmd cmd;
    struct batch_result *results;  /* of each item */
    struct signed_upload *uploads; /* of each entry: sign fills it */
    struct batch_entry *entries;   /* of those that were not refused: announce, then insert */
    size_t entries_n;
    struct insertion insertion; /* insert fills it */
    struct pr_arena arena;
    struct pr_fault fault;
    create_batch_done_fn done;
    void *done_arg;
};

static enum pr_err announce(void *arg)
{
    struct create_batch *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    for (size_t i = 0; i < op->cmd.items_n; i++) {
        struct media *media = &op->entries[op->entries_n].media;
        *media = (struct media){
            .id = pr_uuid_v7(now_ms),
            .owner_id = op->cmd.caller,
            .event_id = op->cmd.event_id,
            .version = 1,
            .state = MEDIA_CREATED,
            .created_at_ms = now_ms,
            .upload_expires_at_ms = now_ms + op->deps->upload_ttl_s * 1000,
        };
        op->results[i].fault.err =
            media_announce(media, &op->cmd.items[i], &op->deps->limits, &op->results[i].fault);
        if (op->results[i].fault.err)
            continue;
        if (media->part_size_bytes)
            media->upload_expires_at_ms = now_ms + (int64_t)MEDIA_MULTIPART_TTL_S * 1000;
        media_set_object_key(media);
        op->results[i].media = media;
        op->entries_n++;
    }
    return op->entries_n > 0 ? PR_OK : flow_stop(&op->flow);
}

static enum pr_err insert(void *arg)
{
    struct create_batch *op = arg;
    op->deps->repo->insert_batch(op->deps->repo, op->entries, op->entries_n,
                                 pr_now_ms(op->deps->clock) + WORTH_RESUMING_MS, &op->insertion,
                                 flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err sign_entry(struct create_batch *op, size_t i)
{
    const struct batch_entry *entry = &op->entries[i];
    int64_t left_s = (entry->media.upload_expires_at_ms - pr_now_ms(op->deps->clock)) / 1000;
    if (entry->media.state != MEDIA_CREATED || entry->outcome == BATCH_REPEATED ||
        entry->media.part_size_bytes)
        return PR_OK;
    return op->deps->store->sign_upload(op->deps->store, &entry->media, left_s > 1 ? left_s : 1,
                                        &op->arena, &op->uploads[i]);
}

static enum pr_err sign(void *arg)
{
    struct create_batch *op = arg;
    switch (op->insertion.outcome) {
    case INSERTION_NO_EVENT:
        return pr_fault_set(&op->fault, PR_ERR_NOT_FOUND, "event_id", "is no event of yours");
    case INSERTION_FULL:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "event_id",
                            "an event holds at most %d photos: these do not all fit",
                            EVENT_PHOTOS_MAX);
    default:
        break;
    }
    enum pr_err err = PR_OK;
    for (size_t i = 0; i < op->entries_n && !err; i++)
        err = sign_entry(op, i);
    return err;
}

static void finish(void *arg, enum pr_err err)
{
    struct create_batch *op = arg;
    size_t entry = 0;
    for (size_t i = 0; i < op->cmd.items_n; i++) {
        if (op->results[i].fault.err)
            continue;
        op->results[i].waits = op->entries[entry].media.state == MEDIA_CREATED &&
                               op->entries[entry].outcome != BATCH_REPEATED;
        op->results[i].upload = &op->uploads[entry++];
    }
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, op->results, op->cmd.items_n);
    pr_arena_fini(&op->arena);
    free(op->results);
    free(op->uploads);
    free(op->entries);
    free(op);
}

void create_batch(const struct media_deps *deps, const struct create_batch_cmd *cmd,
                  create_batch_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(announce),
        FLOW_STEP(insert),
        FLOW_STEP(sign),
        FLOW_STEPS_END,
    };
    struct create_batch *op = PR_NEW(struct create_batch);
    op->deps = deps;
    op->cmd = *cmd;
    op->results = pr_alloc(cmd->items_n * sizeof *op->results);
    op->uploads = pr_alloc(cmd->items_n * sizeof *op->uploads);
    op->entries = pr_alloc(cmd->items_n * sizeof *op->entries);
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "create_batch", steps, finish, op);
}
