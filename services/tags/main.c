/* pierrot-tags: tags of media. It joins its consumer group and reads nothing yet. */
#include "shared/service/service.h"

int main(int argc, char **argv)
{
    static const char *const consumes[] = {"media.finalized", "media.deleted", NULL};
    return service_main(argc, argv,
                        &(struct service_spec){
                            .name = "tags",
                            .about = "tags of photos and videos",
                            .migrations = service_migrations,
                            .consumes = consumes,
                        });
}
