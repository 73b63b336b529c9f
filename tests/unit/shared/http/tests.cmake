foreach(name router uri json trace identity answer)
    pr_test(unit/shared/http/test_${name} DEPS pr_http)
endforeach()
