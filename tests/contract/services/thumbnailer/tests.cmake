# One suite, against the fake and against a real Postgres (PIERROT_TEST_DATABASE_URL).
pr_test(contract/services/thumbnailer/test_render_repo_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_render_repo_fake.c
            ${CMAKE_CURRENT_LIST_DIR}/render_repo_contract.c
    DEPS test_thumbnailer_fakes)
pr_test(contract/services/thumbnailer/test_render_repo_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_render_repo_pg.c
            ${CMAKE_CURRENT_LIST_DIR}/render_repo_contract.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS thumbnailer_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.thumbnailer.test_render_repo_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/thumbnailer/migrations)
