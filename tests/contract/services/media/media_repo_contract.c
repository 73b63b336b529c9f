#include "tests/contract/services/media/media_repo_calls.h"

int media_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_inserted_media_is_loaded_as_it_was),
        CASE(test_hostile_and_largest_values_survive),
        CASE(test_insert_of_a_known_id_is_a_conflict),
        CASE(test_unknown_media_is_not_found),
        CASE(test_list_goes_from_the_newest_in_pages),
        CASE(test_list_filters),
        CASE(test_finalized_is_saved_with_its_message),
        CASE(test_rejected_is_saved_without_a_message),
        CASE(test_stale_version_saves_nothing),
        CASE(test_gone_media_is_not_saved),
        CASE(test_removed_with_message_and_two_jobs),
        CASE(test_removed_when_its_url_is_dead_with_one_job),
        CASE(test_removed_once_only_and_as_it_was_loaded),
        CASE(test_many_are_removed_at_once_but_those_that_changed),
        CASE(test_abandoned_are_created_with_a_dead_url),
        CASE(test_key_adds_once_and_then_tells_what_it_added),
        CASE(test_key_of_another_request_is_a_mismatch),
        CASE(test_keys_are_their_owners),
        CASE(test_key_remembers_what_is_gone),
        CASE(test_key_of_a_failed_insert_is_free),
        CASE(test_one_key_at_once_adds_one),
        CASE(test_rendered_media_is_ready_with_all_it_was_told),
        CASE(test_rendered_with_the_least_and_the_most),
        CASE(test_rejected_media_keeps_the_reason),
        CASE(test_message_works_once_and_only_on_finalized_media),
        CASE(test_two_saves_at_once_save_one),
        CASE(test_save_and_removal_at_once_do_one_of_them),
        CASE(test_one_message_twice_at_once_works_once),
        CASE(test_job_ends_for_the_owner_of_the_lease_only),
        CASE(test_deleted_account_queues_two_purges_once),
        CASE(test_account_that_lives_queues_nothing),
    };
    return cmocka_run_group_tests_name("media_repo", tests, NULL, NULL);
}
