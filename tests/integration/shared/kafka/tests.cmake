# Each needs a Kafka (PIERROT_TEST_KAFKA_BROKERS).
foreach(name test_messages)
    pr_test(integration/shared/kafka/${name}
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/rig.c
        DEPS pr_kafka pkg::rdkafka pkg::sodium)
endforeach()
