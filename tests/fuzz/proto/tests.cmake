pr_fuzz(proto/decode DEPS pr_proto)
