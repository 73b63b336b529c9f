#include "services/media/adapters/guest_pg.h"
#include "shared/base/alloc.h"
#include "tests/contract/services/media/guest_repo_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct pg_migration service_migrations[];

struct pg_guests_fixture {
    struct guests_fixture port;
    struct fixture *db;
    struct guest_pg repo;
};

static struct pg_guests_fixture *self(struct guests_fixture *port)
{
    return PR_CONTAINER(port, struct pg_guests_fixture, port);
}

static void wait(struct guests_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

static PGresult *query(struct guests_fixture *port, ExecStatusType wanted, const char *sql,
                       const char *const *values, int n)
{
    PGresult *result = PQexecParams(self(port)->db->admin, sql, n, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != wanted)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    return result;
}

static void exec(struct guests_fixture *port, const char *sql, const char *const *values, int n)
{
    PQclear(query(port, PGRES_COMMAND_OK, sql, values, n));
}

static const char *bool_text(bool value)
{
    return value ? "t" : "f";
}

/* NULL for 0. */
static const char *time_text(int64_t at_ms, char out[PR_RFC3339_TEXT])
{
    return at_ms ? pr_time_rfc3339(at_ms, out) : NULL;
}

static void put_event(struct guests_fixture *port, const struct guest_event_row *event)
{
    char id[PR_UUID_TEXT], expires_at[PR_RFC3339_TEXT];
    const char *const values[] = {pr_uuid_format(&event->id, id),
                                  event->account,
                                  event->slug,
                                  event->event.name,
                                  time_text(event->event.expires_at_ms, expires_at),
                                  bool_text(event->event.download),
                                  bool_text(event->event.originals),
                                  bool_text(event->deleting)};
    exec(port,
         "insert into event (id, owner_id, owner_name, version, name, slug, created_at, "
         "seconds_to_live, expires_at, download, originals, deleting) "
         "values ($1, gen_random_uuid(), $2, 1, $4, $3, $5::timestamptz - interval '7 days', "
         "604800, $5, $6, $7, $8) on conflict (id) do update set expires_at = "
         "excluded.expires_at, download = excluded.download, originals = excluded.originals, "
         "deleting = excluded.deleting",
         values, 8);
}

static void put_code(struct guests_fixture *port, const struct guest_code_row *code)
{
    char id[PR_UUID_TEXT], event[PR_UUID_TEXT];
    char expires_at[PR_RFC3339_TEXT], revoked_at[PR_RFC3339_TEXT];
    const char *const values[] = {pr_uuid_format(&code->id, id),
                                  pr_uuid_format(&code->event_id, event),
                                  code->access_code,
                                  code->label,
                                  bool_text(code->opens_all),
                                  time_text(code->expires_at_ms, expires_at),
                                  time_text(code->revoked_at_ms, revoked_at)};
    exec(port,
         "insert into code (id, event_id, batch_id, access_code, label, opens_all, created_at, "
         "expires_at, revoked_at) values ($1, $2, gen_random_uuid(), $3, $4, $5, now(), $6, $7) "
         "on conflict (id) do update set opens_all = excluded.opens_all, expires_at = "
         "excluded.expires_at, revoked_at = excluded.revoked_at",
         values, 7);
}

/* [{…}] of the renditions there are; freed by free(). */
static char *renditions_of(const struct guest_photo *photo)
{
    const struct guest_image *const images[] = {&photo->preview, &photo->large};
    static const char *const names[] = {"preview", "large"};
    char *text = pr_alloc(4096);
    size_t n = (size_t)sprintf(text, "[");
    for (size_t i = 0; i < PR_COUNT(images); i++) {
        const struct guest_image *image = images[i];
        if (image->object_key.n == 0)
            continue;
        n += (size_t)sprintf(text + n,
                             "%s{\"name\":\"%s\",\"object_key\":\"%s\",\"content_type\":\"%s\","
                             "\"width\":%lld,\"height\":%lld,\"size_bytes\":%lld",
                             n > 1 ? "," : "", names[i], image->object_key.p, image->content_type.p,
                             (long long)image->width, (long long)image->height,
                             (long long)image->size_bytes);
        if (image->crc32 >= 0)
            n += (size_t)sprintf(text + n, ",\"crc32\":%lld", (long long)image->crc32);
        n += (size_t)sprintf(text + n, "}");
    }
    sprintf(text + n, "]");
    return text;
}

static const char *int_text(int64_t value, char out[24])
{
    snprintf(out, 24, "%lld", (long long)value);
    return value > 0 ? out : NULL;
}

static void add_photo(struct guests_fixture *port, const struct guest_photo_row *row)
{
    const struct guest_photo *photo = &row->photo;
    char id[PR_UUID_TEXT], event[PR_UUID_TEXT], size[24], width[24], height[24], duration[24];
    char crc32[24];
    char *renditions = renditions_of(photo);
    const char *const values[] = {pr_uuid_format(&photo->id, id),
                                  pr_uuid_format(&row->event_id, event),
                                  row->ready ? "ready" : "finalized",
                                  media_kind_name(photo->type->kind),
                                  photo->filename.p,
                                  photo->type->name,
                                  photo->original.object_key.p,
                                  int_text(photo->original.size_bytes, size),
                                  int_text(photo->original.width, width),
                                  int_text(photo->original.height, height),
                                  int_text(photo->duration_ms, duration),
                                  int_text(photo->original.crc32, crc32),
                                  photo->placeholder.p,
                                  renditions};
    exec(port,
         "with m as (insert into media (id, owner_id, version, state, kind, filename, "
         "content_type, object_key, size_bytes, sha256, created_at, upload_expires_at, width, "
         "height, duration_ms, crc32, placeholder, renditions) "
         "values ($1::text::uuid, gen_random_uuid(), 1, $3, $4, $5, $6, $7, $8, sha256(''), now(), "
         "now(), $9, $10, $11, $12, convert_to($13, 'UTF8'), $14::text::jsonb) returning id) "
         "insert into event_media (event_id, media_id, added_at) select $2::text::uuid, id, now() "
         "from m",
         values, 14);
    free(renditions);
}

static void link_photo(struct guests_fixture *port, const struct pr_uuid *code_id,
                       const struct pr_uuid *media_id)
{
    char code[PR_UUID_TEXT], media[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(code_id, code), pr_uuid_format(media_id, media)};
    exec(port,
         "insert into code_media (code_id, event_id, media_id) select id, event_id, $2 from code "
         "where id = $1",
         values, 2);
}

static void remove_photo(struct guests_fixture *port, const struct pr_uuid *media_id)
{
    char media[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(media_id, media)};
    exec(port, "delete from event_media where media_id = $1", values, 1);
}

static struct guest_code_row used(struct guests_fixture *port, const struct pr_uuid *code_id)
{
    char code[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(code_id, code)};
    PGresult *result = query(port, PGRES_TUPLES_OK,
                             "select opens, downloads, "
                             "(extract(epoch from last_used_at) * 1000)::bigint from code "
                             "where id = $1",
                             values, 1);
    struct guest_code_row row = {
        .opens = atoll(PQgetvalue(result, 0, 0)),
        .downloads = atoll(PQgetvalue(result, 0, 1)),
        .last_used_at_ms = atoll(PQgetvalue(result, 0, 2)), /* "" of null: 0 */
    };
    PQclear(result);
    return row;
}

static size_t guesses(struct guests_fixture *port)
{
    return (size_t)fixture_int(self(port)->db, "select count(*) from guess");
}

static int setup(void **state)
{
    struct pg_guests_fixture *f = PR_NEW(struct pg_guests_fixture);
    void *db;
    logs_catch();
    fixture_setup(&db);
    f->db = db;
    assert_int_equal(pg_migrate(f->db->url, service_migrations, 0), PR_OK);
    fixture_pool(f->db, NULL, 4, 5000);
    guest_pg_init(&f->repo, f->db->pg);
    f->port = (struct guests_fixture){&f->repo.port, wait,         put_event, put_code, add_photo,
                                      link_photo,    remove_photo, used,      guesses};
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_guests_fixture *f = self(*state);
    void *db = f->db;
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    return 0;
}

int main(void)
{
    return guest_repo_contract_run(setup, teardown);
}
