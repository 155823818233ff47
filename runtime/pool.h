/*
 * pool.h: stores with one ready instance each.
 */
#ifndef SELVAGE_RUNTIME_POOL_H
#define SELVAGE_RUNTIME_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/selvage_serve.h"
#include "runtime/slab.h"

/*
 * Spare stores, the last returned first: it is in the cache. Each thread has its own shelf, and
 * looks at others' only when that is empty.
 */
struct pool_shelf {
	pthread_mutex_t lock;
	struct sv_store *spares; /* owned; under the lock */
} __attribute__((aligned(64)));

#define POOL_SHELVES 16u

struct sv_pool {
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	struct sv_linker *linker;
	struct sv_store_limits limits;
	uint32_t count;        /* most stores at once */
	bool is_dense;         /* so many stores that each has as few mappings as can be */
	bool has_slab;         /* stacks and memories are in `slab` */
	struct slab slab;
	_Atomic uint32_t made; /* spare and leased; a place is taken before a store is made */
	struct pool_shelf shelves[POOL_SHELVES];
};

#endif
