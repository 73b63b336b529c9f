/* event_repo_calls: of the contract suite alone: calls that wait for their answer, what goes into them
 * and what must come out; then the suite's cases. */
#pragma once

#include "tests/contract/services/media/event_repo_contract.h"

/* The year 2100: later than any database that this runs against thinks it is. */
#define NOW_MS INT64_C(4102444800123)
#define LONG_AGO_MS INT64_C(978307200123) /* 2001 */
#define HOUR_MS INT64_C(3600000)
#define GRACE_S INT64_C(600)

static const struct pr_uuid owner = {{1}}, stranger = {{2}};

/* Each waits for its answer, and fails the test on an error that it does not return. */
enum pr_err answer(struct event_fixture *f, struct await *await);
struct event_insertion insert_keyed(struct event_fixture *f, const struct event *event,
                                    const struct idempotency *idempotency);
enum pr_err load(struct event_fixture *f, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 struct event *out);
enum pr_err change(struct event_fixture *f, const struct event *event,
                   const struct event_change *change, struct event *out);
enum pr_err close_event(struct event_fixture *f, const struct pr_uuid *owner_id,
                        const struct pr_uuid *id);
struct event_linking link_media(struct event_fixture *f, const struct event *event,
                                const struct pr_uuid *media_ids, size_t n);
bool unlink_media(struct event_fixture *f, const struct event *event,
                  const struct pr_uuid *media_id);
int insert_media(struct event_fixture *f, const struct media *media); /* the outcome */
size_t remove_media(struct event_fixture *f, const struct media *media);
bool begin_purge(struct event_fixture *f, const struct pr_uuid *id, const struct job_claim *job);
bool clear(struct event_fixture *f, const struct pr_uuid *id);
void finish_purge(struct event_fixture *f, const struct pr_uuid *id, const struct job_claim *job);
struct job_claim claim_only(struct event_fixture *f, const struct pr_uuid *id); /* the one job */

/* An event of `owner`, by this name; the second is in the repo. */
struct event new_event(const char *name, int64_t created_at_ms);
struct event inserted(struct event_fixture *f, const char *name, int64_t created_at_ms);

/* A created JPEG of `owner`; event_id NULL: of the library. The second is in the repo. */
struct media new_media(const struct pr_uuid *event_id);
struct media inserted_media(struct event_fixture *f, const struct pr_uuid *event_id);

/* What changes nothing. */
struct event_change no_change(void);

void assert_same_event(const struct event *a, const struct event *b);
void assert_saved(struct event_fixture *f, const struct event *event);
void assert_gone(struct event_fixture *f, const struct event *event);

/* The photos of the event, newest first, are these. */
void assert_photos(struct event_fixture *f, const struct event *event, const struct media *photos,
                   size_t n);

/* event_repo_rows.c */
void test_inserted_event_is_loaded_as_it_was(void **state);
void test_largest_values_survive(void **state);
void test_slug_is_one_events_of_an_owner(void **state);
void test_key_adds_once_and_then_tells_what_it_added(void **state);
void test_key_of_a_refused_insert_is_free(void **state);
void test_one_slug_at_once_adds_one(void **state);
void test_an_owner_has_only_so_many(void **state);
void test_list_goes_from_the_newest_in_pages(void **state);
void test_strangers_find_nothing(void **state);
void test_change_of_everything(void **state);
void test_change_of_nothing(void **state);
void test_change_of_the_end_moves_the_job(void **state);
void test_taken_slug_is_a_conflict(void **state);

/* event_repo_media.c */
void test_uploaded_photos_are_in_the_event(void **state);
void test_upload_to_what_is_no_event_of_the_owner(void **state);
void test_full_event_takes_no_more(void **state);
void test_linked_photos_are_in_the_event(void **state);
void test_what_cannot_be_linked_links_nothing(void **state);
void test_unlinked_photo_stays_in_the_library(void **state);
void test_photos_list_in_pages_and_by_state(void **state);
void test_photos_that_could_be_linked(void **state);
void test_cover_is_a_photo_of_the_event(void **state);
void test_removed_media_leaves_every_event(void **state);

/* event_repo_batch.c */
void test_batch_enters_the_event(void **state);
void test_batch_to_what_is_no_event_of_the_owner(void **state);
void test_batch_to_a_full_event(void **state);

/* event_repo_end.c */
void test_closed_event_is_seen_by_nobody(void **state);
void test_all_of_an_owner_are_closed(void **state);
void test_purge_begins_when_it_is_time(void **state);
void test_purge_of_what_lives_longer_is_put_off(void **state);
void test_purge_of_what_is_no_more_ends(void **state);
void test_purge_takes_everything(void **state);
void test_purge_by_who_lost_the_lease_ends_nothing(void **state);
void test_close_and_upload_at_once(void **state);
