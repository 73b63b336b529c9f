#include "shared/s3/s3_connection.h"

#include "shared/log/log.h"

#include <assert.h>

#define CONNECTIONS 16
#define PROBE_EVERY_MS 5000
#define FIRST_PROBE_MS 1

const struct config_setting s3_settings_table[] = {
    CONFIG_STR_SETTING(struct s3_settings, endpoint, "PIERROT_S3_ENDPOINT", NULL, 8, 255,
                       "The S3 server, as the services reach it (http://host:port)."),
    CONFIG_STR_SETTING(struct s3_settings, public_endpoint, "PIERROT_S3_PUBLIC_ENDPOINT", NULL, 8,
                       255, "The S3 server, as browsers reach it; URLs are signed for this host."),
    CONFIG_STR_SETTING(struct s3_settings, region, "PIERROT_S3_REGION", "us-east-1", 1, 63,
                       "Region that requests are signed for."),
    CONFIG_STR_SETTING(struct s3_settings, bucket, "PIERROT_S3_BUCKET", NULL, 3, 63,
                       "Bucket that holds everything."),
    CONFIG_STR_SETTING(struct s3_settings, access_key, "PIERROT_S3_ACCESS_KEY", NULL, 1, 128,
                       "Access key id."),
    CONFIG_SECRET_SETTING(struct s3_settings, secret_key, "PIERROT_S3_SECRET_KEY", NULL, 1, 128,
                          "Secret access key."),
    CONFIG_END,
};

static void probed(void *arg, enum pr_err err)
{
    struct s3_connection *connection = arg;
    connection->probing = false;
    if (connection->ready == !err)
        return;
    connection->ready = !err;
    if (err)
        log_at(log_level_of(err), "the S3 server does not answer", LOG_ERR(err));
    else
        log_at(LOG_INFO, "the S3 server answers");
}

static void probe(void *arg)
{
    struct s3_connection *connection = arg;
    connection->probe.period_ms = PROBE_EVERY_MS;
    if (connection->probing)
        return;
    connection->probing = true;
    s3_probe(connection->s3, (struct pr_done){probed, connection});
}

static struct s3 *create(const struct s3_settings *settings, const struct pr_clock *clock,
                         struct http_client *client)
{
    return s3_create(&(struct s3_options){
        .endpoint = settings->endpoint,
        .public_endpoint = settings->public_endpoint,
        .region = settings->region,
        .bucket = settings->bucket,
        .access_key = settings->access_key,
        .secret_key = settings->secret_key,
        .clock = clock,
        .client = client,
    });
}

bool s3_connect(struct s3_connection *connection, uv_loop_t *loop,
                const struct s3_settings *settings, const struct pr_clock *clock)
{
    *connection = (struct s3_connection){.client = http_client_create(loop, CONNECTIONS)};
    connection->s3 = create(settings, clock, connection->client);
    if (!connection->s3) {
        log_at(LOG_ERROR, "PIERROT_S3_ENDPOINT must be http://host[:port] or https://host[:port]");
        return false;
    }
    ticker_start(loop, &connection->probe, FIRST_PROBE_MS, probe, connection);
    return true;
}

void s3_connect_streams(struct s3_connection *connection, uv_loop_t *loop,
                        const struct s3_settings *settings, const struct pr_clock *clock,
                        unsigned max_connections)
{
    connection->streams_client = http_client_create(loop, max_connections);
    connection->streams = create(settings, clock, connection->streams_client);
    assert(connection->streams); /* of settings that were good */
}

static void streams_closed(void *arg)
{
    struct s3_connection *connection = arg;
    if (connection->streams)
        s3_destroy(connection->streams);
    connection->closed(connection->closed_arg);
}

static void client_closed(void *arg)
{
    struct s3_connection *connection = arg;
    s3_destroy(connection->s3);
    if (connection->streams_client)
        http_client_close(connection->streams_client, streams_closed, connection);
    else
        streams_closed(connection);
}

static void probe_closed(void *arg)
{
    struct s3_connection *connection = arg;
    http_client_close(connection->client, client_closed, connection);
}

void s3_disconnect(struct s3_connection *connection, void (*closed)(void *arg), void *arg)
{
    connection->closed = closed;
    connection->closed_arg = arg;
    ticker_close(&connection->probe, probe_closed, connection);
}

const char *s3_missing(const struct s3_connection *connection)
{
    return connection->ready ? NULL : "the bucket does not answer";
}
