#include "services/gateway/adapters/http_pages.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <stdio.h>

extern const struct http_file web_files[]; /* made by the build */

/* Where the path and the name of the file are not the same. */
static const struct {
    const char *path, *name;
} elsewhere[] = {
    {"/", "index.html"},
    {"/signup", "signup.html"},
    {"/login", "login.html"},
    {"/account", "account.html"},
    {"/admin", "admin.html"},
    {"/events", "events.html"},
    {"/favicon.ico", "assets/pierrot.svg"},
    {"/api/docs", "docs.html"},
    {"/api/openapi.yaml", "openapi.yaml"},
};

/* Besides the policy, which names the store. */
static const struct http_header headers[] = {
    {PR_STR("cross-origin-opener-policy"), PR_STR("same-origin")},
    {PR_STR("cross-origin-resource-policy"), PR_STR("same-origin")},
    {PR_STR("permissions-policy"), PR_STR("camera=(), microphone=(), geolocation=()")},
    {PR_STR("referrer-policy"), PR_STR("no-referrer")},
    {PR_STR("x-content-type-options"), PR_STR("nosniff")},
    {PR_STR("x-robots-tag"), PR_STR("noindex")},
};

void http_pages_init(struct http_pages *pages, const struct origin *store)
{
    size_t n = 0;
    while (web_files[n].name)
        n++;
    pages->files = pr_alloc((n + 1) * sizeof *pages->files);
    memcpy(pages->files, web_files, (n + 1) * sizeof *pages->files);
    for (size_t i = 0; i < n; i++)
        http_file_prepare(&pages->files[i]);

    int length = snprintf(
        pages->content_security_policy, sizeof pages->content_security_policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: %s; "
        "media-src %s; connect-src 'self' %s; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
        store->text, store->text, store->text);
    assert((size_t)length < sizeof pages->content_security_policy);
}

void http_pages_fini(struct http_pages *pages)
{
    for (struct http_file *file = pages->files; file && file->name; file++)
        http_file_fini(file);
    free(pages->files);
}

static struct pr_str name_of(struct pr_str path)
{
    for (size_t i = 0; i < PR_COUNT(elsewhere); i++) {
        if (pr_str_is(path, elsewhere[i].path))
            return pr_str(elsewhere[i].name);
    }
    return pr_str_n(path.p + 1, path.n - 1);
}

static const struct http_file *find(const struct http_pages *pages, struct pr_str name)
{
    for (const struct http_file *file = pages->files; file->name; file++) {
        if (pr_str_is(name, file->name))
            return file;
    }
    return NULL;
}

static void answer(const struct http_pages *pages, struct http_request *req, struct pr_str name)
{
    const struct http_file *file = find(pages, name);
    if (!file) {
        http_reply_error(req, PR_ERR_NOT_FOUND);
        return;
    }
    http_reply_header(req, "content-security-policy", pr_str(pages->content_security_policy));
    for (size_t i = 0; i < PR_COUNT(headers); i++)
        http_reply_header(req, headers[i].name.p, headers[i].value);
    http_reply_file(req, file);
}

void http_pages_answer(const struct http_pages *pages, struct http_request *req)
{
    answer(pages, req, name_of(http_req_path(req)));
}

void http_pages_answer_event(const struct http_pages *pages, struct http_request *req)
{
    answer(pages, req, pr_str("event.html"));
}

void http_pages_answer_guest(const struct http_pages *pages, struct http_request *req)
{
    answer(pages, req, pr_str("guest.html"));
}
