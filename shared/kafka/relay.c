#include "shared/kafka/relay.h"
