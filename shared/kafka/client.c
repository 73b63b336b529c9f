#include "shared/kafka/client.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void kafka_client_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return;
    log_at(LOG_ERROR, "librdkafka refuses a setting", LOG_TEXT("setting", name),
           LOG_TEXT("detail", why));
    abort();
}

rd_kafka_conf_t *kafka_client_conf(const struct kafka_options *options)
{
    static const char *const settings[][2] = {
        {"log.queue", "true"},
        {"log.connection.close", "false"},
        {"statistics.interval.ms", "0"},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        /* A broker that hangs is given up after this; a fetch waits half a second at most. */
        {"socket.timeout.ms", "10000"},
        {"socket.connection.setup.timeout.ms", "5000"},
        {"reconnect.backoff.ms", "100"},
        {"reconnect.backoff.max.ms", "2000"},
        {"topic.metadata.refresh.interval.ms", "30000"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        kafka_client_set(conf, settings[i][0], settings[i][1]);
    kafka_client_set(conf, "bootstrap.servers", options->brokers);
    kafka_client_set(conf, "client.id", options->client_id);
    return conf;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct kafka_client *client = poll->data;
    eventfd_t count;
    (void)status; /* an eventfd does not fail */
    (void)events;
    eventfd_read(client->fd, &count);
    client->wake(client->arg);
}

void kafka_client_watch(struct kafka_client *client, rd_kafka_queue_t *queue)
{
    static const eventfd_t one = 1;
    rd_kafka_queue_io_event_enable(queue, client->fd, &one, sizeof one);
}

void kafka_client_open(struct kafka_client *client, uv_loop_t *loop, rd_kafka_type_t type,
                       rd_kafka_conf_t *conf, void (*wake)(void *arg), void *arg)
{
    char why[256] = "no eventfd";
    *client = (struct kafka_client){.wake = wake, .arg = arg};
    client->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    client->rk = client->fd < 0 ? NULL : rd_kafka_new(type, conf, why, sizeof why);
    if (!client->rk) {
        log_at(LOG_ERROR, "librdkafka does not start", LOG_TEXT("detail", why));
        abort();
    }
    if (type == RD_KAFKA_CONSUMER) {
        rd_kafka_poll_set_consumer(client->rk);
        client->queue = rd_kafka_queue_get_consumer(client->rk);
    } else {
        client->queue = rd_kafka_queue_get_main(client->rk);
    }
    rd_kafka_set_log_queue(client->rk, client->queue);

    uv_poll_init(loop, &client->poll, client->fd);
    client->poll.data = client;
    uv_poll_start(&client->poll, UV_READABLE, on_poll);
    kafka_client_watch(client, client->queue);
    kafka_client_wake(client); /* what came before the queue was watched */
}

void kafka_client_wake(struct kafka_client *client)
{
    eventfd_write(client->fd, 1);
}

/* librdkafka repeats itself at every attempt to connect: its lines are for the one who debugs, but
 * for warnings that are not about connections and come while a broker answers. */
void kafka_client_log(const struct kafka_client *client, rd_kafka_event_t *event)
{
    enum { SYSLOG_WARNING = 4 };
    const char *facility, *text;
    int level;
    rd_kafka_event_log(event, &facility, &text, &level);
    bool connection =
        client->told || strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0;
    log_at(level <= SYSLOG_WARNING && !connection ? LOG_WARN : LOG_DEBUG, "librdkafka",
           LOG_TEXT("facility", facility), LOG_TEXT("detail", text));
}

/* With no time to wait, this fails at once without a connection, and does not wait for the answer
 * with one. */
bool kafka_client_reaches(const struct kafka_client *client)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t err = rd_kafka_metadata(client->rk, 0, NULL, &metadata, 0);
    if (!err)
        rd_kafka_metadata_destroy(metadata);
    return err != RD_KAFKA_RESP_ERR__TRANSPORT;
}

void kafka_client_set_answers(struct kafka_client *client, bool answers)
{
    const char *who = rd_kafka_type(client->rk) == RD_KAFKA_PRODUCER ? "producer" : "consumer";
    if (answers && client->told)
        log_at(LOG_INFO, "Kafka answers again", LOG_TEXT("client", who));
    if (!answers && !client->told)
        log_at(LOG_WARN, "Kafka does not answer", LOG_TEXT("client", who));
    client->answers = answers;
    client->told = !answers;
    if (answers)
        client->last_error = 0;
}

void kafka_client_error(struct kafka_client *client, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t err = rd_kafka_event_error(event);
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        kafka_client_set_answers(client, false);
        return;
    }
    /* The same error comes at every attempt: said when it is another than last time. */
    bool said = err == client->last_error || err == RD_KAFKA_RESP_ERR__TRANSPORT;
    log_at(said ? LOG_DEBUG : LOG_WARN, "Kafka error", LOG_TEXT("error", rd_kafka_err2name(err)),
           LOG_TEXT("detail", rd_kafka_event_error_string(event)));
    if (!said)
        client->last_error = err;
}

/* On libuv's thread pool: it joins librdkafka's threads, which may sit in a name look-up. */
static void destroy(uv_work_t *work)
{
    struct kafka_client *client = work->data;
    rd_kafka_queue_destroy(client->queue);
    rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void on_destroyed(uv_work_t *work, int status)
{
    struct kafka_client *client = work->data;
    (void)status; /* never cancelled */
    close(client->fd);
    client->closed(client->arg);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct kafka_client *client = handle->data;
    client->work.data = client;
    int started = uv_queue_work(handle->loop, &client->work, destroy, on_destroyed);
    assert(started == 0);
    (void)started;
}

void kafka_client_close(struct kafka_client *client, void (*closed)(void *arg))
{
    client->closed = closed;
    uv_close((uv_handle_t *)&client->poll, on_poll_closed);
}
