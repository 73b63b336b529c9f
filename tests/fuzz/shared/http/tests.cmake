foreach(name target json trace identity answer client_address client_seal negotiate range)
    pr_fuzz(shared/http/${name} DEPS pr_http)
endforeach()
