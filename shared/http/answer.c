#include "shared/http/answer.h"

#include "shared/base/alloc.h"

static bool lists(struct pr_str list, struct pr_str word)
{
    bool more;
    do {
        struct pr_str item;
        more = pr_str_cut(list, ',', &item, &list);
        if (pr_str_eq_nocase(pr_str_trim(item), word))
            return true;
    } while (more);
    return false;
}

/* Headers of one hop (RFC 9110 section 7.6.1), and those our server writes itself. */
static bool ends_here(struct pr_str name)
{
    static const struct pr_str names[] = {
        PR_STR("connection"),
        PR_STR("keep-alive"),
        PR_STR("proxy-authenticate"),
        PR_STR("proxy-connection"),
        PR_STR("te"),
        PR_STR("trailer"),
        PR_STR("transfer-encoding"),
        PR_STR("upgrade"),
        PR_STR("content-length"),
        PR_STR("date"),
        PR_STR("server"),
        PR_STR("x-request-id"),
    };
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        if (pr_str_eq(name, names[i]))
            return true;
    }
    return false;
}

struct framing {
    struct pr_str connection;
    unsigned connections, encodings, lengths;
    bool chunked;
    int64_t length;
};

static bool note_framing(struct framing *framing, struct pr_str name, struct pr_str value)
{
    if (pr_str_is(name, "connection")) {
        framing->connection = value;
        framing->connections++;
    } else if (pr_str_is(name, "transfer-encoding")) {
        framing->encodings++;
        framing->chunked = pr_str_is_nocase(value, "chunked");
    } else if (pr_str_is(name, "content-length")) {
        framing->lengths++;
        return value.n > 0 && value.p[0] != '-' &&
               pr_str_to_int(value, 0, INT64_MAX, &framing->length);
    }
    return true;
}

/* RFC 9112 section 6.3. What could be read in two ways is refused. */
static bool set_body(const struct framing *framing, bool to_head_request, struct answer *out)
{
    if (framing->encodings + framing->lengths > 1 || framing->connections > 1 ||
        (framing->encodings && !framing->chunked))
        return false;
    out->length = framing->lengths ? framing->length : -1;
    if (to_head_request || out->status < 200 || out->status == 204 || out->status == 304)
        out->body = ANSWER_NO_BODY;
    else if (framing->encodings)
        out->body = ANSWER_CHUNKED;
    else if (framing->lengths)
        out->body = ANSWER_LENGTH;
    else
        out->body = ANSWER_UNTIL_CLOSE;
    return true;
}

static void keep_headers(struct answer *out, struct pr_str connection)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->headers_count; i++) {
        struct pr_str name = pr_str_n(out->headers[i].name, out->headers[i].name_len);
        if (!ends_here(name) && !(connection.n && lists(connection, name)))
            out->headers[kept++] = out->headers[i];
    }
    out->headers_count = kept;
}

int answer_parse(char *bytes, size_t n, bool to_head_request, struct answer *out)
{
    struct framing framing = {.length = -1};
    const char *message;
    size_t message_n;
    int minor;
    out->headers_count = ANSWER_HEADERS_MAX;
    int size = phr_parse_response(bytes, n, &minor, &out->status, &message, &message_n,
                                  out->headers, &out->headers_count, 0);
    if (size == -2)
        return n < ANSWER_HEAD_MAX ? 0 : -1;
    if (size < 0 || size > ANSWER_HEAD_MAX || out->status < 100 || out->status > 599)
        return -1;
    for (size_t i = 0; i < out->headers_count; i++) {
        const struct phr_header *header = &out->headers[i];
        if (!header->name || header->name_len == 0)
            return -1;
        pr_lower(bytes + (header->name - bytes), header->name_len);
        if (!note_framing(&framing, pr_str_n(header->name, header->name_len),
                          pr_str_trim(pr_str_n(header->value, header->value_len))))
            return -1;
    }
    if (!set_body(&framing, to_head_request, out))
        return -1;
    struct pr_str connection = framing.connection;
    out->keep_alive =
        minor > 0 ? !lists(connection, pr_str("close")) : lists(connection, pr_str("keep-alive"));
    keep_headers(out, connection);
    return size;
}
