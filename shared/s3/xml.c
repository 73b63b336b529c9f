/* The only file that includes expat. */
#include "shared/s3/xml.h"

#include "shared/base/alloc.h"
#include "shared/base/buf.h"

#include <expat.h>
#include <limits.h>

struct reader {
    XML_Parser parser;
    xml_element_fn element;
    void *arg;
    unsigned depth;
    char text[XML_TEXT_MAX]; /* since the last tag */
    size_t text_n;
    bool refused;
};

static void refuse(struct reader *reader)
{
    reader->refused = true;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = arg;
    (void)attributes;
    reader->text_n = 0;
    if (++reader->depth > XML_DEPTH_MAX || strlen(name) > XML_NAME_MAX)
        refuse(reader);
}

/* After a stop expat may still end an empty element, "<a/>": nothing is told any more. */
static void on_end(void *arg, const XML_Char *name)
{
    struct reader *reader = arg;
    struct pr_str text = pr_str_n(reader->text, reader->text_n);
    unsigned depth = reader->depth--;
    reader->text_n = 0;
    if (!reader->refused && !reader->element(reader->arg, depth, name, text))
        refuse(reader);
}

static void on_text(void *arg, const XML_Char *text, int n)
{
    struct reader *reader = arg;
    if (reader->refused)
        return;
    if ((size_t)n > sizeof reader->text - reader->text_n) {
        refuse(reader);
        return;
    }
    memcpy(reader->text + reader->text_n, text, (size_t)n);
    reader->text_n += (size_t)n;
}

/* Entities can only be declared in one. */
static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(arg);
}

bool xml_read(struct pr_str text, xml_element_fn element, void *arg)
{
    struct reader *reader = PR_NEW(struct reader);
    if (text.n > INT_MAX || text.n == 0) {
        free(reader);
        return false;
    }
    reader->parser = XML_ParserCreate("UTF-8");
    if (!reader->parser)
        abort();
    reader->element = element;
    reader->arg = arg;
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    bool read = XML_Parse(reader->parser, text.p, (int)text.n, XML_TRUE) == XML_STATUS_OK &&
                !reader->refused;
    XML_ParserFree(reader->parser);
    free(reader);
    return read;
}
