pr_fuzz(services/media/announce DEPS media_domain)
