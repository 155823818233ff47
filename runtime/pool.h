/*
 * pool.h: stores with one ready instance each.
 */
#ifndef SELVAGE_RUNTIME_POOL_H
#define SELVAGE_RUNTIME_POOL_H

#include <pthread.h>

#include "runtime/selvage.h"

struct sv_pool {
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	struct sv_linker *linker;
	struct sv_store_limits limits;
	uint32_t count; /* most stores at once */
	pthread_mutex_t lock;
	struct sv_store *spares; /* owned; the last returned is leased first: it is in the cache */
	uint32_t made, leased;   /* under the lock, as `spares` */
};

#endif
