# Compiler settings that hold for every target.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Assertions stay on in release: no NDEBUG.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

set(PIERROT_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
option(PIERROT_COVERAGE "Count lines and branches" OFF)
option(PIERROT_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Werror -fstack-protector-strong -fno-omit-frame-pointer)
add_compile_definitions(_GNU_SOURCE)
add_link_options(-pie -Wl,-z,relro,-z,now,--as-needed)

if(PIERROT_SANITIZE)
    add_compile_options(-fsanitize=${PIERROT_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${PIERROT_SANITIZE})
    add_compile_definitions(PIERROT_SANITIZED)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
if(PIERROT_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
if(PIERROT_FUZZ)
    add_compile_options(-O1 -fsanitize=fuzzer-no-link) # what is fuzzed shows its branches
endif()
