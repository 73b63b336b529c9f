/* redis_server: a redis-server of a test's own, on a free port, which it may kill, freeze and start
 * again. It keeps nothing on disk. */
#pragma once

#include <sys/types.h>

struct redis_server {
    pid_t pid; /* 0: not running */
    int port;
};

void redis_server_init(struct redis_server *server); /* takes a port; nothing runs yet */
void redis_server_start(struct redis_server *server, const char *password);
void redis_server_freeze(const struct redis_server *server);
void redis_server_thaw(const struct redis_server *server);
void redis_server_kill(struct redis_server *server); /* also a frozen one; harmless twice */
