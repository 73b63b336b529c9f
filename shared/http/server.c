/* The listener and its connections. A server goes
 *
 *     serving -> closing (no listener; idle connections closed, the others with their answer) ->
 * freed
 */
#include "shared/http/server.h"

#include "shared/base/alloc.h"
#include "shared/http/request.h"
#include "shared/metrics/metrics.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

/* A reader that takes nothing for so long is cut off; h2o itself would wait for ever. */
#define USER_TIMEOUT_MS 15000
#define REQUEST_TIMEOUT_MS 10000
#define BACKLOG 1024

struct handler {
    h2o_handler_t super;
    struct http_server *server;
};

static struct metric connections_open = {
    .name = "pierrot_http_connections",
    .help = "Open connections.",
    .kind = METRIC_GAUGE,
};

static struct metric connections_refused = {
    .name = "pierrot_http_connections_refused_total",
    .help = "Connections closed at once because there were too many, in all or of one address.",
    .kind = METRIC_COUNTER,
    .labels = {"limit"},
};

/* h2o's context ends its timers in a turn of the loop of its own. That is safe here: this is called
 * from a close callback, after which the loop looks at nothing it held before. */
static void finish_close(struct http_server *server)
{
    if (!server->closing || !server->listener_closed || server->connections_count > 0)
        return;
    h2o_context_dispose(&server->context);
    h2o_config_dispose(&server->config);
    router_destroy(server->router);
    if (server->crowd)
        crowd_destroy(server->crowd);
    free(server->headers);
    free(server->header_names);
    free((void *)(uintptr_t)server->identity_secret.p);
    void (*closed)(void *arg) = server->closed;
    void *closed_arg = server->closed_arg;
    free(server);
    closed(closed_arg);
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = PR_CONTAINER(handle, struct connection, tcp);
    struct http_server *server = connection->server;
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    if (connection->group)
        crowd_leave(server->crowd, connection->group);
    server->served_count -= connection->counted;
    free(connection);
    server->connections_count--;
    metric_add(&connections_open, -1, NULL);
    finish_close(server);
}

/* h2o sees the end of input and closes; its state is its own. */
static void close_idle(struct connection *connection)
{
    if (!connection->busy && connection->sock->input->size == 0)
        shutdown(h2o_socket_get_fd(connection->sock), SHUT_RD);
}

void server_request_ended(struct connection *connection)
{
    connection->busy = false;
    if (connection->server->closing)
        shutdown(h2o_socket_get_fd(connection->sock), SHUT_RD);
}

/* The address stays :: for a peer that has left already. */
static struct address read_peer(struct connection *connection)
{
    struct sockaddr_storage peer = {0};
    struct address address = {{0}};
    int n = sizeof peer;
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&peer, &n) == 0)
        address_of_socket(&peer, &address);
    return address;
}

/* The oldest connection of a stranger on which no request is being answered gives way to a new one,
 * so that whoever opens many and says nothing keeps nobody out. False when all are at work. */
static bool make_room(struct http_server *server)
{
    struct connection *oldest = NULL;
    for (struct connection *c = server->connections; c; c = c->next) {
        if (c->counted && !c->busy && !c->trusted && !uv_is_closing((uv_handle_t *)&c->tcp))
            oldest = c;
    }
    if (!oldest)
        return false;
    oldest->counted = false;
    server->served_count--;
    shutdown(h2o_socket_get_fd(oldest->sock), SHUT_RD);
    return true;
}

/* NULL, or the limit that stands against the connection. */
static const char *limit_reached(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct address peer = read_peer(connection), network = address_network(&peer);
    address_format(&peer, connection->peer.address);
    network_format(&network, connection->peer.network);
    connection->trusted = networks_hold(&server->trusted, &peer);
    if (server->crowd && !connection->trusted) {
        connection->group = crowd_enter(server->crowd, &network);
        if (!connection->group)
            return "address";
    }
    if (server->served_count == server->served_max && !make_room(server))
        return "all";
    connection->counted = true;
    server->served_count++;
    return NULL;
}

static void serve(struct connection *connection)
{
    struct http_server *server = connection->server;
    unsigned timeout_ms = USER_TIMEOUT_MS;
    int fd;
    uv_tcp_nodelay(&connection->tcp, 1);
    if (uv_fileno((uv_handle_t *)&connection->tcp, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    connection->sock = h2o_uv_socket_create((uv_stream_t *)&connection->tcp, on_connection_closed);
    connection->sock->on_close.data = connection;
    h2o_http1_accept(&server->accept, connection->sock,
                     *h2o_get_timestamp(&server->context, NULL, NULL));
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct http_server *server = PR_CONTAINER(listener, struct http_server, listener);
    if (status < 0)
        return;
    struct connection *connection = PR_NEW(struct connection);
    bool accepted = uv_tcp_init(server->loop, &connection->tcp) == 0;
    assert(accepted);
    connection->server = server;
    connection->next = server->connections;
    if (connection->next)
        connection->next->prev = connection;
    server->connections = connection;
    server->connections_count++;
    metric_add(&connections_open, 1, NULL);
    const char *limit = NULL;
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) == 0) {
        limit = limit_reached(connection);
        if (!limit) {
            serve(connection);
            return;
        }
        metric_add(&connections_refused, 1, &limit);
    }
    uv_close((uv_handle_t *)&connection->tcp, on_connection_closed);
}

static bool parse_address(const char *text, struct sockaddr_storage *out)
{
    struct pr_str s = pr_str(text), host;
    char host_text[INET6_ADDRSTRLEN];
    int64_t port;
    const char *colon = strrchr(text, ':');
    if (!colon || !pr_str_to_int(pr_str(colon + 1), 0, 65535, &port))
        return false;
    host = pr_str_n(text, (size_t)(colon - text));
    bool v6 = host.n >= 2 && s.p[0] == '[' && host.p[host.n - 1] == ']';
    if (v6)
        host = pr_str_n(host.p + 1, host.n - 2);
    if (!pr_str_copy(host, host_text, sizeof host_text))
        return false;
    return v6 ? uv_ip6_addr(host_text, (int)port, (struct sockaddr_in6 *)out) == 0
              : uv_ip4_addr(host_text, (int)port, (struct sockaddr_in *)out) == 0;
}

static size_t largest_body(const struct http_route *routes)
{
    size_t largest = 0;
    for (; routes->method; routes++) {
        if (routes->max_body_bytes > largest)
            largest = routes->max_body_bytes;
    }
    return largest;
}

static void set_up_h2o(struct http_server *server, const struct http_server_options *options)
{
    h2o_config_init(&server->config);
    server->config.server_name = h2o_iovec_init(NULL, 0);
    server->config.http1.upgrade_to_http2 = 0;              /* its floods are not fixed in 2.2 */
    server->config.http2.callbacks.request_shutdown = NULL; /* would leave a timer behind */
    server->config.http1.req_timeout =
        options->request_timeout_ms ? options->request_timeout_ms : REQUEST_TIMEOUT_MS;
    /* One more than the largest: h2o refuses a chunked body that is just as large. */
    server->config.max_request_entity_size = largest_body(options->routes) + 1;
    h2o_hostconf_t *host =
        h2o_config_register_host(&server->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    struct handler *handler = (void *)h2o_create_handler(path, sizeof *handler);
    handler->super.on_req = request_begin;
    handler->server = server;
    refusal_register(server, &host->fallback_path);
    h2o_context_init(&server->context, server->loop, &server->config);
    server->accept = (h2o_accept_ctx_t){.ctx = &server->context, .hosts = server->config.hosts};
}

/* As h2o keeps them, so that an answer takes them over as they are. */
static void set_headers(struct http_server *server, const struct http_header *headers)
{
    while (headers && headers[server->headers_count].name.n > 0)
        server->headers_count++;
    server->headers = pr_alloc(server->headers_count * sizeof *server->headers);
    server->header_names = pr_alloc(server->headers_count * sizeof *server->header_names);
    for (size_t i = 0; i < server->headers_count; i++) {
        struct pr_str name = headers[i].name, value = headers[i].value;
        const h2o_token_t *token = h2o_lookup_token(name.p, name.n);
        server->header_names[i] = h2o_iovec_init(name.p, name.n);
        server->headers[i].name =
            token ? (h2o_iovec_t *)(uintptr_t)&token->buf : &server->header_names[i];
        server->headers[i].value = h2o_iovec_init(value.p, value.n);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_server *server = PR_CONTAINER(handle, struct http_server, listener);
    server->listener_closed = true;
    finish_close(server);
}

static void forget(void *arg)
{
    (void)arg;
}

static int start_listening(struct http_server *server, const char *listen)
{
    struct sockaddr_storage address = {0};
    int err = UV_EINVAL;
    if (parse_address(listen, &address))
        err = uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (err != 0)
        log_at(LOG_ERROR, "cannot listen", LOG_TEXT("address", listen),
               LOG_TEXT("cause", uv_strerror(err)));
    return err;
}

struct http_server *http_server_create(uv_loop_t *loop, const struct http_server_options *options)
{
    struct http_server *server = PR_NEW(struct http_server);
    server->loop = loop;
    server->router = router_create(options->routes);
    server->identity_secret =
        pr_str_n(pr_str_dup(options->identity_secret), options->identity_secret.n);
    server->clock = options->clock;
    server->handler_arg = options->arg;
    server->served_max = options->max_connections;
    if (options->max_connections_per_address > 0)
        server->crowd = crowd_create(options->max_connections_per_address);
    set_headers(server, options->headers);
    signal(SIGPIPE, SIG_IGN);
    set_up_h2o(server, options);
    int err = uv_tcp_init(loop, &server->listener);
    assert(err == 0);
    bool networks_known = networks_parse(pr_str(options->trusted_proxies), &server->trusted);
    if (!networks_known)
        log_at(LOG_ERROR, "the trusted proxies are no list of networks",
               LOG_TEXT("list", options->trusted_proxies));
    if (!networks_known || start_listening(server, options->listen) != 0) {
        http_server_close(server, forget, NULL);
        return NULL;
    }
    log_at(LOG_INFO, "listening", LOG_TEXT("address", options->listen),
           LOG_INT("port", http_server_port(server)));
    return server;
}

unsigned http_server_port(const struct http_server *server)
{
    struct sockaddr_storage address;
    int n = sizeof address;
    if (uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &n) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

void http_server_close(struct http_server *server, void (*closed)(void *arg), void *arg)
{
    assert(!server->closing);
    server->closing = true;
    server->closed = closed;
    server->closed_arg = arg;
    uv_close((uv_handle_t *)&server->listener, on_listener_closed);
    h2o_context_request_shutdown(&server->context);
    for (struct connection *c = server->connections; c; c = c->next) {
        if (!uv_is_closing((uv_handle_t *)&c->tcp))
            close_idle(c);
    }
}
