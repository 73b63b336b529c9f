# Needs a Postgres and a Kafka: PIERROT_TEST_DATABASE_URL and PIERROT_TEST_KAFKA_BROKERS name them.
pr_test(integration/shared/service/test_service TIMEOUT 180
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_service.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS pr_pg pkg::pq)
target_compile_definitions(integration.shared.service.test_service PRIVATE
    PROGRAM="$<TARGET_FILE:pierrot-tags>")
add_dependencies(integration.shared.service.test_service pierrot-tags)
