#include "services/media/domain/labels.h"

#include <stdio.h>

struct reader {
    struct pr_str rest;
    struct pr_arena *arena;
    char separator; /* of columns; 0: there is one column */
    bool csv;       /* else a quote is a quote */
    size_t line;    /* of what was read last, from 1 */
    size_t next_line;
};

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* Behind the line's end, which may be \n, \r or both. */
static void skip_line_end(struct reader *reader)
{
    struct pr_str *rest = &reader->rest;
    if (rest->n == 0)
        return;
    size_t n = rest->n > 1 && rest->p[0] == '\r' && rest->p[1] == '\n' ? 2 : 1;
    *rest = pr_str_n(rest->p + n, rest->n - n);
    reader->next_line++;
}

static struct pr_str take(struct reader *reader, size_t n)
{
    struct pr_str taken = {reader->rest.p, n};
    reader->rest = pr_str_n(reader->rest.p + n, reader->rest.n - n);
    return taken;
}

/* Up to the separator or the line's end. */
static struct pr_str take_plain(struct reader *reader)
{
    size_t n = 0;
    while (n < reader->rest.n && !ends_line(reader->rest.p[n]) &&
           !(reader->separator && reader->rest.p[n] == reader->separator))
        n++;
    return take(reader, n);
}

/* What stands between the quotes, with "" as one of them; what follows up to the separator is lost.
 * Without an end it goes to that of the text. */
static struct pr_str take_quoted(struct reader *reader)
{
    (void)take(reader, 1);
    struct pr_str rest = reader->rest;
    size_t n = 0, quotes = 0;
    while (n < rest.n && (rest.p[n] != '"' || (n + 1 < rest.n && rest.p[n + 1] == '"'))) {
        reader->next_line += rest.p[n] == '\n';
        quotes += rest.p[n] == '"';
        n += rest.p[n] == '"' ? 2 : 1;
    }
    struct pr_str cell = take(reader, n);
    if (reader->rest.n)
        (void)take(reader, 1);
    (void)take_plain(reader);
    if (quotes == 0)
        return cell;
    char *text = pr_arena_alloc(reader->arena, cell.n);
    size_t kept = 0;
    for (size_t i = 0; i < cell.n; i++) {
        text[kept++] = cell.p[i];
        i += cell.p[i] == '"';
    }
    return pr_str_n(text, kept);
}

static struct pr_str take_cell(struct reader *reader)
{
    bool quoted = reader->csv && reader->rest.n > 0 && reader->rest.p[0] == '"';
    return quoted ? take_quoted(reader) : take_plain(reader);
}

/* The first cell of the next line. */
static struct pr_str take_row(struct reader *reader)
{
    reader->line = reader->next_line;
    struct pr_str first = take_cell(reader);
    while (reader->rest.n > 0 && !ends_line(reader->rest.p[0])) {
        (void)take(reader, 1); /* the separator */
        (void)take_cell(reader);
    }
    skip_line_end(reader);
    return first;
}

/* Reads the header, if there is one, and tells what it tells of the rest. */
static void read_header(struct reader *reader)
{
    static const struct pr_str words[] = {PR_STR("label"), PR_STR("\"label\"")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct pr_str head = {reader->rest.p, words[i].n};
        if (reader->rest.n < head.n || !pr_str_eq_nocase(head, words[i]))
            continue;
        char next = head.n < reader->rest.n ? head.p[head.n] : '\n';
        if (!ends_line(next) && next != ',' && next != ';' && next != '\t')
            continue;
        reader->csv = true;
        reader->separator = next;
        if (ends_line(next))
            reader->separator = 0;
        (void)take_row(reader);
        return;
    }
}

static enum pr_err wrong(const struct reader *reader, const char *detail, struct pr_fault *fault)
{
    return pr_fault_set(fault, PR_ERR_INVALID, "labels", "line %zu: %s", reader->line, detail);
}

enum pr_err labels_read(struct pr_str text, struct pr_arena *arena, struct labels *out,
                        struct pr_fault *fault)
{
    static const struct pr_str bom = PR_STR("\xef\xbb\xbf");
    struct reader reader = {.rest = text, .arena = arena, .separator = '\t', .next_line = 1};
    struct pr_fault label_fault;
    struct code code;
    out->n = 0;
    if (pr_str_has_prefix(text, bom))
        (void)take(&reader, bom.n);
    read_header(&reader);
    while (reader.rest.n > 0) {
        struct pr_str label = pr_str_trim(take_row(&reader));
        if (label.n == 0)
            continue;
        if (out->n == CODES_AT_ONCE)
            return pr_fault_set(fault, PR_ERR_INVALID, "labels", "must be at most %d",
                                CODES_AT_ONCE);
        if (code_set_label(&code, label, &label_fault))
            return wrong(&reader, label_fault.detail, fault);
        out->items[out->n++] = label;
    }
    return out->n > 0 ? PR_OK
                      : pr_fault_set(fault, PR_ERR_INVALID, "labels", "holds no label at all");
}
