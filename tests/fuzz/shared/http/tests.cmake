foreach(name target json trace identity answer client_address negotiate)
    pr_fuzz(shared/http/${name} DEPS pr_http)
endforeach()
