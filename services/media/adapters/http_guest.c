#include "services/media/adapters/http_guest.h"

#include "services/media/adapters/guest_json.h"
#include "services/media/usecases/guest_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/client_seal.h"
#include "shared/http/input.h"

#include <assert.h>
#include <stdio.h>

#define COOKIE_MAX 512
#define COOKIE_AGE_S (400 * 24 * 3600) /* browsers keep none for longer */

/* What an answer needs later. */
struct guest_call {
    const struct media_deps *deps;
    struct http_request *req;
    bool saves;
};

static struct guest_call *guest_call_new(const void *deps, struct http_request *req)
{
    struct guest_call *call = PR_NEW(struct guest_call);
    *call = (struct guest_call){.deps = deps, .req = req};
    return call;
}

void guest_reply_privately(struct http_request *req)
{
    http_reply_header(req, "cache-control", pr_str("no-store"));
    http_reply_header(req, "referrer-policy", pr_str("no-referrer"));
    http_reply_header(req, "x-robots-tag", pr_str("noindex"));
}

static void reply_fault(struct http_request *req, const struct pr_fault *fault)
{
    guest_reply_privately(req);
    http_reply_fault(req, fault);
}

/* Takes the body; NULL: it could not be made. */
static void reply(struct guest_call *call, const struct pr_fault *fault, json_t *body)
{
    guest_reply_privately(call->req);
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (body)
        http_reply_json(call->req, 200, body);
    else
        http_reply_error(call->req, PR_ERR_INTERNAL);
    free(call);
}

/* For this event's routes alone. Account and slug are of a-z0-9-. It may outlast the code, which is
 * asked for each time, and which may be given more time. */
static void set_cookie(const struct media_deps *deps, struct http_request *req, const char *token,
                       int max_age_s)
{
    char text[COOKIE_MAX];
    bool https = pr_str_has_prefix(pr_str(deps->public_url), pr_str("https:"));
    struct pr_str account = http_req_param(req, "account"), slug = http_req_param(req, "slug");
    int n = snprintf(text, sizeof text,
                     "%spierrot_guest=%s; Path=/api/guest/" PR_STR_FMT "/" PR_STR_FMT
                     "; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                     https ? "__Secure-" : "", token, PR_STR_ARG(account), PR_STR_ARG(slug),
                     max_age_s, https ? "; Secure" : "");
    assert(n > 0 && (size_t)n < sizeof text);
    http_reply_header(req, "set-cookie", pr_str_n(text, (size_t)n));
}

static void tell_seconds(struct http_request *req, const char *name, int64_t seconds)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)seconds);
    http_reply_header(req, name, pr_str_n(text, (size_t)n));
}

static void entered(void *arg, const struct pr_fault *fault, const struct entered *guest,
                    int64_t retry_after_s)
{
    struct guest_call *call = arg;
    if (retry_after_s > 0)
        tell_seconds(call->req, "retry-after", retry_after_s);
    if (!fault->err)
        set_cookie(call->deps, call->req, guest->token, COOKIE_AGE_S);
    reply(call, fault, fault->err ? NULL : guest_entered_to_json(guest));
}

void post_guest_access(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct enter_event_cmd, access_code, "access_code", INPUT_TEXT, true, 0, 128),
        INPUT_END,
    };
    struct pr_fault fault;
    struct enter_event_cmd cmd = {
        .account = http_req_param(req, "account"),
        .slug = http_req_param(req, "slug"),
        .client = http_req_client_network(req),
    };
    if (input_read(req, fields, &cmd, &fault))
        enter_event(deps, &cmd, entered, guest_call_new(deps, req));
    else
        reply_fault(req, &fault);
}

static bool is_plain(struct pr_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return name.n > 0 && name.n <= EVENT_SLUG_MAX;
}

/* The browser forgets the code; what it may have is asked of nobody. Other names have no cookie. */
void delete_guest_access(void *deps, struct http_request *req)
{
    guest_reply_privately(req);
    if (is_plain(http_req_param(req, "account")) && is_plain(http_req_param(req, "slug")))
        set_cookie(deps, req, "", 0);
    http_reply_empty(req, 204);
}

static void found(void *arg, const struct pr_fault *fault, const struct guest_event *event,
                  const struct guest_photo *photo)
{
    struct guest_call *call = arg;
    reply(call, fault, photo ? guest_photo_to_json(call->deps, event, photo, call->saves) : NULL);
}

/* A photo is asked for to save it, or, with ?for=view, to look at it. */
static bool parse_purpose(struct http_request *req, bool *saves, struct pr_fault *fault)
{
    struct pr_str purpose;
    *saves = !http_req_query(req, "for", &purpose);
    if (!*saves && !pr_str_is(purpose, "view"))
        return pr_fault_set(fault, PR_ERR_INVALID, "for", "must be view"), false;
    return true;
}

void get_one_guest_photo(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct guest_photo_cmd cmd = {
        .account = http_req_param(req, "account"),
        .slug = http_req_param(req, "slug"),
        .token = http_req_header(req, GUEST_TOKEN_HEADER),
    };
    if (!input_id(req, &cmd.id, &fault) || !parse_purpose(req, &cmd.saves, &fault)) {
        reply_fault(req, &fault);
        return;
    }
    cmd.counts = cmd.saves && !pr_str_is(http_req_method(req), "HEAD");
    struct guest_call *call = guest_call_new(deps, req);
    call->saves = cmd.saves;
    get_guest_photo(deps, &cmd, found, call);
}
