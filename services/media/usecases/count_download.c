/* An archive began to be sent: one download more. */
#include "services/media/usecases/guest_usecases.h"

#include "shared/log/log.h"

static void counted(void *arg, enum pr_err err)
{
    (void)arg;
    if (err)
        log_at(LOG_WARN, "a download is not counted", LOG_ERR(err));
}

void count_download(const struct media_deps *deps, const struct pr_uuid *code_id)
{
    deps->guests->count_download(deps->guests, code_id, pr_now_ms(deps->clock),
                                 (struct pr_done){counted, NULL});
}
