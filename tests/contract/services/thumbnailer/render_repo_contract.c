#include "tests/contract/services/thumbnailer/render_repo_contract.h"

#include "shared/base/alloc.h"

#include <string.h>

#define AT_MS INT64_C(1795248000123)
#define LEASE_MS 20000
#define ROUNDS 10 /* of what happens at once */

/* ---- what goes in ---- */

/* A media, its messages and how they came. Values are any bytes: a repo only keeps them. */
struct subject {
    struct media_finalized_msg finalized;
    struct media_deleted_msg deleted;
    struct media_rendered_msg rendered;
    struct media_rejected_msg rejected;
    struct message_origin finalized_origin, deleted_origin;
};

#define FINALIZED_VALUE pr_str_n("final\0\xff\x01", 8)
#define DELETED_VALUE pr_str_n("gone\0\xfe", 6)

static struct message_origin origin(const char *topic)
{
    return (struct message_origin){pr_uuid_v7(AT_MS), pr_str(topic), 2, 41};
}

static struct subject new_subject(void)
{
    static const uint8_t sum[32] = {1, 2, 3};
    struct pr_uuid id = pr_uuid_v7(AT_MS), owner = pr_uuid_v7(AT_MS);
    return (struct subject){
        .finalized = {.media_id = id,
                      .owner_id = owner,
                      .version = 2,
                      .object_key = PR_STR("owner/library/media/beach.jpg")},
        .deleted = {.media_id = id,
                    .owner_id = owner,
                    .version = 4,
                    .object_key = PR_STR("owner/library/media/beach.jpg")},
        .rendered = {.media_id = id,
                     .owner_id = owner,
                     .version = 2,
                     .width = 4032,
                     .height = 3024,
                     .sha256 = pr_str_n(sum, sizeof sum),
                     .crc32 = 907060870,
                     .placeholder = PR_STR("\x01\xff"),
                     .rendered_at_ms = AT_MS},
        .rejected = {.media_id = id,
                     .owner_id = owner,
                     .version = 2,
                     .reason = PR_STR("corrupt"),
                     .detail = PR_STR("no picture in it"),
                     .rejected_at_ms = AT_MS},
        .finalized_origin = origin("media.finalized"),
        .deleted_origin = origin("media.deleted"),
    };
}

/* ---- calls that wait ---- */

static enum pr_err answer(struct render_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

static void start_queue(struct render_fixture *f, const struct subject *s, struct await *await)
{
    f->repo->queue(f->repo, &s->finalized_origin, &s->finalized, FINALIZED_VALUE,
                   await_done(await));
}

static void queue(struct render_fixture *f, const struct subject *s)
{
    struct await await;
    start_queue(f, s, &await);
    assert_int_equal(answer(f, &await), PR_OK);
}

static void start_delete(struct render_fixture *f, const struct subject *s, struct await *await)
{
    f->repo->mark_deleted(f->repo, &s->deleted_origin, &s->deleted, DELETED_VALUE,
                          await_done(await));
}

static void delete_media(struct render_fixture *f, const struct subject *s)
{
    struct await await;
    start_delete(f, s, &await);
    assert_int_equal(answer(f, &await), PR_OK);
}

static enum pr_err save_rendered(struct render_fixture *f, const struct subject *s,
                                 const struct job_claim *job)
{
    struct await await;
    f->repo->save_rendered(f->repo, job, &s->rendered, await_done(&await));
    return answer(f, &await);
}

static enum pr_err save_rejected(struct render_fixture *f, const struct subject *s,
                                 const struct job_claim *job)
{
    struct await await;
    f->repo->save_rejected(f->repo, job, &s->rejected, await_done(&await));
    return answer(f, &await);
}

static void finish_purge(struct render_fixture *f, const struct job_claim *job)
{
    struct await await;
    f->repo->finish_purge(f->repo, job, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

static struct job_claim claim(struct render_fixture *f, const char *kind, const struct subject *s)
{
    struct job_claim job;
    assert_true(f->claim(f, kind, &s->finalized.media_id, LEASE_MS, &job));
    return job;
}

static struct subject leased(struct render_fixture *f, struct job_claim *job)
{
    struct subject s = new_subject();
    queue(f, &s);
    *job = claim(f, RENDER, &s);
    return s;
}

/* ---- what is there now ---- */

static struct seen_row row(struct render_fixture *f, const struct subject *s)
{
    struct seen_row seen;
    assert_true(f->row(f, &s->finalized.media_id, &seen));
    return seen;
}

static void assert_row(struct render_fixture *f, const struct subject *s, const char *state)
{
    struct seen_row seen = row(f, s);
    assert_string_equal(seen.state, state);
}

static struct seen_job job(struct render_fixture *f, const char *kind, const struct subject *s)
{
    struct seen_job seen;
    assert_true(f->job(f, kind, &s->finalized.media_id, &seen));
    return seen;
}

static void assert_job(struct render_fixture *f, const char *kind, const struct subject *s,
                       const char *state)
{
    struct seen_job seen = job(f, kind, s);
    assert_string_equal(seen.state, state);
}

static void assert_no_job(struct render_fixture *f, const char *kind, const struct subject *s)
{
    struct seen_job seen;
    assert_false(f->job(f, kind, &s->finalized.media_id, &seen));
}

static size_t sent(struct render_fixture *f, const struct subject *s)
{
    struct seen_message seen[4];
    return f->messages(f, &s->finalized.media_id, seen, PR_COUNT(seen));
}

/* ---- queue ---- */

static void test_queued_with_its_job(void **state)
{
    struct render_fixture *f = *state;
    struct subject s = new_subject();
    queue(f, &s);
    struct seen_row seen = row(f, &s);
    assert_string_equal(seen.state, "queued");
    assert_string_equal(seen.object_key, "owner/library/media/beach.jpg");
    assert_string_equal(seen.reason, "");
    assert_int_equal(seen.version, 2);
    assert_true(pr_uuid_eq(&seen.owner_id, &s.finalized.owner_id));
    struct seen_job render = job(f, RENDER, &s);
    assert_string_equal(render.state, "ready");
    assert_true(render.due_in_ms <= 0);
    assert_int_equal(render.args_n, FINALIZED_VALUE.n);
    assert_memory_equal(render.args, FINALIZED_VALUE.p, FINALIZED_VALUE.n);
    assert_int_equal(sent(f, &s), 0);
}

static void test_queued_once_whatever_comes_again(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    assert_int_equal(save_rejected(f, &s, &claimed), PR_OK);
    queue(f, &s); /* the same message */
    s.finalized_origin = origin("media.finalized");
    queue(f, &s); /* another about the same media */
    assert_row(f, &s, "rejected");
    assert_job(f, RENDER, &s, "done");
    assert_int_equal(sent(f, &s), 1);
}

static void test_hostile_and_largest_values_survive(void **state)
{
    struct render_fixture *f = *state;
    struct subject s = new_subject();
    char key[1025];
    memset(key, '\'', sizeof key);
    static const char head[] = "a/\\x00'); drop table job; --\xf0\x9f\x93\xb7%s/";
    memcpy(key, head, sizeof head - 1);
    key[sizeof key - 1] = 0;
    s.finalized.object_key = pr_str(key);
    s.finalized.version = INT64_C(1) << 53;
    queue(f, &s);
    struct seen_row seen = row(f, &s);
    assert_string_equal(seen.object_key, key);
    assert_int_equal(seen.version, INT64_C(1) << 53);
}

/* ---- verdicts ---- */

static void test_rendered_is_saved_with_its_message(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    struct seen_message seen[2];
    struct media_rendered_msg msg;
    struct pr_fault fault;
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_row(f, &s, "rendered");
    assert_job(f, RENDER, &s, "done");
    assert_int_equal(f->messages(f, &s.finalized.media_id, seen, 2), 1);
    assert_int_equal(seen[0].kind, MESSAGE_MEDIA_RENDERED);
    assert_int_equal(media_rendered_decode(pr_str_n(seen[0].body, seen[0].body_n), &msg, &fault),
                     PR_OK);
    assert_true(pr_uuid_eq(&msg.owner_id, &s.finalized.owner_id));
    assert_int_equal(msg.width, 4032);
    assert_true(pr_str_eq(msg.placeholder, s.rendered.placeholder));
}

static void test_rejected_is_saved_with_its_message(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    struct seen_message seen[2];
    struct media_rejected_msg msg;
    struct pr_fault fault;
    assert_int_equal(save_rejected(f, &s, &claimed), PR_OK);
    struct seen_row now = row(f, &s);
    assert_string_equal(now.state, "rejected");
    assert_string_equal(now.reason, "corrupt");
    assert_job(f, RENDER, &s, "done");
    assert_int_equal(f->messages(f, &s.finalized.media_id, seen, 2), 1);
    assert_int_equal(seen[0].kind, MESSAGE_MEDIA_REJECTED);
    assert_int_equal(media_rejected_decode(pr_str_n(seen[0].body, seen[0].body_n), &msg, &fault),
                     PR_OK);
    assert_true(pr_str_eq(msg.reason, pr_str("corrupt")));
}

static void test_verdict_is_given_once(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_int_equal(save_rejected(f, &s, &claimed), PR_OK);
    assert_row(f, &s, "rendered");
    assert_int_equal(sent(f, &s), 1);
}

static void test_lost_lease_changes_nothing(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim old;
    struct subject s = leased(f, &old);
    f->pass_time(f, LEASE_MS + 1);
    struct job_claim valid = claim(f, RENDER, &s);
    assert_int_equal(save_rendered(f, &s, &old), PR_OK);
    assert_int_equal(save_rejected(f, &s, &old), PR_OK);
    assert_row(f, &s, "queued");
    assert_job(f, RENDER, &s, "leased");
    assert_int_equal(sent(f, &s), 0);
    assert_int_equal(save_rendered(f, &s, &valid), PR_OK);
    assert_row(f, &s, "rendered");
    assert_int_equal(sent(f, &s), 1);
}

/* It ended, but nobody has taken the job meanwhile. */
static void test_lease_that_ended_is_still_the_owners(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    f->pass_time(f, LEASE_MS + 1);
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_row(f, &s, "rendered");
}

static void test_message_out_of_bounds_ends_nothing(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    s.rendered.width = 0;
    s.rejected.reason = pr_str("");
    assert_int_not_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_int_not_equal(save_rejected(f, &s, &claimed), PR_OK);
    assert_row(f, &s, "queued");
    assert_job(f, RENDER, &s, "leased");
    assert_int_equal(sent(f, &s), 0);
}

/* ---- deletion ---- */

static void test_deleted_before_it_was_heard_of(void **state)
{
    struct render_fixture *f = *state;
    struct subject s = new_subject();
    delete_media(f, &s);
    queue(f, &s);
    struct seen_row seen = row(f, &s);
    assert_string_equal(seen.state, "deleted");
    assert_int_equal(seen.version, 4);
    assert_no_job(f, RENDER, &s);
    struct seen_job purge = job(f, PURGE, &s);
    assert_string_equal(purge.state, "ready");
    assert_true(purge.due_in_ms <= 0);
    assert_int_equal(purge.args_n, DELETED_VALUE.n);
    assert_memory_equal(purge.args, DELETED_VALUE.p, DELETED_VALUE.n);
}

static void test_deleted_while_queued(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = new_subject();
    queue(f, &s);
    delete_media(f, &s);
    assert_row(f, &s, "deleted");
    assert_job(f, RENDER, &s, "cancelled");
    assert_false(f->claim(f, RENDER, &s.finalized.media_id, LEASE_MS, &claimed));
    assert_true(job(f, PURGE, &s).due_in_ms <= 0);
}

static void test_deleted_while_rendered_is_purged_after_the_lease(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    delete_media(f, &s);
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    assert_int_equal(save_rejected(f, &s, &claimed), PR_OK);
    assert_row(f, &s, "deleted");
    assert_job(f, RENDER, &s, "cancelled");
    assert_int_equal(sent(f, &s), 0);
    assert_in_range(job(f, PURGE, &s).due_in_ms, LEASE_MS + 50000, LEASE_MS + 60000);
    assert_false(f->claim(f, PURGE, &s.finalized.media_id, LEASE_MS, &claimed));
    f->pass_time(f, LEASE_MS + 60000);
    assert_true(f->claim(f, PURGE, &s.finalized.media_id, LEASE_MS, &claimed));
}

/* A process that was stopped for minutes writes its renditions when their purge is long over, or just
 * at it. */
static void assert_purged_again(struct render_fixture *f, bool purge_is_over)
{
    struct job_claim late, purge;
    struct subject s = leased(f, &late);
    delete_media(f, &s);
    f->pass_time(f, LEASE_MS + 60001);
    purge = claim(f, PURGE, &s);
    if (purge_is_over)
        finish_purge(f, &purge);
    assert_int_equal(save_rendered(f, &s, &late), PR_OK);
    assert_job(f, PURGE, &s, "ready");
    finish_purge(f, &purge); /* no longer its own */
    assert_job(f, PURGE, &s, "ready");
    purge = claim(f, PURGE, &s);
    finish_purge(f, &purge);
    assert_job(f, PURGE, &s, "done");
    assert_row(f, &s, "deleted");
    assert_int_equal(sent(f, &s), 0);
}

static void test_rendered_after_the_purge_is_purged_again(void **state)
{
    assert_purged_again(*state, true);
}

static void test_rendered_during_the_purge_is_purged_again(void **state)
{
    assert_purged_again(*state, false);
}

static void test_deleted_when_the_lease_had_ended(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    f->pass_time(f, LEASE_MS + 1);
    delete_media(f, &s);
    assert_job(f, RENDER, &s, "cancelled");
    assert_true(job(f, PURGE, &s).due_in_ms <= 0);
}

static void test_deleted_after_the_verdict(void **state)
{
    struct render_fixture *f = *state;
    struct job_claim claimed;
    struct subject s = leased(f, &claimed);
    assert_int_equal(save_rendered(f, &s, &claimed), PR_OK);
    delete_media(f, &s);
    assert_row(f, &s, "deleted");
    assert_job(f, RENDER, &s, "done");
    assert_int_equal(sent(f, &s), 1);
    assert_true(job(f, PURGE, &s).due_in_ms <= 0);
}

static void test_deleted_once_whatever_comes_again(void **state)
{
    struct render_fixture *f = *state;
    struct subject s = new_subject();
    delete_media(f, &s);
    struct job_claim purge = claim(f, PURGE, &s);
    finish_purge(f, &purge);
    delete_media(f, &s);
    s.deleted_origin = origin("media.deleted");
    delete_media(f, &s);
    assert_row(f, &s, "deleted");
    assert_job(f, PURGE, &s, "done");
}

static void test_purge_ends_for_the_owner_of_the_lease_only(void **state)
{
    struct render_fixture *f = *state;
    struct subject s = new_subject();
    delete_media(f, &s);
    struct job_claim old = claim(f, PURGE, &s), valid = claim(f, PURGE, &s);
    finish_purge(f, &old);
    assert_job(f, PURGE, &s, "leased");
    finish_purge(f, &valid);
    assert_job(f, PURGE, &s, "done");
}

/* ---- at once ---- */

static void test_one_message_twice_at_once(void **state)
{
    struct render_fixture *f = *state;
    for (int i = 0; i < ROUNDS; i++) {
        struct subject s = new_subject(), again = s;
        struct await awaits[3];
        again.finalized_origin = origin("media.finalized");
        start_queue(f, &s, &awaits[0]);
        start_queue(f, &s, &awaits[1]);
        start_queue(f, &again, &awaits[2]);
        for (size_t k = 0; k < PR_COUNT(awaits); k++)
            assert_int_equal(answer(f, &awaits[k]), PR_OK);
        assert_row(f, &s, "queued");
        assert_job(f, RENDER, &s, "ready");
    }
}

static void test_queued_and_deleted_at_once(void **state)
{
    struct render_fixture *f = *state;
    for (int i = 0; i < ROUNDS; i++) {
        struct subject s = new_subject();
        struct seen_job render;
        struct await awaits[2];
        if (i % 2)
            start_delete(f, &s, &awaits[1]);
        start_queue(f, &s, &awaits[0]);
        if (i % 2 == 0)
            start_delete(f, &s, &awaits[1]);
        for (size_t k = 0; k < PR_COUNT(awaits); k++)
            assert_int_equal(answer(f, &awaits[k]), PR_OK);
        assert_row(f, &s, "deleted");
        assert_job(f, PURGE, &s, "ready");
        if (f->job(f, RENDER, &s.finalized.media_id, &render))
            assert_string_equal(render.state, "cancelled");
    }
}

/* Either nothing is said of it and the purge waits, or the verdict came first. */
static void test_verdict_and_deletion_at_once(void **state)
{
    struct render_fixture *f = *state;
    for (int i = 0; i < ROUNDS; i++) {
        struct job_claim claimed;
        struct subject s = leased(f, &claimed);
        struct await awaits[2];
        if (i % 2)
            start_delete(f, &s, &awaits[1]);
        f->repo->save_rendered(f->repo, &claimed, &s.rendered, await_done(&awaits[0]));
        if (i % 2 == 0)
            start_delete(f, &s, &awaits[1]);
        for (size_t k = 0; k < PR_COUNT(awaits); k++)
            assert_int_equal(answer(f, &awaits[k]), PR_OK);
        assert_row(f, &s, "deleted");
        struct seen_job render = job(f, RENDER, &s), purge = job(f, PURGE, &s);
        if (sent(f, &s) == 1)
            assert_string_equal(render.state, "done");
        if (strcmp(render.state, "cancelled") == 0) {
            assert_int_equal(sent(f, &s), 0);
            assert_true(purge.due_in_ms > LEASE_MS);
        } else {
            assert_true(purge.due_in_ms <= 0);
        }
    }
}

static void test_two_runners_end_one_job_at_once(void **state)
{
    struct render_fixture *f = *state;
    for (int i = 0; i < ROUNDS; i++) {
        struct job_claim claims[2];
        struct subject s = leased(f, &claims[0]);
        struct await awaits[3];
        f->pass_time(f, LEASE_MS + 1);
        claims[1] = claim(f, RENDER, &s);
        for (size_t k = 0; k < 2; k++)
            f->repo->save_rendered(f->repo, &claims[k], &s.rendered, await_done(&awaits[k]));
        f->repo->save_rejected(f->repo, &claims[1], &s.rejected, await_done(&awaits[2]));
        for (size_t k = 0; k < PR_COUNT(awaits); k++)
            assert_int_equal(answer(f, &awaits[k]), PR_OK);
        assert_int_equal(sent(f, &s), 1);
        assert_job(f, RENDER, &s, "done");
    }
}

int render_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_queued_with_its_job),
        CASE(test_queued_once_whatever_comes_again),
        CASE(test_hostile_and_largest_values_survive),
        CASE(test_rendered_is_saved_with_its_message),
        CASE(test_rejected_is_saved_with_its_message),
        CASE(test_verdict_is_given_once),
        CASE(test_lost_lease_changes_nothing),
        CASE(test_lease_that_ended_is_still_the_owners),
        CASE(test_message_out_of_bounds_ends_nothing),
        CASE(test_deleted_before_it_was_heard_of),
        CASE(test_deleted_while_queued),
        CASE(test_deleted_while_rendered_is_purged_after_the_lease),
        CASE(test_rendered_after_the_purge_is_purged_again),
        CASE(test_rendered_during_the_purge_is_purged_again),
        CASE(test_deleted_when_the_lease_had_ended),
        CASE(test_deleted_after_the_verdict),
        CASE(test_deleted_once_whatever_comes_again),
        CASE(test_purge_ends_for_the_owner_of_the_lease_only),
        CASE(test_one_message_twice_at_once),
        CASE(test_queued_and_deleted_at_once),
        CASE(test_verdict_and_deletion_at_once),
        CASE(test_two_runners_end_one_job_at_once),
    };
    return cmocka_run_group_tests_name("render_repo", tests, NULL, NULL);
}
