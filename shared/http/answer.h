/* answer: the head of an upstream's answer, read strictly (RFC 9112). Pure. */
#pragma once

#include "shared/base/str.h"
#include "shared/http/picohttp.h"

#define ANSWER_HEAD_MAX 16384
#define ANSWER_HEADERS_MAX 64

enum answer_body {
    ANSWER_NO_BODY,
    ANSWER_LENGTH, /* length bytes */
    ANSWER_CHUNKED,
    ANSWER_UNTIL_CLOSE,
};

struct answer {
    int status;
    enum answer_body body;
    int64_t length;       /* content-length, also of an answer to HEAD; -1: none */
    bool keep_alive;      /* another request may follow on the connection */
    size_t headers_count; /* those for the next hop only, names in lower case */
    struct phr_header headers[ANSWER_HEADERS_MAX];
};

/* The size of the head, 0 when more bytes must come, -1 when it is none we take: nonsense, folded
 * lines, an ambiguous length, too large. Names are lowered in place; the headers are views of
 * bytes. */
int answer_parse(char *bytes, size_t n, bool to_head_request, struct answer *out);
