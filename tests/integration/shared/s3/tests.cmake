# Needs an S3 server: PIERROT_TEST_S3_ENDPOINT, …_ACCESS_KEY, …_SECRET_KEY and …_BUCKET name it.
pr_test(integration/shared/s3/test_s3
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_s3.c ${CMAKE_CURRENT_LIST_DIR}/fixture.c
        ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS pr_s3 pr_http test_support)
pr_test(integration/shared/s3/test_multipart
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_multipart.c ${CMAKE_CURRENT_LIST_DIR}/fixture.c
        ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS pr_s3 pr_http test_support)

# Another implementation signs the same requests: botocore, in the environment tests/run makes.
add_executable(presign_lines ${CMAKE_CURRENT_LIST_DIR}/presign_lines.c)
target_link_libraries(presign_lines PRIVATE pr_s3)
add_test(NAME integration.shared.s3.agree_with_botocore
    COMMAND ${CMAKE_SOURCE_DIR}/build/venv/bin/python
        ${CMAKE_CURRENT_LIST_DIR}/agree_with_botocore.py $<TARGET_FILE:presign_lines>)
set_tests_properties(integration.shared.s3.agree_with_botocore PROPERTIES
    LABELS integration TIMEOUT 60)
set_target_properties(presign_lines PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
