#include "services/thumbnailer/adapters/render_s3.h"

#include "shared/base/alloc.h"
#include "shared/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct render_s3 *self(struct render_store *port)
{
    return PR_CONTAINER(port, struct render_s3, port);
}

struct fetch_op {
    struct render_s3 *store;
    struct fetched_object *out;
    int64_t promised_bytes; /* not written yet */
    struct sha256 hash;
    bool disk_failed;
    struct pr_done done;
};

/* What does not fit is not begun: it would take the room of all others, time and again. */
static bool fits(const struct render_s3 *store, int fd, int64_t bytes)
{
    struct statvfs disk;
    if (fstatvfs(fd, &disk) != 0 || disk.f_blocks == 0)
        return true; /* it does not say, or has no limit */
    uint64_t wanted = (uint64_t)store->promised_bytes + (uint64_t)bytes;
    return wanted <= (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void promise(struct fetch_op *op, int64_t bytes)
{
    op->promised_bytes += bytes;
    op->store->promised_bytes += bytes;
}

static bool write_all(int fd, struct pr_str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = pr_str_n(bytes.p + n, bytes.n - (size_t)n);
    }
    return true;
}

static bool take_bytes(void *arg, struct pr_str bytes)
{
    struct fetch_op *op = arg;
    sha256_update(&op->hash, bytes);
    op->out->crc32 = crc32_update(op->out->crc32, bytes);
    op->out->file.size_bytes += (int64_t)bytes.n;
    promise(op, -(int64_t)bytes.n);
    op->disk_failed = !write_all(op->out->file.fd, bytes);
    if (op->disk_failed)
        log_at(LOG_ERROR, "cannot write the file to decode", LOG_TEXT("cause", strerror(errno)));
    return !op->disk_failed;
}

static void fetched(void *arg, enum pr_err err)
{
    struct fetch_op *op = arg;
    promise(op, -op->promised_bytes);
    if (op->disk_failed)
        err = PR_ERR_UNAVAILABLE; /* a full disk is emptied one day */
    if (err)
        sha256_abort(&op->hash);
    else
        sha256_final(&op->hash, op->out->sha256);
    pr_done_call(op->done, err);
    free(op);
}

static void fetch(struct render_store *port, struct pr_str key, int64_t max_bytes,
                  struct fetched_object *out, struct pr_done done)
{
    struct render_s3 *store = self(port);
    *out = (struct fetched_object){
        .file = {open(store->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), 0}};
    if (out->file.fd < 0) {
        log_at(LOG_ERROR, "cannot make a file to decode from", LOG_TEXT("folder", store->folder),
               LOG_TEXT("cause", strerror(errno)));
        pr_done_call(done, PR_ERR_UNAVAILABLE);
        return;
    }
    if (!fits(store, out->file.fd, max_bytes)) {
        log_at(LOG_ERROR, "no room for a file to decode", LOG_TEXT("folder", store->folder),
               LOG_INT("bytes", max_bytes));
        pr_done_call(done, PR_ERR_UNAVAILABLE); /* somebody else's end, or the operator, makes it */
        return;
    }
    struct fetch_op *op = PR_NEW(struct fetch_op);
    op->store = store;
    op->out = out;
    op->done = done;
    promise(op, max_bytes);
    sha256_init(&op->hash);
    s3_get(store->s3, key, max_bytes, take_bytes, op, (struct pr_done){fetched, op});
}

struct put_op {
    void *bytes;
    size_t n;
    struct pr_done done;
};

static void stored(void *arg, enum pr_err err)
{
    struct put_op *op = arg;
    munmap(op->bytes, op->n);
    pr_done_call(op->done, err);
    free(op);
}

static void put_object(struct render_store *port, const char *key, const char *content_type,
                       const struct render_file *file, uint32_t *crc32, struct pr_done done)
{
    size_t n = (size_t)file->size_bytes;
    void *bytes = mmap(NULL, n, PROT_READ, MAP_SHARED, file->fd, 0);
    if (bytes == MAP_FAILED) {
        log_at(LOG_ERROR, "cannot map a rendition", LOG_TEXT("cause", strerror(errno)));
        pr_done_call(done, PR_ERR_UNAVAILABLE);
        return;
    }
    struct put_op *op = PR_NEW(struct put_op);
    *op = (struct put_op){bytes, n, done};
    struct s3_put put = {
        .key = pr_str(key),
        .content_type = pr_str(content_type),
        .size_bytes = file->size_bytes,
    };
    sha256(pr_str_n(bytes, n), put.sha256);
    *crc32 = crc32_update(0, pr_str_n(bytes, n));
    s3_put(self(port)->s3, &put, pr_str_n(bytes, n), (struct pr_done){stored, op});
}

static void remove_object(struct render_store *port, const char *key, struct pr_done done)
{
    s3_delete(self(port)->s3, pr_str(key), done);
}

static void drop(struct render_store *port, struct render_file *file)
{
    (void)port;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

void render_s3_init(struct render_s3 *store, struct s3 *s3, const char *folder)
{
    *store = (struct render_s3){
        .port = {.fetch = fetch, .put = put_object, .remove = remove_object, .drop = drop},
        .s3 = s3,
        .folder = folder,
    };
}
