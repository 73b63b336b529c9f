pr_fuzz(services/media/announce DEPS media_domain)
pr_fuzz(services/media/labels DEPS media_domain)
pr_fuzz(services/media/zip_name DEPS media_domain)
