# How the project's own targets are made.

# pr_library(<name> SOURCES … [PRIVATE_DEPS …] [DEPS …]): a static library; headers are included by
# their path from the top ("shared/pg/pg.h").
function(pr_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
    target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
endfunction()

# pr_service(<name>): the executable pierrot-<name> of services/<name>, in its three layers. The
# folders are globbed, so that a new usecase or adapter needs no line here.
#   DEPS: shared libraries the adapters need; main.c gets them too.
#   USECASE_DEPS: pure ones that the usecases need as well.
function(pr_service name)
    cmake_parse_arguments(arg "" "" "DEPS;USECASE_DEPS" ${ARGN})
    set(dir ${CMAKE_CURRENT_SOURCE_DIR})
    file(GLOB domain CONFIGURE_DEPENDS ${dir}/domain/*.c)
    file(GLOB usecases CONFIGURE_DEPENDS ${dir}/usecases/*.c)
    file(GLOB adapters CONFIGURE_DEPENDS ${dir}/adapters/*.c)
    set(layer pr_base)
    if(domain)
        pr_library(${name}_domain SOURCES ${domain} DEPS ${layer})
        set(layer ${name}_domain)
    endif()
    if(usecases)
        pr_library(${name}_usecases SOURCES ${usecases} DEPS ${layer} pr_flow pr_proto
            ${arg_USECASE_DEPS})
        set(layer ${name}_usecases)
    endif()
    if(adapters)
        pr_library(${name}_adapters SOURCES ${adapters} DEPS ${layer} pr_service ${arg_DEPS})
        set(layer ${name}_adapters)
    endif()
    add_executable(pierrot-${name} main.c)
    target_link_libraries(pierrot-${name} PRIVATE ${layer} pr_service ${arg_DEPS})
    pr_embed_sql(pierrot-${name} service_migrations ${dir}/migrations)
endfunction()

# pr_embed_sql(<target> <symbol> <folder>): compiles the folder's *.sql into the target as
# `const struct pg_migration <symbol>[]`, ordered by file name, ended by a NULL name.
function(pr_embed_sql target symbol folder)
    file(GLOB sql CONFIGURE_DEPENDS ${folder}/*.sql)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_${symbol}.c)
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DDIR=${folder} -DOUT=${out}
            -P ${CMAKE_SOURCE_DIR}/cmake/EmbedSql.cmake
        DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/cmake/EmbedSql.cmake VERBATIM)
    target_sources(${target} PRIVATE ${out})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()

# pr_embed_files(<target> <symbol> <folder or file>…): compiles files into the target as
# `const struct http_file <symbol>[]`, ended by a NULL name. Those of a folder are named by their path
# below it, a single one by its own name. A type it does not know is an error.
function(pr_embed_files target symbol)
    foreach(source IN LISTS ARGN)
        if(IS_DIRECTORY ${source})
            file(GLOB_RECURSE below RELATIVE ${source} CONFIGURE_DEPENDS ${source}/*)
            list(APPEND names ${below})
            list(TRANSFORM below PREPEND ${source}/)
            list(APPEND files ${below})
        else()
            get_filename_component(name ${source} NAME)
            list(APPEND names ${name})
            list(APPEND files ${source})
        endif()
    endforeach()
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_${symbol}.c)
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} "-DFILES=${files}" "-DNAMES=${names}"
            -DOUT=${out} -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
        DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake VERBATIM)
    target_sources(${target} PRIVATE ${out})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()

# pr_test(<path below tests/> SOURCES … DEPS …): a cmocka program, named by its path, run by ctest
# with the first folder of the path as its label (unit, contract, integration).
function(pr_test path)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
    string(REPLACE "/" "." name ${path})
    string(REGEX REPLACE "^([^/]*)/.*" "\\1" label ${path})
    if(NOT arg_SOURCES)
        set(arg_SOURCES ${CMAKE_SOURCE_DIR}/tests/${path}.c)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPS} cmocka)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT})
endfunction()

# pr_fuzz(<path below tests/fuzz/> DEPS …): a libFuzzer program; only with the preset "fuzz".
function(pr_fuzz path)
    if(NOT PIERROT_FUZZ)
        return()
    endif()
    cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
    string(REPLACE "/" "." name fuzz/${path})
    add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/${path}.c ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPS})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer -Wno-missing-prototypes)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
