set(worker unit/services/thumbnailer/worker)
pr_test(${worker}/test_picture DEPS thumbnailer_worker)
pr_test(${worker}/test_protocol DEPS thumbnailer_worker_protocol)
pr_test(${worker}/test_thumbhash DEPS thumbnailer_worker)
