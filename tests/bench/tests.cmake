# Run by tests/bench/run, never as tests.
add_executable(bench.presign ${CMAKE_CURRENT_LIST_DIR}/presign.c)
target_link_libraries(bench.presign PRIVATE pr_s3)

add_executable(bench.vips_chain ${CMAKE_CURRENT_LIST_DIR}/vips_chain.c)
target_link_libraries(bench.vips_chain PRIVATE pkg::vips)

add_executable(bench.decode_workers ${CMAKE_CURRENT_LIST_DIR}/decode_workers.c)
target_link_libraries(bench.decode_workers PRIVATE thumbnailer_worker_protocol)

set_target_properties(bench.presign bench.vips_chain bench.decode_workers PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
