/* s3_connection: the settings of the store, and what a service that uses it keeps: a client, an s3
 * and the knowledge of whether it answers. */
#pragma once

#include "shared/config/config.h"
#include "shared/loop/ticker.h"
#include "shared/s3/s3.h"

struct s3_settings {
    const char *endpoint, *public_endpoint, *region, *bucket, *access_key, *secret_key;
};

extern const struct config_setting s3_settings_table[];

struct s3_connection {
    struct http_client *client;
    struct s3 *s3;
    struct http_client *streams_client; /* NULL: there are none */
    struct s3 *streams;
    struct ticker probe;
    bool probing, ready;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* Storage is the caller's. False (and a line in the log) when the endpoint cannot be parsed. */
bool s3_connect(struct s3_connection *connection, uv_loop_t *loop,
                const struct s3_settings *settings, const struct pr_clock *clock);

/* After s3_connect: connection->streams, an s3 with connections of its own, for transfers that may
 * last, so that nothing short waits behind them. */
void s3_connect_streams(struct s3_connection *connection, uv_loop_t *loop,
                        const struct s3_settings *settings, const struct pr_clock *clock,
                        unsigned max_connections);

/* Lets what is under way end, then calls closed. */
void s3_disconnect(struct s3_connection *connection, void (*closed)(void *arg), void *arg);

/* NULL when the bucket answers, else what is missing, for /readyz. */
const char *s3_missing(const struct s3_connection *connection);
