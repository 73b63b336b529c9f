/* service: what the forwarder talks to in its tests: blocking threads that behave, or misbehave, as
 * the path of the request tells them to. Everything they do not know they send back. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#define SERVICE_BIG ((size_t)50 << 20) /* bytes of /big */

extern unsigned service_port;
extern atomic_int connections, requests, broken_writes; /* that it saw; the test sets them to 0 */

/* For cmocka's group. */
int start_service(void **state);
int stop_service(void **state);
