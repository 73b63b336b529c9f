foreach(part uuid encode utf8 time)
    pr_fuzz(shared/base/${part} DEPS pr_base)
endforeach()
