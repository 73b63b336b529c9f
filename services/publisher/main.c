/* pierrot-publisher: posts photos, each exactly once. It joins its consumer group and reads nothing
 * yet. */
#include "shared/service/service.h"

int main(int argc, char **argv)
{
    static const char *const consumes[] = {"media.rendered", "media.deleted", NULL};
    return service_main(argc, argv,
                        &(struct service_spec){
                            .name = "publisher",
                            .about = "posts a photo never posted before, exactly once",
                            .migrations = service_migrations,
                            .consumes = consumes,
                        });
}
