# Each needs a Kafka (PIERROT_TEST_KAFKA_BROKERS); the relay's a Postgres too
# (PIERROT_TEST_DATABASE_URL, with the right to create schemas).
foreach(name test_messages test_group test_tail)
    pr_test(integration/shared/kafka/${name}
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/rig.c
        DEPS pr_kafka pkg::rdkafka pkg::sodium)
endforeach()
pr_test(integration/shared/kafka/test_relay TIMEOUT 180
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_relay.c ${CMAKE_CURRENT_LIST_DIR}/rig.c
        ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS pr_kafka pkg::rdkafka pkg::pq pkg::sodium)
# It needs Postgres only.
pr_test(integration/shared/kafka/test_retention
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_retention.c
        ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS pr_kafka pkg::pq)
# They kill the broker (PIERROT_TEST_CTL, as deploy/local/ctl): nobody else may need it meanwhile.
set_tests_properties(integration.shared.kafka.test_group integration.shared.kafka.test_tail
    PROPERTIES RUN_SERIAL ON TIMEOUT 180)
