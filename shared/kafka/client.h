/* client (of shared/kafka alone): a librdkafka handle whose queues wake the loop.
 *
 * librdkafka works in threads of its own and hands everything over on queues. One eventfd is
 * written when a watched queue gets something after it was last found empty; `wake` then runs on
 * the loop and polls until NULL, or stops on a budget and calls kafka_client_wake to be called
 * again. No callback of ours ever runs in another thread. */
#pragma once

#include "shared/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

/* Events handled in one go before the loop gets its turn. */
#define KAFKA_WAKE_BUDGET 256

struct kafka_client {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* the main or the consumer queue */
    int fd;
    uv_poll_t poll;
    uv_work_t work;
    void (*wake)(void *arg);
    void (*closed)(void *arg);
    void *arg;
    bool answers; /* a broker answered, and not all have gone since */
    bool told;    /* that none answers */
    int last_error;
};

/* Settings producers and consumers share; the caller adds its own and gives it to
 * kafka_client_open. */
rd_kafka_conf_t *kafka_client_conf(const struct kafka_options *options);
void kafka_client_set(rd_kafka_conf_t *conf, const char *name, const char *value);

/* Takes conf. A setting or an exhausted process that stops librdkafka from starting aborts. */
void kafka_client_open(struct kafka_client *client, uv_loop_t *loop, rd_kafka_type_t type,
                       rd_kafka_conf_t *conf, void (*wake)(void *arg), void *arg);

void kafka_client_watch(struct kafka_client *client, rd_kafka_queue_t *queue);
void kafka_client_wake(struct kafka_client *client);

/* What both kinds do with log lines and errors. */
void kafka_client_log(const struct kafka_client *client, rd_kafka_event_t *event);
void kafka_client_error(struct kafka_client *client, rd_kafka_event_t *event);

/* Whether a connection to a broker stands now. When none does, librdkafka is told to try, at its
 * own pace. A request that has to find a broker first (those about topics) would make librdkafka
 * 2.0.2 connect again and again without a pause: it is not sent before this is true. */
bool kafka_client_reaches(const struct kafka_client *client);

/* Says it in the log when it changes. */
void kafka_client_set_answers(struct kafka_client *client, bool answers);

/* Ends librdkafka's threads without waiting for them on the loop, then calls closed; client may be
 * opened again. What was not acknowledged is forgotten without a report. */
void kafka_client_close(struct kafka_client *client, void (*closed)(void *arg));
