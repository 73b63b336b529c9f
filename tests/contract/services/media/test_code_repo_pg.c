#include "services/media/adapters/code_pg.h"
#include "shared/base/alloc.h"
#include "tests/contract/services/media/code_repo_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

extern const struct pg_migration service_migrations[];

struct pg_codes_fixture {
    struct codes_fixture port;
    struct fixture *db;
    struct code_pg repo;
};

static struct pg_codes_fixture *self(struct codes_fixture *port)
{
    return PR_CONTAINER(port, struct pg_codes_fixture, port);
}

static void wait(struct codes_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

static void exec(struct codes_fixture *port, const char *sql, const char *const *values, int n)
{
    PGresult *result = PQexecParams(self(port)->db->admin, sql, n, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

static void add_event(struct codes_fixture *port, const struct pr_uuid *id,
                      const struct pr_uuid *owner_id, const struct code_event *event)
{
    char id_text[PR_UUID_TEXT], owner_text[PR_UUID_TEXT], expires_at[PR_RFC3339_TEXT];
    const char *const values[] = {pr_uuid_format(id, id_text),
                                  pr_uuid_format(owner_id, owner_text),
                                  event->owner_name,
                                  event->name,
                                  event->slug,
                                  pr_time_rfc3339(event->expires_at_ms, expires_at)};
    exec(port,
         "insert into event (id, owner_id, owner_name, version, name, slug, created_at, "
         "seconds_to_live, expires_at, download, originals) values ($1, $2, $3, 1, $4, $5, "
         "$6::timestamptz - interval '7 days', 604800, $6, true, true)",
         values, 6);
}

static void close_event(struct codes_fixture *port, const struct pr_uuid *id)
{
    char id_text[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(id, id_text)};
    exec(port, "update event set deleting = true where id = $1", values, 1);
}

static void add_photo(struct codes_fixture *port, const struct pr_uuid *event_id,
                      const struct pr_uuid *media_id)
{
    char event_text[PR_UUID_TEXT], media_text[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(media_id, media_text),
                                  pr_uuid_format(event_id, event_text)};
    exec(port,
         "with m as (insert into media (id, owner_id, version, state, kind, filename, "
         "content_type, object_key, size_bytes, sha256, created_at, upload_expires_at) "
         "select $1::text::uuid, owner_id, 1, 'created', 'image', 'a.jpg', 'image/jpeg', $1::text, "
         "1, "
         "sha256(''), now(), now() from event where id = $2::text::uuid returning id) "
         "insert into event_media (event_id, media_id, added_at) select $2::text::uuid, id, now() "
         "from m",
         values, 2);
}

static void remove_photo(struct codes_fixture *port, const struct pr_uuid *media_id)
{
    char media_text[PR_UUID_TEXT];
    const char *const values[] = {pr_uuid_format(media_id, media_text)};
    exec(port, "delete from event_media where media_id = $1", values, 1);
}

static int setup(void **state)
{
    struct pg_codes_fixture *f = PR_NEW(struct pg_codes_fixture);
    void *db;
    logs_catch();
    fixture_setup(&db);
    f->db = db;
    assert_int_equal(pg_migrate(f->db->url, service_migrations, 0), PR_OK);
    fixture_pool(f->db, NULL, 4, 5000);
    code_pg_init(&f->repo, f->db->pg);
    f->port = (struct codes_fixture){&f->repo.port, wait,      add_event,
                                     close_event,   add_photo, remove_photo};
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_codes_fixture *f = self(*state);
    void *db = f->db;
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    return 0;
}

/* A photo leaves the event while codes with it are made: they wait, and then it is none of it. */
static void test_a_photo_that_is_just_leaving(void **state)
{
    struct codes_fixture *port = *state;
    struct fixture *db = self(port)->db;
    struct pr_uuid owner = pr_uuid_v7(1), event_id = pr_uuid_v7(2), photo = pr_uuid_v7(3);
    struct code_event event = {"Wedding", "anna", "wedding", INT64_C(4102444800000)};
    struct code code = {.id = pr_uuid_v7(4), .access_code = "ABC234", .label = "Anna"};
    struct code_batch batch = {owner, event_id, pr_uuid_v7(5), &code, 1, {&photo, 1}};
    struct code_result result;
    struct code_page page = {.items_n = 0};
    struct await await;
    static const struct idempotency no_key;
    add_event(port, &event_id, &owner, &event);
    add_photo(port, &event_id, &photo);
    fixture_exec(db, "begin");
    remove_photo(port, &photo);
    port->repo->insert(port->repo, &batch, &no_key, &result, &page, await_done(&await));
    fixture_run_for(db, 200);
    assert_int_equal(await.calls, 0);
    fixture_exec(db, "commit");
    wait(port, &await);
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(result.outcome, CODES_NOT_PHOTOS);
    assert_int_equal(result.wrong_n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_photo_that_is_just_leaving, setup, teardown),
    };
    return code_repo_contract_run(setup, teardown) +
           cmocka_run_group_tests_name("code_repo_pg", tests, NULL, NULL);
}
