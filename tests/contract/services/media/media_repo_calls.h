/* media_repo_calls: of the contract suite alone: calls that wait for their answer, what goes into
 * them and what must come out; then the suite's cases. */
#pragma once

#include "tests/contract/services/media/media_repo_contract.h"

/* The year 2100: later than any database that this runs against thinks it is. */
#define NOW_MS INT64_C(4102444800123)
#define HOUR_MS INT64_C(3600000)
#define LATEST_MS ((int64_t)MEDIA_LATEST_S * 1000)
#define JOBS_MAX 8

typedef void (*save_fn)(struct media_repo *repo, const struct media *media, bool *changed,
                        struct pr_done done);

/* Each waits for its answer, and fails the test on an error that it does not return. */
enum pr_err answer(struct repo_fixture *f, struct await *await);
void insert(struct repo_fixture *f, const struct media *media);
struct insertion insert_keyed(struct repo_fixture *f, const struct media *media,
                              const struct idempotency *idempotency);
enum pr_err load(struct repo_fixture *f, const struct pr_uuid *id, struct media *out);
bool save(struct repo_fixture *f, save_fn fn, const struct media *media); /* was it changed? */
bool remove_at(struct repo_fixture *f, const struct media *media, int64_t now_ms);
size_t jobs(struct repo_fixture *f, const struct media *media, struct queued_job out[JOBS_MAX]);

/* A created JPEG of this owner (a number), announced at this time; the second is in the repo. */
struct media new_media(uint8_t owner, int64_t at_ms);
struct media inserted(struct repo_fixture *f, uint8_t owner, int64_t at_ms);

/* What finalize_media makes of it; the second is in the repo. */
struct media finalize(const struct media *media);
struct media finalized(struct repo_fixture *f);
struct media refuse(const struct media *media);
struct message_origin origin(int64_t offset); /* with a new id */

void assert_same_media(const struct media *a, const struct media *b);
void assert_saved(struct repo_fixture *f, const struct media *media);
void assert_gone(struct repo_fixture *f, const struct media *media);

/* The kinds and versions of what was queued: "created 1, finalized 2". */
void assert_messages(struct repo_fixture *f, const struct media *media, const char *expected);

/* media_repo_rows.c */
void test_inserted_media_is_loaded_as_it_was(void **state);
void test_hostile_and_largest_values_survive(void **state);
void test_insert_of_a_known_id_is_a_conflict(void **state);
void test_unknown_media_is_not_found(void **state);
void test_list_goes_from_the_newest_in_pages(void **state);
void test_list_filters(void **state);
void test_finalized_is_saved_with_its_message(void **state);
void test_rejected_is_saved_without_a_message(void **state);
void test_stale_version_saves_nothing(void **state);
void test_gone_media_is_not_saved(void **state);
void test_removed_with_message_and_two_jobs(void **state);
void test_removed_when_its_url_is_long_dead_with_one_job(void **state);
void test_removed_before_it_came_with_two_jobs_at_any_time(void **state);
void test_removed_once_only_and_as_it_was_loaded(void **state);
void test_many_are_removed_at_once_but_those_that_changed(void **state);
void test_abandoned_are_created_with_a_dead_url(void **state);

/* media_repo_parts.c */
void test_upload_in_parts_keeps_the_first_id(void **state);
void test_only_created_media_in_parts_keep_an_id(void **state);
void test_two_ids_at_once_keep_one(void **state);
void test_removed_in_parts_with_the_id_in_its_jobs(void **state);
void test_an_id_that_comes_late_is_in_the_jobs(void **state);
void test_abandoned_in_parts_after_their_week(void **state);

/* media_repo_keys.c */
void test_key_adds_once_and_then_tells_what_it_added(void **state);
void test_key_of_another_request_is_a_mismatch(void **state);
void test_keys_are_their_owners(void **state);
void test_key_remembers_what_is_gone(void **state);
void test_key_of_a_failed_insert_is_free(void **state);
void test_one_key_at_once_adds_one(void **state);

/* media_repo_batch.c */
void test_batch_adds_all_with_their_messages(void **state);
void test_batch_finds_what_is_there(void **state);
void test_batch_prefers_what_has_come(void **state);
void test_batch_adds_the_same_bytes_once(void **state);
void test_same_batch_at_once_adds_once(void **state);

/* media_repo_messages.c */
void test_rendered_media_is_ready_with_all_it_was_told(void **state);
void test_rendered_with_the_least_and_the_most(void **state);
void test_rejected_media_keeps_the_reason(void **state);
void test_message_works_once_and_only_on_finalized_media(void **state);
void test_two_saves_at_once_save_one(void **state);
void test_save_and_removal_at_once_do_one_of_them(void **state);
void test_one_message_twice_at_once_works_once(void **state);
void test_job_ends_for_the_owner_of_the_lease_only(void **state);
void test_deleted_account_queues_two_purges_once(void **state);
void test_account_that_lives_queues_nothing(void **state);
