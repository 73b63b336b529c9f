/* libcurl's multi interface on the loop: curl says which sockets and which timer it waits for, the
 * loop tells it of both.
 *
 *     send -> [curl works] -> done
 *              |        ^
 *              +-> paused: the sink's reader is slow
 *     close -> every call is done with PR_ERR_UNAVAILABLE -> handles closed -> curl cleaned up ->
 * closed
 */
#include "shared/http/client.h"

#include "shared/base/alloc.h"
#include "shared/log/log.h"

#include <assert.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

#define HEAD_MAX_BYTES ((size_t)65536)
#define CONNECT_TIMEOUT_MS 5000L
#define STALL_BYTES_PER_SECOND 1024L
#define INPUT_BYTES 65536L /* what curl reads at once, and keeps of a paused one */

struct http_transfer {
    struct http_client *client;
    struct http_call *call;
    struct pr_done done;
    CURL *easy;
    struct curl_slist *headers;
    struct http_transfer *prev, *next;
    enum pr_err err; /* why we stopped it ourselves */
    int64_t sunk;    /* bytes given to the sink */
    bool paused;     /* the sink wants no more */
    bool held;       /* curl knows: it holds bytes back */
    char error[CURL_ERROR_SIZE];
};

struct watch {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

struct http_client {
    uv_loop_t *loop;
    uv_timer_t timer;
    CURLM *multi;
    struct http_transfer *transfers;
    struct http_transfer *sinking; /* whose sink is being called */
    unsigned handles;              /* of the loop, still open */
    bool closing;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void finish_transfer(struct http_transfer *transfer, enum pr_err err)
{
    struct http_client *client = transfer->client;
    struct pr_done done = transfer->done;
    if (transfer->prev)
        transfer->prev->next = transfer->next;
    else
        client->transfers = transfer->next;
    if (transfer->next)
        transfer->next->prev = transfer->prev;
    curl_multi_remove_handle(client->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    transfer->call->transfer = NULL;
    free(transfer);
    pr_done_call(done, err);
}

static enum pr_err error_of(const struct http_transfer *transfer, CURLcode code)
{
    if (transfer->err)
        return transfer->err;
    switch (code) {
    case CURLE_OK:
        return PR_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return PR_ERR_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED:
        return PR_ERR_TOO_LARGE;
    default:
        return PR_ERR_UNAVAILABLE;
    }
}

/* The URL may be presigned: only its host is told. */
static void tell_failure(const struct http_transfer *transfer, CURLcode code)
{
    struct pr_str scheme, rest, host, path;
    pr_str_cut(transfer->call->url, ':', &scheme, &rest);
    rest = rest.n > 2 ? pr_str_n(rest.p + 2, rest.n - 2) : rest;
    pr_str_cut(rest, '/', &host, &path);
    log_at(LOG_WARN, "request failed", LOG_TEXT("method", transfer->call->method),
           LOG_STR("host", host), LOG_TEXT("cause", curl_easy_strerror(code)),
           LOG_TEXT("detail", transfer->error));
}

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        struct http_transfer *transfer;
        long status = 0;
        CURLcode code = message->data.result;
        assert(message->msg == CURLMSG_DONE);
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        transfer->call->status = (int)status;
        if (code != CURLE_OK)
            tell_failure(transfer, code);
        finish_transfer(transfer, error_of(transfer, code));
        if (client->closing)
            return; /* by the one who was told: the rest was done there */
    }
}

static void on_handle_closed(uv_handle_t *handle);

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = PR_CONTAINER(handle, struct watch, poll);
    uv_handle_t *timer = (uv_handle_t *)&watch->client->timer;
    free(watch);
    on_handle_closed(timer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = PR_CONTAINER(poll, struct watch, poll);
    struct http_client *client = watch->client;
    int flags = 0, running;
    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(client->multi, watch->fd, flags, &running);
    collect(client);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *client = arg;
    struct watch *watch = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (!watch) {
        watch = PR_NEW(struct watch);
        watch->client = client;
        watch->fd = fd;
        if (uv_poll_init_socket(client->loop, &watch->poll, fd) != 0) {
            free(watch);
            return -1;
        }
        client->handles++;
        curl_multi_assign(client->multi, fd, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watch->poll, events, on_poll);
    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct http_client *client = PR_CONTAINER(timer, struct http_client, timer);
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(client);
}

/* 0 means as soon as possible, but not from in here. */
static int on_timer_change(CURLM *multi, long timeout_ms, void *arg)
{
    struct http_client *client = arg;
    (void)multi;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void sink_piece(struct http_transfer *transfer, struct pr_str piece)
{
    struct http_call *call = transfer->call;
    transfer->sunk += (int64_t)piece.n;
    if (transfer->sunk > call->max_bytes) {
        transfer->err = PR_ERR_TOO_LARGE;
        return;
    }
    transfer->client->sinking = transfer;
    bool taken = call->sink(call->sink_arg, piece);
    transfer->client->sinking = NULL;
    if (!taken && !transfer->err)
        transfer->err = PR_ERR_INTERNAL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    struct http_call *call = transfer->call;
    struct pr_str piece = {bytes, size * count};
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    if (call->sink && status >= 200 && status < 300) {
        transfer->held = transfer->paused;
        if (transfer->held)
            return CURL_WRITEFUNC_PAUSE;
        sink_piece(transfer, piece);
    } else {
        pr_buf_append(&call->answer_body, piece);
        if (call->answer_body.full)
            transfer->err = PR_ERR_TOO_LARGE;
    }
    return transfer->err ? 0 : piece.n;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    struct pr_buf *head = &transfer->call->answer_head;
    struct pr_str line = {bytes, size * count};
    if (pr_str_has_prefix(line, pr_str("HTTP/")))
        pr_buf_clear(head); /* of the final answer only, not of a 100 before it */
    pr_buf_append(head, line);
    if (head->full)
        transfer->err = PR_ERR_TOO_LARGE;
    return transfer->err ? 0 : line.n;
}

static bool add_header(struct http_transfer *transfer, struct pr_str name, struct pr_str value)
{
    /* "Name;" is curl's way to write an empty value. */
    char *line = NULL;
    if (memchr(name.p, '\n', name.n) || memchr(name.p, '\r', name.n) ||
        (value.n && (memchr(value.p, '\n', value.n) || memchr(value.p, '\r', value.n))))
        return false;
    if (asprintf(&line, value.n ? PR_STR_FMT ": " PR_STR_FMT : PR_STR_FMT ";" PR_STR_FMT,
                 PR_STR_ARG(name), PR_STR_ARG(value)) < 0)
        abort();
    transfer->headers = curl_slist_append(transfer->headers, line);
    free(line);
    return true;
}

static bool set_headers(struct http_transfer *transfer)
{
    const struct http_call *call = transfer->call;
    bool typed = false;
    for (size_t i = 0; i < call->headers_count; i++) {
        const struct http_header *header = &call->headers[i];
        typed |= pr_str_is_nocase(header->name, "content-type");
        if (!add_header(transfer, header->name, header->value))
            return false;
    }
    /* curl would wait for a 100, and call every body a form. */
    transfer->headers = curl_slist_append(transfer->headers, "Expect:");
    if (!typed)
        transfer->headers = curl_slist_append(transfer->headers, "Content-Type:");
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return true;
}

static void set_method(CURL *easy, const struct http_call *call)
{
    bool wants_length = strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0 ||
                        strcmp(call->method, "PATCH") == 0;
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (call->body.p || wants_length) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    } else {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_options(struct http_transfer *transfer)
{
    const struct http_call *call = transfer->call;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, INPUT_BYTES);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max_bytes);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, call->stall_ms ? STALL_BYTES_PER_SECOND : 0L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)((call->stall_ms + 999) / 1000));
}

void http_client_send(struct http_client *client, struct http_call *call, struct pr_done done)
{
    char *url = pr_str_dup(call->url);
    struct http_transfer *transfer = PR_NEW(struct http_transfer);
    call->status = 0;
    pr_buf_init(&call->answer_body, (size_t)call->max_bytes);
    pr_buf_init(&call->answer_head, HEAD_MAX_BYTES);
    *transfer = (struct http_transfer){.client = client, .call = call, .done = done};
    call->transfer = transfer;
    transfer->easy = curl_easy_init();
    assert(transfer->easy);
    transfer->next = client->transfers;
    if (transfer->next)
        transfer->next->prev = transfer;
    client->transfers = transfer;
    set_options(transfer);
    set_method(transfer->easy, call);
    bool ok = !client->closing && set_headers(transfer) &&
              curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK;
    free(url);
    if (!ok || curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK)
        finish_transfer(transfer, client->closing ? PR_ERR_UNAVAILABLE : PR_ERR_INTERNAL);
}

void http_call_pause(struct http_call *call)
{
    if (call->transfer)
        call->transfer->paused = true;
}

/* What curl held back comes at once, the rest from the loop. */
void http_call_resume(struct http_call *call)
{
    struct http_transfer *transfer = call->transfer;
    if (!transfer || !transfer->paused)
        return;
    transfer->paused = false;
    if (!transfer->held)
        return;
    transfer->held = false;
    if (curl_easy_pause(transfer->easy, CURLPAUSE_CONT) != CURLE_OK)
        finish_transfer(transfer, transfer->err ? transfer->err : PR_ERR_INTERNAL);
}

void http_call_cancel(struct http_call *call)
{
    struct http_transfer *transfer = call->transfer;
    if (!transfer)
        return;
    assert(!transfer->client->sinking || transfer->client->sinking == transfer);
    if (transfer->client->sinking)
        transfer->err = PR_ERR_UNAVAILABLE;
    else
        finish_transfer(transfer, PR_ERR_UNAVAILABLE);
}

struct pr_str http_call_header(const struct http_call *call, const char *name)
{
    struct pr_str rest = pr_buf_str(&call->answer_head), line, key, value;
    while (rest.n > 0) {
        pr_str_cut(rest, '\n', &line, &rest);
        if (!pr_str_cut(line, ':', &key, &value) || !pr_str_is_nocase(key, name))
            continue;
        while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
            value = pr_str_n(value.p + 1, value.n - 1);
        while (value.n > 0 && strchr(" \t\r", value.p[value.n - 1]))
            value.n--;
        return value;
    }
    return pr_str_n(NULL, 0);
}

struct http_client *http_client_create(uv_loop_t *loop, unsigned max_connections_per_host)
{
    struct http_client *client = PR_NEW(struct http_client);
    CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(ready == CURLE_OK);
    signal(SIGPIPE, SIG_IGN);
    client->loop = loop;
    client->multi = curl_multi_init();
    assert(client->multi);
    uv_timer_init(loop, &client->timer);
    client->handles = 1;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)max_connections_per_host);
    return client;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_client *client = PR_CONTAINER(handle, struct http_client, timer);
    if (--client->handles > 0)
        return;
    /* Nothing of the loop looks at curl's sockets any more. */
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_cleanup(client->multi);
    curl_global_cleanup();
    void (*closed)(void *arg) = client->closed;
    void *closed_arg = client->closed_arg;
    free(client);
    closed(closed_arg);
}

void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg)
{
    assert(!client->closing);
    client->closing = true;
    client->closed = closed;
    client->closed_arg = arg;
    while (client->transfers)
        finish_transfer(client->transfers, PR_ERR_UNAVAILABLE);
    uv_close((uv_handle_t *)&client->timer, on_handle_closed);
}
