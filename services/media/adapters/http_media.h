/* http_media: the routes of media. */
#pragma once

#include "services/media/usecases/usecases.h"
#include "shared/http/server.h"

/* The handlers' argument is a `const struct media_deps *`. */
extern const struct http_route http_media_routes[];
