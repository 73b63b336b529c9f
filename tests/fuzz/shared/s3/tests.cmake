pr_fuzz(shared/s3/multipart_xml DEPS pr_s3)
