/* pierrot-sync: photostreams from Flickr. It is connected and sends nothing yet. */
#include "shared/service/service.h"

int main(int argc, char **argv)
{
    return service_main(argc, argv,
                        &(struct service_spec){
                            .name = "sync",
                            .about = "photostreams, read from Flickr every day",
                            .migrations = service_migrations,
                        });
}
