pr_test(unit/shared/s3/test_sign DEPS pr_s3)
pr_test(unit/shared/s3/test_presign DEPS pr_s3)
pr_test(unit/shared/s3/test_multipart_xml DEPS pr_s3)
