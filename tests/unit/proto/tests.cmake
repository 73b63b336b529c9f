pr_test(unit/proto/test_codec DEPS pr_proto pkg::msgpack)
pr_test(unit/proto/test_reader DEPS pr_proto)
pr_test(unit/proto/test_golden DEPS pr_proto)

# The committed asyncapi.yaml is what the catalogue says.
add_test(NAME unit.proto.test_asyncapi
    COMMAND sh -c "$<TARGET_FILE:gen_asyncapi> | diff -u ${CMAKE_SOURCE_DIR}/proto/asyncapi.yaml -")
set_tests_properties(unit.proto.test_asyncapi PROPERTIES LABELS unit)
