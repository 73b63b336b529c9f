foreach(part ticker shutdown)
    pr_test(unit/shared/loop/test_${part} DEPS pr_loop test_support)
endforeach()
