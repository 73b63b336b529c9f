pr_test(unit/shared/kafka/test_headers DEPS pr_kafka pkg::rdkafka)
pr_test(unit/shared/kafka/test_faults TIMEOUT 120
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_faults.c
        ${CMAKE_SOURCE_DIR}/tests/integration/shared/kafka/rig.c
    DEPS pr_kafka pkg::rdkafka pkg::sodium)
