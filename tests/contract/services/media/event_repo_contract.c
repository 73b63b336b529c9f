#include "tests/contract/services/media/event_repo_calls.h"

int event_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_inserted_event_is_loaded_as_it_was),
        CASE(test_largest_values_survive),
        CASE(test_slug_is_one_events_of_an_owner),
        CASE(test_key_adds_once_and_then_tells_what_it_added),
        CASE(test_key_of_a_refused_insert_is_free),
        CASE(test_one_slug_at_once_adds_one),
        CASE(test_an_owner_has_only_so_many),
        CASE(test_list_goes_from_the_newest_in_pages),
        CASE(test_strangers_find_nothing),
        CASE(test_change_of_everything),
        CASE(test_change_of_nothing),
        CASE(test_change_of_the_end_moves_the_job),
        CASE(test_taken_slug_is_a_conflict),
        CASE(test_uploaded_photos_are_in_the_event),
        CASE(test_upload_to_what_is_no_event_of_the_owner),
        CASE(test_full_event_takes_no_more),
        CASE(test_linked_photos_are_in_the_event),
        CASE(test_what_cannot_be_linked_links_nothing),
        CASE(test_unlinked_photo_stays_in_the_library),
        CASE(test_photos_list_in_pages_and_by_state),
        CASE(test_photos_that_could_be_linked),
        CASE(test_cover_is_a_photo_of_the_event),
        CASE(test_removed_media_leaves_every_event),
        CASE(test_batch_enters_the_event),
        CASE(test_batch_to_what_is_no_event_of_the_owner),
        CASE(test_batch_to_a_full_event),
        CASE(test_closed_event_is_seen_by_nobody),
        CASE(test_all_of_an_owner_are_closed),
        CASE(test_purge_begins_when_it_is_time),
        CASE(test_purge_of_what_lives_longer_is_put_off),
        CASE(test_purge_of_what_is_no_more_ends),
        CASE(test_purge_takes_everything),
        CASE(test_purge_by_who_lost_the_lease_ends_nothing),
        CASE(test_close_and_upload_at_once),
    };
    return cmocka_run_group_tests_name("event_repo", tests, NULL, NULL);
}
