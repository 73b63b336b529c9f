foreach(name target json trace identity answer)
    pr_fuzz(shared/http/${name} DEPS pr_http)
endforeach()
