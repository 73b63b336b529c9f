# Each needs a Postgres: PIERROT_TEST_DATABASE_URL names it, with the right to create schemas.
foreach(name test_values test_pool test_faults test_migrate test_lock test_messaging test_idempotency
        test_jobs)
    pr_test(integration/shared/pg/${name} TIMEOUT 180
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/fixture.c
        DEPS pr_pg pkg::pq)
endforeach()
