#include "services/thumbnailer/adapters/render_verdict.h"

#include "shared/log/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void refuse(struct render_outcome *out, enum render_reason reason, const char *detail)
{
    out->verdict = RENDER_REFUSED;
    out->reason = render_reason_name(reason);
    snprintf(out->detail, sizeof out->detail, "%s", detail);
}

static void set_picture(struct render_picture *picture, const struct rendition *from)
{
    picture->width = from->width;
    picture->height = from->height;
    picture->file.size_bytes = from->size_bytes;
}

static bool holds(const struct render_picture *picture, const struct rendition *said)
{
    struct stat file;
    return fstat(picture->file.fd, &file) == 0 && file.st_size == said->size_bytes;
}

bool render_reply_is_true(const struct render_reply *reply, const struct render_outcome *out)
{
    return reply->status != RENDER_OK ||
           (holds(&out->pictures[RENDITION_PREVIEW], &reply->preview) &&
            holds(&out->pictures[RENDITION_LARGE], &reply->large));
}

void render_verdict_of_reply(const struct render_reply *reply, struct render_outcome *out)
{
    switch ((enum render_status)reply->status) {
    case RENDER_OK:
        out->verdict = RENDER_DONE;
        out->width = reply->width;
        out->height = reply->height;
        out->duration_ms = reply->duration_ms;
        out->degraded = reply->degraded;
        out->placeholder_n = reply->placeholder_bytes;
        memcpy(out->placeholder, reply->placeholder, reply->placeholder_bytes);
        set_picture(&out->pictures[RENDITION_PREVIEW], &reply->preview);
        set_picture(&out->pictures[RENDITION_LARGE], &reply->large);
        return;
    case RENDER_REJECTED:
        refuse(out, (enum render_reason)reply->reason, reply->text);
        return;
    case RENDER_FAILED:
    case RENDER_STATUS_COUNT:
        break;
    }
    log_at(LOG_WARN, "the decode worker could not do its part", LOG_TEXT("cause", reply->text));
    out->verdict = RENDER_LOST;
}

void render_verdict_of_end(int signal, bool too_slow, struct render_outcome *out)
{
    log_at(LOG_WARN, "a decode worker ended at its work", LOG_INT("signal", signal),
           LOG_TEXT("why", too_slow ? "time limit" : "itself or from outside"));
    if (signal == SIGXCPU)
        refuse(out, REASON_TIME_LIMIT, "decoding took too long");
    else if (signal != 0 && signal != SIGKILL && signal != SIGTERM && signal != SIGINT)
        refuse(out, REASON_WORKER_DIED, strsignal(signal));
    else
        out->verdict = RENDER_LOST;
}
