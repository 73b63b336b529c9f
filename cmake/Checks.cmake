# Targets for people: check, format, format-check, lint.
add_custom_target(check
    COMMAND ${CMAKE_CTEST_COMMAND} --output-on-failure -L unit
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR} USES_TERMINAL)
add_custom_target(format
    COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/format WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(format-check
    COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/format --check WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(lint
    COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/lint ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} USES_TERMINAL)
