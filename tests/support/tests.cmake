# What tests share: a clock that is moved by hand, caught log lines, and the fakes of ports behind one
# gate that answers at once, later, or with an error.
pr_library(test_support SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/await.c
    ${CMAKE_SOURCE_DIR}/tests/support/clock.c
    ${CMAKE_SOURCE_DIR}/tests/support/failures.c
    ${CMAKE_SOURCE_DIR}/tests/support/gate.c
    ${CMAKE_SOURCE_DIR}/tests/support/logs.c
    DEPS pr_base pr_log cmocka)
pr_library(test_media_fakes SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/code_world.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_code_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_guest_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_event_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_media_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_object_store.c
    ${CMAKE_SOURCE_DIR}/tests/support/guest_world.c
    ${CMAKE_SOURCE_DIR}/tests/support/media_world.c
    DEPS test_support media_usecases)
pr_library(test_gateway_repos SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/fake_account_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_credential_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_idempotency.c
    ${CMAKE_SOURCE_DIR}/tests/support/fake_invite_repo.c
    DEPS test_support gateway_domain)
pr_library(test_gateway_fakes SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/fake_password_hasher.c
    ${CMAKE_SOURCE_DIR}/tests/support/gateway_world.c
    ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS test_gateway_repos gateway_usecases)
pr_library(test_thumbnailer_fakes SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/fake_render_repo.c
    ${CMAKE_SOURCE_DIR}/tests/support/thumbnailer_world.c
    DEPS test_support thumbnailer_usecases pr_crypto)
