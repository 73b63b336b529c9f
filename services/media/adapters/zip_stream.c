/* Two transfers at most: of the object that is being sent, and, held at its first bytes, of the next
 * one, so that the store's time to answer makes no gap.
 *
 *     plan -> out ------------------> guest
 *              ^                        |
 *     store -> sink (paused while out   | taken: out again, the transfer goes on
 *              is full)  <--------------+
 *
 *     an object is gone, short, or has another CRC-32      -> the answer is broken off
 *     the store hung up                                    -> the rest of the object is asked for anew
 *     the guest left                                       -> the transfers are cancelled
 *     it was not asked for long whether it may go on       -> nothing is sent until that is answered
 *
 * While curl calls a sink no transfer may be begun or cancelled, and the archive's last bytes are not
 * sent: all that waits for `fetched`, which follows. */
#include "services/media/adapters/zip_stream.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/log/log.h"
#include "shared/metrics/metrics.h"

#include <assert.h>

#define OUT_WORTH ((size_t)65536)      /* of an object is sent at once: fewer, larger writes */
#define OUT_FULL ((size_t)131072)      /* from here on the transfer pauses */
#define OUT_MAX (2 * OUT_FULL)         /* what came with the piece that filled it */
#define AHEAD_BYTES (INT64_C(4) << 20) /* before the end of one object the next is begun */
#define FAILURES_MAX 2                 /* in a row, without a byte between them */
#define STALLED_MS INT64_C(60000) /* a guest who takes nothing for so long may lose his place */

struct fetch {
    struct zip_stream *stream;
    bool active;
    size_t entry;
    int64_t from, size_bytes, got; /* of the object */
    uint32_t crc32;                /* of what came, from the object's start */
    bool other;                    /* its bytes are not what they were */
    unsigned failures;
    struct s3_range range;
};

struct zip_stream {
    struct zip_stream_options options;
    struct http_request *req;
    struct zip_reader reader;
    struct zip_piece piece; /* that comes next, when there is one */
    bool has_piece;
    int64_t left; /* bytes that are not in out yet */
    struct pr_buf out;
    struct fetch fetches[2];
    struct fetch *current, *ahead; /* NULL: none */
    int64_t renewed_at_ms, sending_since_ms;
    bool sending, renewing, sinking, ended;
    unsigned refs;
    struct log_context context;
};

static struct metric streams_open = {
    .name = "pierrot_zip_streams",
    .help = "ZIP archives that are being sent.",
    .kind = METRIC_GAUGE,
};

static void drop(struct zip_stream *stream)
{
    if (--stream->refs > 0)
        return;
    stream->options.release(stream->options.arg);
    zip_archive_fini(stream->options.archive);
    free(stream->options.archive);
    pr_buf_fini(&stream->out);
    free(stream);
}

static struct zip_stream **place_of(struct zip_store *store, const struct zip_stream *stream)
{
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        if (store->streams[i] == stream)
            return &store->streams[i];
    }
    return NULL;
}

static void cancel_fetches(struct zip_stream *stream)
{
    for (size_t i = 0; i < PR_COUNT(stream->fetches); i++)
        s3_range_cancel(&stream->fetches[i].range);
}

/* Nothing more is sent. */
static void end(struct zip_stream *stream)
{
    if (stream->ended)
        return;
    stream->ended = true;
    *place_of(stream->options.store, stream) = NULL;
    metric_add(&streams_open, -1, NULL);
    if (!stream->sinking)
        cancel_fetches(stream);
    drop(stream);
}

static void break_off(struct zip_stream *stream)
{
    struct http_request *req = stream->req;
    if (stream->ended)
        return;
    stream->refs++;
    end(stream);
    http_reply_abort(req);
    drop(stream);
}

static void pump(struct zip_stream *stream);

static void sent(void *arg, enum pr_err err)
{
    struct zip_stream *stream = arg;
    stream->sending = false;
    if (err)
        end(stream);
    else if (!stream->ended)
        pump(stream);
    drop(stream);
}

static void flush(struct zip_stream *stream)
{
    if (stream->ended || stream->sending || stream->renewing || stream->out.n == 0)
        return;
    if (stream->left == 0) {
        http_reply_write(stream->req, pr_buf_str(&stream->out), true, (struct pr_done){NULL, NULL});
        end(stream);
        return;
    }
    stream->sending = true;
    stream->sending_since_ms = pr_now_ms(stream->options.clock);
    stream->refs++;
    http_reply_write(stream->req, pr_buf_str(&stream->out), false, (struct pr_done){sent, stream});
    pr_buf_clear(&stream->out);
}

/* --- objects ----------------------------------------------------------------------------------- */

static bool is_complete(struct fetch *fetch)
{
    const struct zip_entry *entry = &fetch->stream->options.archive->entries[fetch->entry];
    bool whole = fetch->from == 0 && fetch->got == entry->size_bytes;
    fetch->other = whole && fetch->crc32 != entry->crc32;
    return fetch->got == fetch->size_bytes;
}

static bool take(void *arg, struct pr_str bytes)
{
    struct fetch *fetch = arg;
    struct zip_stream *stream = fetch->stream;
    if (stream->ended)
        return false;
    assert(fetch == stream->current);
    fetch->got += (int64_t)bytes.n;
    fetch->failures = 0;
    if (fetch->from == 0)
        fetch->crc32 = crc32_update(fetch->crc32, bytes);
    bool complete = is_complete(fetch);
    if (fetch->other)
        return false; /* before its last bytes are sent */
    pr_buf_append(&stream->out, bytes);
    assert(!stream->out.full);
    stream->left -= (int64_t)bytes.n;
    stream->sinking = true;
    if (!complete && stream->out.n >= OUT_WORTH)
        flush(stream);
    stream->sinking = false;
    if (stream->out.n >= OUT_FULL)
        s3_range_pause(&fetch->range);
    return !stream->ended;
}

static void fetched(void *arg, enum pr_err err);

static void send_fetch(struct fetch *fetch)
{
    struct zip_stream *stream = fetch->stream;
    const struct zip_archive *archive = stream->options.archive;
    fetch->active = true;
    stream->refs++;
    fetch->range = (struct s3_range){
        .first = fetch->from + fetch->got,
        .size_bytes = fetch->size_bytes - fetch->got,
        .total_bytes = archive->entries[fetch->entry].size_bytes,
        .sink = take,
        .sink_arg = fetch,
    };
    s3_get_range(stream->options.store->s3, archive->keys[fetch->entry], &fetch->range,
                 (struct pr_done){fetched, fetch});
}

static struct fetch *new_fetch(struct zip_stream *stream, const struct zip_piece *piece,
                               int64_t left)
{
    struct fetch *fetch = &stream->fetches[stream->current == &stream->fetches[0] ? 1 : 0];
    assert(!fetch->active);
    *fetch = (struct fetch){
        .stream = stream,
        .entry = piece->entry,
        .from = piece->from,
        .size_bytes = piece->size_bytes < left ? piece->size_bytes : left,
    };
    return fetch;
}

static void tell(const struct fetch *fetch, enum pr_err err)
{
    const struct zip_archive *archive = fetch->stream->options.archive;
    const struct log_context *outer = log_context_enter(&fetch->stream->context);
    log_at(err == PR_OK || err == PR_ERR_CONFLICT ? LOG_ERROR : LOG_WARN,
           "an archive is broken off", LOG_STR("object", archive->keys[fetch->entry]),
           LOG_TEXT("cause", fetch->other             ? "another CRC-32 than its row says"
                             : err == PR_ERR_CONFLICT ? "another size than its row says"
                                                      : pr_err_text(err)));
    log_context_enter(outer);
}

static void current_ended(struct zip_stream *stream, enum pr_err err)
{
    struct fetch *fetch = stream->current;
    bool away = err == PR_ERR_UNAVAILABLE || err == PR_ERR_TIMEOUT;
    if (!err && fetch->got == fetch->size_bytes && !fetch->other) {
        stream->current = NULL;
        stream->has_piece = false;
        pump(stream);
    } else if (away && !fetch->other && fetch->failures++ < FAILURES_MAX) {
        send_fetch(fetch);
    } else {
        tell(fetch, err);
        break_off(stream);
    }
}

static void fetched(void *arg, enum pr_err err)
{
    struct fetch *fetch = arg;
    struct zip_stream *stream = fetch->stream;
    fetch->active = false;
    if (stream->ended)
        cancel_fetches(stream);
    else if (fetch == stream->current)
        current_ended(stream, err);
    else
        stream->ahead = NULL; /* it is begun again when its turn comes */
    drop(stream);
}

static void renewed(void *arg, enum pr_err err)
{
    struct zip_stream *stream = arg;
    stream->renewing = false;
    stream->renewed_at_ms = pr_now_ms(stream->options.clock);
    if (err)
        break_off(stream);
    else if (!stream->ended)
        pump(stream);
    drop(stream);
}

static void renew_when_due(struct zip_stream *stream)
{
    if (stream->ended || stream->renewing ||
        pr_now_ms(stream->options.clock) - stream->renewed_at_ms <= stream->options.renew_ms)
        return;
    stream->renewing = true;
    stream->refs++;
    stream->options.renew(stream->options.arg, (struct pr_done){renewed, stream});
}

/* The piece is an object's. */
static void begin_object(struct zip_stream *stream)
{
    if (stream->ahead) {
        stream->current = stream->ahead;
        stream->ahead = NULL;
        s3_range_resume(&stream->current->range);
    } else {
        stream->current = new_fetch(stream, &stream->piece, stream->left);
        send_fetch(stream->current);
    }
}

/* Begins the next object's transfer when the one under way is nearly through. */
static void look_ahead(struct zip_stream *stream)
{
    const struct fetch *current = stream->current;
    struct zip_reader reader = stream->reader;
    struct zip_piece piece;
    if (stream->ended || !current || stream->ahead ||
        current->size_bytes - current->got > AHEAD_BYTES)
        return;
    int64_t left = stream->left - (current->size_bytes - current->got);
    while (left > 0 && zip_reader_next(&reader, &piece)) {
        if (piece.bytes.n == 0) {
            stream->ahead = new_fetch(stream, &piece, left);
            struct fetch *ahead = stream->ahead;
            send_fetch(ahead);
            s3_range_pause(&ahead->range);
            return;
        }
        left -= (int64_t)piece.bytes.n;
    }
}

/* --- the archive's own bytes ------------------------------------------------------------------- */

static void produce(struct zip_stream *stream)
{
    while (!stream->ended && !stream->current && stream->left > 0 && stream->out.n < OUT_FULL) {
        if (!stream->has_piece)
            stream->has_piece = zip_reader_next(&stream->reader, &stream->piece);
        assert(stream->has_piece);
        struct pr_str bytes = stream->piece.bytes;
        if (bytes.n == 0) {
            begin_object(stream);
            continue;
        }
        if ((int64_t)bytes.n > stream->left)
            bytes.n = (size_t)stream->left;
        pr_buf_append(&stream->out, bytes);
        stream->left -= (int64_t)bytes.n;
        stream->has_piece = false;
    }
}

static void pump(struct zip_stream *stream)
{
    stream->refs++;
    renew_when_due(stream);
    produce(stream);
    if (stream->left > 0 || !stream->current)
        flush(stream);
    look_ahead(stream);
    if (!stream->ended && stream->current && stream->out.n < OUT_FULL)
        s3_range_resume(&stream->current->range);
    drop(stream);
}

/* All places are taken. */
static struct zip_stream *find_stalled(const struct zip_store *store)
{
    struct zip_stream *stalled = NULL;
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        struct zip_stream *stream = store->streams[i];
        if (stream->sending && (!stalled || stream->sending_since_ms < stalled->sending_since_ms))
            stalled = stream;
    }
    bool long_ago =
        stalled && pr_now_ms(stalled->options.clock) - stalled->sending_since_ms >= STALLED_MS;
    return long_ago ? stalled : NULL;
}

static size_t places_of(const struct zip_store *store, const struct pr_uuid *code_id)
{
    size_t n = 0;
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++)
        n += pr_uuid_eq(&store->streams[i]->options.code_id, code_id);
    return n;
}

/* All places are taken. The last of its code's, which is most likely not the one that is nearly done. */
static struct zip_stream *find_greedy(const struct zip_store *store, const struct pr_uuid *code_id)
{
    struct zip_stream *greedy = NULL;
    size_t most = places_of(store, code_id) + 2;
    for (size_t i = 0; i < ZIP_STREAMS_MAX; i++) {
        size_t n = places_of(store, &store->streams[i]->options.code_id);
        if (n >= most) {
            most = n;
            greedy = store->streams[i];
        }
    }
    return greedy;
}

bool zip_store_has_place(struct zip_store *store, const struct pr_uuid *code_id)
{
    if (place_of(store, NULL))
        return true;
    struct zip_stream *loser = find_stalled(store);
    if (!loser)
        loser = find_greedy(store, code_id);
    if (!loser)
        return false;
    break_off(loser);
    return true;
}

void zip_stream_start(struct http_request *req, const struct zip_stream_options *options)
{
    struct zip_stream *stream = PR_NEW(struct zip_stream);
    stream->options = *options;
    stream->req = req;
    stream->left = options->size_bytes;
    stream->refs = 1;
    if (log_context_current())
        stream->context = *log_context_current();
    stream->renewed_at_ms = pr_now_ms(options->clock);
    pr_buf_init(&stream->out, OUT_MAX);
    zip_reader_init(&stream->reader, &options->archive->plan, options->first);
    *place_of(options->store, NULL) = stream;
    metric_add(&streams_open, 1, NULL);
    pump(stream);
}
