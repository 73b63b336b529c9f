/* Also get_guest_photo, which asks it for one, and select_guest_photos. */
#include "services/media/usecases/guest_seal.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/guest_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    struct pr_uuid ids[GUEST_WORLD_PHOTOS];
    size_t n;
    char label[CODE_LABEL_MAX + 1];
};

static void answered(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    if (fault->err)
        return;
    answer->n = photos->items_n;
    memcpy(answer->label, photos->label, sizeof answer->label);
    for (size_t i = 0; i < photos->items_n; i++)
        answer->ids[i] = photos->items[i].id;
}

static struct guest_photos_cmd all(const struct guest_world *world)
{
    return (struct guest_photos_cmd){
        .account = PR_STR("ada"), .slug = PR_STR("wedding"), .token = pr_str(world->token)};
}

static struct answer list(struct guest_world *world, const struct guest_photos_cmd *cmd)
{
    struct answer answer = {0};
    list_guest_photos(&world->deps, cmd, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_all_the_code_opens(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    struct answer answer = list(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.n, 2);
    assert_string_equal(answer.label, "Anna");
    assert_true(pr_uuid_eq(&answer.ids[0], &world->photos[0]));
    assert_true(pr_uuid_eq(&answer.ids[1], &world->photos[1]));
    guest_world_destroy(world);
}

static void test_of_a_list_each_must_be_the_codes(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    struct pr_uuid twice[] = {world->photos[0], world->photos[0]};
    cmd.ids = world->photos;
    cmd.ids_n = 2;
    assert_int_equal(list(world, &cmd).n, 2);
    cmd.ids_n = 3;
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_NOT_FOUND);
    cmd.ids = twice;
    cmd.ids_n = 2;
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_NOT_FOUND);
    guest_world_destroy(world);
}

static void test_who_has_no_token_asks_nobody(void **state)
{
    static const char *const tokens[] = {"", "prg_",
                                         "prt_0000000000000000000000000000000000000000000"};
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    for (size_t i = 0; i < PR_COUNT(tokens); i++) {
        cmd.token = pr_str(tokens[i]);
        assert_int_equal(list(world, &cmd).fault.err, PR_ERR_UNAUTHORIZED);
    }
    world->token[20] ^= 1;
    cmd.token = pr_str(world->token);
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_UNAUTHORIZED);
    assert_int_equal(world->gate.passed, 0);
    guest_world_destroy(world);
}

static void test_out_with_the_next_request(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    fake_guest_repo_code(&world->repo, &world->anna.id)->revoked_at_ms = GUEST_WORLD_NOW_MS;
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_UNAUTHORIZED);
    fake_guest_repo_code(&world->repo, &world->anna.id)->revoked_at_ms = 0;
    assert_int_equal(list(world, &cmd).fault.err, PR_OK);
    cmd.slug = pr_str("another");
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_UNAUTHORIZED);
    cmd = all(world);
    test_clock_move(&world->clock, INT64_C(604800000));
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_GONE);
    guest_world_destroy(world);
}

static void test_a_download_counts_unless_guests_only_look(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    const struct guest_code_row *code = fake_guest_repo_code(&world->repo, &world->anna.id);
    assert_int_equal(list(world, &cmd).fault.err, PR_OK);
    assert_int_equal(code->downloads, 0);
    cmd.saves = cmd.counts = true;
    assert_int_equal(list(world, &cmd).fault.err, PR_OK);
    assert_int_equal(code->downloads, 1);
    world->event.event.download = false;
    fake_guest_repo_put_event(&world->repo, &world->event);
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_FORBIDDEN);
    assert_int_equal(code->downloads, 1);
    cmd.saves = cmd.counts = false;
    assert_int_equal(list(world, &cmd).fault.err, PR_OK);
    guest_world_destroy(world);
}

struct selection_answer {
    unsigned calls;
    enum pr_err err;
    struct pr_uuid id;
};

static void selection_answered(void *arg, const struct pr_fault *fault, const struct pr_uuid *id)
{
    struct selection_answer *answer = arg;
    answer->calls++;
    answer->err = fault->err;
    assert_int_equal(id == NULL, fault->err != PR_OK);
    if (id)
        answer->id = *id;
}

static struct selection_answer select_photos(struct guest_world *world, size_t n)
{
    struct selection_answer answer = {0};
    struct guest_photos_cmd cmd = all(world);
    cmd.ids = world->photos;
    cmd.ids_n = n;
    select_guest_photos(&world->deps, &cmd, selection_answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_a_selection(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct guest_photos_cmd cmd = all(world);
    cmd.selection_id = select_photos(world, 2).id;
    assert_int_equal(list(world, &cmd).n, 2);
    assert_int_equal(select_photos(world, 3).err, PR_ERR_NOT_FOUND);
    fake_guest_repo_remove_photo(&world->repo, &world->photos[0]);
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_NOT_FOUND); /* as of ids */
    cmd.selection_id = world->photos[0];
    assert_int_equal(list(world, &cmd).fault.err, PR_ERR_NOT_FOUND);
    world->token[20] ^= 1;
    assert_int_equal(select_photos(world, 2).err, PR_ERR_UNAUTHORIZED);
    world->token[20] ^= 1;
    gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
    assert_int_equal(select_photos(world, 1).err, PR_ERR_UNAVAILABLE);
    guest_world_destroy(world);
}

struct one_answer {
    unsigned calls;
    enum pr_err err;
    struct pr_uuid id;
    bool originals;
};

static void one_answered(void *arg, const struct pr_fault *fault, const struct guest_event *event,
                         const struct guest_photo *photo)
{
    struct one_answer *answer = arg;
    answer->calls++;
    answer->err = fault->err;
    assert_int_equal(photo == NULL, fault->err != PR_OK);
    if (photo) {
        answer->id = photo->id;
        answer->originals = event->originals;
    }
}

static struct one_answer get(struct guest_world *world, const struct pr_uuid *id)
{
    struct one_answer answer = {0};
    struct guest_photo_cmd *cmd = PR_NEW(struct guest_photo_cmd);
    *cmd = (struct guest_photo_cmd){.account = PR_STR("ada"),
                                    .slug = PR_STR("wedding"),
                                    .token = pr_str(world->token),
                                    .id = *id};
    gate_hold(&world->gate, true);
    get_guest_photo(&world->deps, cmd, one_answered, &answer);
    free(cmd); /* it is copied */
    gate_release_all(&world->gate);
    gate_hold(&world->gate, false);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_one_of_them(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    struct one_answer answer = get(world, &world->photos[1]);
    assert_int_equal(answer.err, PR_OK);
    assert_true(pr_uuid_eq(&answer.id, &world->photos[1]) && answer.originals);
    assert_int_equal(get(world, &world->photos[2]).err, PR_ERR_NOT_FOUND);
    guest_world_destroy(world);
}

static void pass_on(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct pr_done done = *(struct pr_done *)arg;
    if (!fault->err)
        assert_int_equal(photos->items_n, 2);
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct guest_world *world = arg;
    struct guest_photos_cmd cmd = all(world);
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    list_guest_photos(&world->deps, &cmd, pass_on, copy);
}

static void check(void *arg)
{
    struct guest_world *world = arg;
    assert_int_equal(fake_guest_repo_code(&world->repo, &world->anna.id)->downloads, 0);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = guest_world_create,
        .teardown = guest_world_destroy,
        .gate = guest_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_the_code_opens),
        cmocka_unit_test(test_of_a_list_each_must_be_the_codes),
        cmocka_unit_test(test_who_has_no_token_asks_nobody),
        cmocka_unit_test(test_out_with_the_next_request),
        cmocka_unit_test(test_a_download_counts_unless_guests_only_look),
        cmocka_unit_test(test_a_selection),
        cmocka_unit_test(test_one_of_them),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
