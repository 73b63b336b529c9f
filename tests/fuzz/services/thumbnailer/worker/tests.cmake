pr_fuzz(services/thumbnailer/worker/sniff DEPS thumbnailer_worker)
