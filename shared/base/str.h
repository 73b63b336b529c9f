/* str: a view of bytes somebody else owns. Not terminated; may hold any byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pr_str {
    const char *p;
    size_t n;
};

/* A view of a string literal, also in static initialisers. */
#define PR_STR(literal)                                                                            \
    {                                                                                              \
        ("" literal), sizeof(literal) - 1                                                          \
    }

/* For printf: printf(PR_STR_FMT, PR_STR_ARG(s)). */
#define PR_STR_FMT "%.*s"
#define PR_STR_ARG(s) (int)(s).n, (s).p

static inline struct pr_str pr_str(const char *text)
{
    return (struct pr_str){text, text ? strlen(text) : 0};
}

static inline struct pr_str pr_str_n(const void *p, size_t n)
{
    return (struct pr_str){p, n};
}

/* Inline, so that comparing with a literal is comparing its length and then a few words. */
static inline bool pr_str_eq(struct pr_str a, struct pr_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool pr_str_is(struct pr_str a, const char *text)
{
    return pr_str_eq(a, pr_str_n(text, strlen(text)));
}

/* The same but for the case of ASCII letters. */
bool pr_str_eq_nocase(struct pr_str a, struct pr_str b);
bool pr_str_is_nocase(struct pr_str a, const char *text);
void pr_lower(char *text, size_t n); /* ASCII letters, in place */

bool pr_str_has_prefix(struct pr_str s, struct pr_str prefix);
bool pr_str_has_suffix(struct pr_str s, struct pr_str suffix);

/* Without the spaces and tabs at both ends. */
struct pr_str pr_str_trim(struct pr_str s);

/* Splits at the first `at`: *head gets what is before it, *tail what is after. False, with *head =
 * s and *tail empty, when `at` does not occur. */
bool pr_str_cut(struct pr_str s, char at, struct pr_str *head, struct pr_str *tail);

/* A decimal number with nothing around it, from min to max (both included). False otherwise. */
bool pr_str_to_int(struct pr_str s, int64_t min, int64_t max, int64_t *out);

/* Copies into a terminated array; false (and an empty string) when it does not fit. */
bool pr_str_copy(struct pr_str s, char *out, size_t size);

/* A terminated copy on the heap; freed by free(). */
char *pr_str_dup(struct pr_str s);
