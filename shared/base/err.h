/* err: every error Pierrot knows, once: code, text, HTTP status, class.
 *
 * The class decides what happens next:
 *   caller     the request is at fault: answered 4xx, logged at info, never retried by us
 *   temporary  a dependency is away or slow: answered 5xx, retried with backoff, logged at warn
 *   permanent  it will not get better: a message goes to the dead letters, logged at error
 */
#pragma once

enum pr_err_class { PR_CLASS_NONE, PR_CLASS_CALLER, PR_CLASS_TEMPORARY, PR_CLASS_PERMANENT };

/* clang-format off */
#define PR_ERRORS(X) \
    X(PR_OK,                "ok",                       200, PR_CLASS_NONE) \
    X(PR_ERR_INVALID,       "invalid input",            400, PR_CLASS_CALLER) \
    X(PR_ERR_UNAUTHORIZED,  "not authenticated",        401, PR_CLASS_CALLER) \
    X(PR_ERR_FORBIDDEN,     "not allowed",              403, PR_CLASS_CALLER) \
    X(PR_ERR_NOT_FOUND,     "not found",                404, PR_CLASS_CALLER) \
    X(PR_ERR_METHOD,        "method not allowed",       405, PR_CLASS_CALLER) \
    X(PR_ERR_CONFLICT,      "conflict",                 409, PR_CLASS_CALLER) \
    X(PR_ERR_GONE,          "gone",                     410, PR_CLASS_CALLER) \
    X(PR_ERR_TOO_LARGE,     "too large",                413, PR_CLASS_CALLER) \
    X(PR_ERR_MEDIA_TYPE,    "unsupported media type",   415, PR_CLASS_CALLER) \
    X(PR_ERR_RANGE,         "range not satisfiable",    416, PR_CLASS_CALLER) \
    X(PR_ERR_UNPROCESSABLE, "cannot be processed",      422, PR_CLASS_CALLER) \
    X(PR_ERR_LIMITED,       "too many requests",        429, PR_CLASS_CALLER) \
    X(PR_ERR_INTERNAL,      "internal error",           500, PR_CLASS_PERMANENT) \
    X(PR_ERR_DECODE,        "cannot be decoded",        500, PR_CLASS_PERMANENT) \
    X(PR_ERR_UPSTREAM,      "bad answer from upstream", 502, PR_CLASS_TEMPORARY) \
    X(PR_ERR_UNAVAILABLE,   "unavailable",              503, PR_CLASS_TEMPORARY) \
    X(PR_ERR_TIMEOUT,       "timed out",                504, PR_CLASS_TEMPORARY)
/* clang-format on */

enum pr_err {
#define PR_ERR_ENUM(code, text, status, class) code,
    PR_ERRORS(PR_ERR_ENUM)
#undef PR_ERR_ENUM
        PR_ERR_COUNT
};

const char *pr_err_name(enum pr_err err); /* "PR_ERR_INVALID" */
const char *pr_err_text(enum pr_err err); /* "invalid input" */
int pr_err_status(enum pr_err err);       /* HTTP status (RFC 9110) */
enum pr_err_class pr_err_class(enum pr_err err);

#define PR_CHECK __attribute__((warn_unused_result))

/* What a caller is told of an error: which field of the input was wrong, and how.
 * field is empty when no single field is at fault. Neither ever holds a secret. */
struct pr_fault {
    enum pr_err err;
    char field[48];
    char detail[160];
};

/* Fills the fault and returns err, so that `return pr_fault_set(…)` reads well. detail is a printf
 * format; too long a text is cut. */
enum pr_err pr_fault_set(struct pr_fault *fault, enum pr_err err, const char *field,
                         const char *detail, ...) __attribute__((format(printf, 4, 5)));
