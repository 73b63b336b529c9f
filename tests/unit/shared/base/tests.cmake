foreach(part str buf arena uuid encode time utf8 err)
    pr_test(unit/shared/base/test_${part} DEPS pr_base)
endforeach()
