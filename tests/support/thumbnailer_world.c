#include "tests/support/thumbnailer_world.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- objects -------------------------------------------------------------------------------------
 */

struct world_object *world_object_find(struct world_objects *objects, const char *key)
{
    for (size_t i = 0; i < objects->n; i++) {
        if (strcmp(objects->items[i].key, key) == 0)
            return &objects->items[i];
    }
    return NULL;
}

void world_object_put(struct world_objects *objects, const char *key, const char *content_type,
                      struct pr_str bytes)
{
    struct world_object *object = world_object_find(objects, key);
    if (!object) {
        assert_true(objects->n < THUMBNAILER_WORLD_OBJECTS);
        object = &objects->items[objects->n++];
    }
    assert_true(pr_str_copy(pr_str(key), object->key, sizeof object->key));
    assert_true(
        pr_str_copy(pr_str(content_type), object->content_type, sizeof object->content_type));
    assert_true(bytes.n <= sizeof object->bytes);
    memcpy(object->bytes, bytes.p, bytes.n);
    object->n = bytes.n;
}

static void remove_from(struct world_objects *objects, const char *key)
{
    struct world_object *object = world_object_find(objects, key);
    if (object)
        *object = objects->items[--objects->n];
}

static struct render_file new_file(struct pr_str bytes)
{
    struct render_file file = {memfd_create("world", MFD_CLOEXEC), (int64_t)bytes.n};
    assert_true(file.fd >= 0);
    assert_int_equal(pwrite(file.fd, bytes.p, bytes.n, 0), bytes.n);
    return file;
}

static struct pr_str read_file(const struct render_file *file, char *out, size_t size)
{
    ssize_t n = pread(file->fd, out, size, 0);
    assert_int_equal(n, file->size_bytes);
    return pr_str_n(out, (size_t)n);
}

/* --- ports ---------------------------------------------------------------------------------------
 */

/* What a call takes, until it has its effect. */
struct args {
    struct thumbnailer_world *world;
    struct pr_str object_key;
    const char *key, *content_type;
    const struct render_file *file;
    int64_t max_bytes;
    struct fetched_object *fetched;
    struct render_outcome *outcome;
    uint32_t *crc32;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(&args->world->gate, name, effect, args, sizeof *args, done);
}

static struct thumbnailer_world *of_store(struct render_store *store)
{
    return PR_CONTAINER(store, struct thumbnailer_world, store);
}

static enum pr_err fetch_effect(const void *arg)
{
    const struct args *args = arg;
    char key[RENDITION_KEY_MAX];
    assert_true(pr_str_copy(args->object_key, key, sizeof key));
    struct world_object *object = world_object_find(&args->world->objects, key);
    if (!object)
        return PR_ERR_NOT_FOUND;
    struct pr_str bytes = pr_str_n(object->bytes, object->n);
    *args->fetched = (struct fetched_object){.file = new_file(bytes)};
    if ((int64_t)object->n > args->max_bytes)
        return PR_ERR_TOO_LARGE;
    sha256(bytes, args->fetched->sha256);
    args->fetched->crc32 = crc32_update(0, bytes);
    return PR_OK;
}

static void fetch(struct render_store *port, struct pr_str key, int64_t max_bytes,
                  struct fetched_object *out, struct pr_done done)
{
    pass("fetch", fetch_effect,
         &(struct args){
             .world = of_store(port), .object_key = key, .max_bytes = max_bytes, .fetched = out},
         done);
}

static enum pr_err put_effect(const void *arg)
{
    const struct args *args = arg;
    char text[256];
    struct pr_str bytes = read_file(args->file, text, sizeof text);
    world_object_put(&args->world->objects, args->key, args->content_type, bytes);
    *args->crc32 = crc32_update(0, bytes);
    return PR_OK;
}

static void put(struct render_store *port, const char *key, const char *content_type,
                const struct render_file *file, uint32_t *crc32, struct pr_done done)
{
    pass("put", put_effect,
         &(struct args){.world = of_store(port),
                        .key = key,
                        .content_type = content_type,
                        .file = file,
                        .crc32 = crc32},
         done);
}

static enum pr_err remove_effect(const void *arg)
{
    const struct args *args = arg;
    remove_from(&args->world->objects, args->key);
    return PR_OK;
}

static void drop(struct render_store *port, struct render_file *file)
{
    (void)port;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static void remove_object(struct render_store *port, const char *key, struct pr_done done)
{
    pass("remove", remove_effect, &(struct args){.world = of_store(port), .key = key}, done);
}

/* A rendition is its name and the bytes it was made from, so that a test can tell whose it is. */
static enum pr_err render_effect(const void *arg)
{
    const struct args *args = arg;
    struct thumbnailer_world *world = args->world;
    char input[256], text[256];
    struct pr_str bytes = read_file(args->file, input, sizeof input);
    world->renderings++;
    *args->outcome = world->answer;
    for (enum rendition_name name = 0; name < RENDITIONS; name++) {
        struct render_picture *picture = &args->outcome->pictures[name];
        picture->file.fd = -1;
        if (world->answer.verdict != RENDER_DONE)
            continue;
        int n = snprintf(text, sizeof text, "%s of %s " PR_STR_FMT, rendition_text(name),
                         args->content_type, PR_STR_ARG(bytes));
        picture->file = new_file(pr_str_n(text, (size_t)n));
    }
    return PR_OK;
}

static void render(struct renderer *port, const char *content_type, const struct render_file *input,
                   struct render_outcome *out, struct pr_done done)
{
    pass("render", render_effect,
         &(struct args){.world = PR_CONTAINER(port, struct thumbnailer_world, renderer),
                        .content_type = content_type,
                        .file = input,
                        .outcome = out},
         done);
}

static enum pr_err cache_put_effect(const void *arg)
{
    const struct args *args = arg;
    char bytes[256];
    world_object_put(&args->world->cached, args->key, "",
                     read_file(args->file, bytes, sizeof bytes));
    return PR_OK;
}

static void cache_put(struct preview_cache *port, const char *key, const struct render_file *file,
                      struct pr_done done)
{
    pass("cache_put", cache_put_effect,
         &(struct args){.world = PR_CONTAINER(port, struct thumbnailer_world, cache),
                        .key = key,
                        .file = file},
         done);
}

static enum pr_err cache_remove_effect(const void *arg)
{
    const struct args *args = arg;
    remove_from(&args->world->cached, args->key);
    return PR_OK;
}

static void cache_remove(struct preview_cache *port, const char *key, struct pr_done done)
{
    pass("cache_remove", cache_remove_effect,
         &(struct args){.world = PR_CONTAINER(port, struct thumbnailer_world, cache), .key = key},
         done);
}

/* --- the world -----------------------------------------------------------------------------------
 */

static int count_open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void add_photo(struct thumbnailer_world *world)
{
    static const struct pr_str bytes = PR_STR("the bytes of a photo");
    static uint8_t sum[SHA256_BYTES];
    sha256(bytes, sum);
    world->finalized = (struct media_finalized_msg){
        .media_id = pr_uuid_v7(2),
        .owner_id = pr_uuid_v7(1),
        .version = 2,
        .filename = PR_STR("beach.jpg"),
        .content_type = PR_STR("image/jpeg"),
        .size_bytes = (int64_t)bytes.n,
        .sha256 = pr_str_n(sum, sizeof sum),
        .object_key = PR_STR(WORLD_OBJECT_KEY),
        .finalized_at_ms = THUMBNAILER_WORLD_NOW_MS,
    };
    world->deleted = (struct media_deleted_msg){
        .media_id = world->finalized.media_id,
        .owner_id = world->finalized.owner_id,
        .version = 4,
        .object_key = PR_STR(WORLD_OBJECT_KEY),
        .deleted_at_ms = THUMBNAILER_WORLD_NOW_MS,
    };
    pr_buf_init(&world->finalized_value, MESSAGE_MAX_BYTES);
    pr_buf_init(&world->deleted_value, MESSAGE_MAX_BYTES);
    assert_int_equal(media_finalized_encode(&world->finalized, &world->finalized_value), PR_OK);
    assert_int_equal(media_deleted_encode(&world->deleted, &world->deleted_value), PR_OK);
    world->finalized_origin =
        (struct message_origin){.id = pr_uuid_v7(3), .topic = PR_STR("media.finalized")};
    world->deleted_origin =
        (struct message_origin){.id = pr_uuid_v7(4), .topic = PR_STR("media.deleted")};
    world_object_put(&world->objects, WORLD_OBJECT_KEY, "image/jpeg", bytes);
}

void *thumbnailer_world_create(void)
{
    struct thumbnailer_world *world = PR_NEW(struct thumbnailer_world);
    world->fds = count_open_fds();
    test_clock_init(&world->clock, THUMBNAILER_WORLD_NOW_MS);
    fake_render_repo_init(&world->repo, &world->gate, &world->clock.port);
    world->store = (struct render_store){fetch, put, remove_object, drop};
    world->renderer = (struct renderer){render};
    world->cache = (struct preview_cache){cache_put, cache_remove};
    world->answer = (struct render_outcome){
        .verdict = RENDER_DONE,
        .width = 4032,
        .height = 3024,
        .placeholder = {1, 2, 3},
        .placeholder_n = 3,
        .pictures = {[RENDITION_PREVIEW] = {.width = 320, .height = 240},
                     [RENDITION_LARGE] = {.width = 1600, .height = 1200}},
    };
    world->deps = (struct render_deps){
        .repo = &world->repo.port,
        .store = &world->store,
        .renderer = &world->renderer,
        .cache = &world->cache,
        .clock = &world->clock.port,
    };
    add_photo(world);
    return world;
}

void thumbnailer_world_destroy(void *arg)
{
    struct thumbnailer_world *world = arg;
    assert_int_equal(gate_held(&world->gate), 0);
    assert_int_equal(count_open_fds(), world->fds);
    pr_buf_fini(&world->finalized_value);
    pr_buf_fini(&world->deleted_value);
    free(world);
}

struct gate *thumbnailer_world_gate(void *world)
{
    return &((struct thumbnailer_world *)world)->gate;
}

/* --- the usecases, with the photo
 * ------------------------------------------------------------------ */

void thumbnailer_world_queue(struct thumbnailer_world *world, struct pr_done done)
{
    queue_render(&world->deps, &world->finalized_origin, &world->finalized,
                 pr_buf_str(&world->finalized_value), done);
}

void thumbnailer_world_forget(struct thumbnailer_world *world, struct pr_done done)
{
    forget_media(&world->deps, &world->deleted_origin, &world->deleted,
                 pr_buf_str(&world->deleted_value), done);
}

bool thumbnailer_world_claim(struct thumbnailer_world *world, const char *kind)
{
    world->job = (struct job_claim){1, pr_uuid_v7(5)};
    return fake_render_repo_claim(&world->repo, kind, &world->finalized.media_id,
                                  THUMBNAILER_WORLD_LEASE_MS, &world->job);
}

void thumbnailer_world_render(struct thumbnailer_world *world, bool exhausted, struct pr_done done)
{
    thumbnailer_world_claim(world, "render");
    render_media(&world->deps, &world->job, exhausted, pr_buf_str(&world->finalized_value), done);
}

void thumbnailer_world_purge(struct thumbnailer_world *world, struct pr_done done)
{
    thumbnailer_world_claim(world, "purge_renditions");
    purge_renditions(&world->deps, &world->job, pr_buf_str(&world->deleted_value), done);
}

/* --- what is there now
 * ----------------------------------------------------------------------------- */

const char *thumbnailer_world_state(struct thumbnailer_world *world)
{
    const struct fake_rendition_set *set =
        fake_render_repo_find(&world->repo, &world->finalized.media_id);
    return set ? set->state : "";
}

const char *thumbnailer_world_job_state(struct thumbnailer_world *world, const char *kind)
{
    const struct fake_render_job *job =
        fake_render_repo_job(&world->repo, kind, &world->finalized.media_id);
    return job ? job->state : "";
}

size_t thumbnailer_world_sent(const struct thumbnailer_world *world, enum message_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < world->repo.outbox_n; i++)
        n += world->repo.outbox[i].kind == kind;
    return n;
}
