# One suite, against the fake and against a real Postgres (PIERROT_TEST_DATABASE_URL).
set(suite
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_batch.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_calls.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_contract.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_keys.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_messages.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_parts.c
    ${CMAKE_CURRENT_LIST_DIR}/media_repo_rows.c)
pr_test(contract/services/media/test_media_repo_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_media_repo_fake.c ${suite}
    DEPS test_media_fakes)
pr_test(contract/services/media/test_media_repo_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_media_repo_pg.c ${suite}
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.media.test_media_repo_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)

set(event_suite
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_batch.c
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_calls.c
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_contract.c
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_end.c
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_media.c
    ${CMAKE_CURRENT_LIST_DIR}/event_repo_rows.c)
pr_test(contract/services/media/test_event_repo_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_event_repo_fake.c ${event_suite}
    DEPS test_media_fakes)
pr_test(contract/services/media/test_event_repo_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_event_repo_pg.c ${event_suite}
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.media.test_event_repo_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)

set(code_suite ${CMAKE_CURRENT_LIST_DIR}/code_repo_contract.c)
pr_test(contract/services/media/test_code_repo_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_code_repo_fake.c ${code_suite}
    DEPS test_media_fakes)
pr_test(contract/services/media/test_code_repo_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_code_repo_pg.c ${code_suite}
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.media.test_code_repo_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)

set(guest_suite ${CMAKE_CURRENT_LIST_DIR}/guest_repo_contract.c)
pr_test(contract/services/media/test_guest_repo_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_guest_repo_fake.c ${guest_suite}
    DEPS test_media_fakes)
pr_test(contract/services/media/test_guest_repo_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_guest_repo_pg.c ${guest_suite}
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.media.test_guest_repo_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)
