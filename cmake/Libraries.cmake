# The libraries of the system, as imported targets: pkg::<name>. Their headers count as system
# headers, so that our warnings speak of our code.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(pr_import name)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
    add_library(pkg::${name} ALIAS PkgConfig::${name})
    get_target_property(dirs PkgConfig::${name} INTERFACE_INCLUDE_DIRECTORIES)
    if(dirs)
        set_target_properties(PkgConfig::${name} PROPERTIES
            INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${dirs}")
    endif()
endfunction()

pr_import(uv libuv)
pr_import(h2o libh2o)
pr_import(pq libpq)
pr_import(rdkafka rdkafka)
pr_import(curl libcurl)
pr_import(crypto libcrypto)
pr_import(sodium libsodium)
pr_import(jansson jansson)
pr_import(hiredis hiredis)
pr_import(deflate libdeflate)
pr_import(zlib zlib)
pr_import(qrencode libqrencode)
pr_import(utf8proc libutf8proc)
pr_import(expat expat)

# msgpack-c's pkg-config file carries the library's old name.
pr_import(msgpack msgpack)
