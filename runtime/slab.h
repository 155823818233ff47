/*
 * slab.h: small slots, side by side in large mappings: a stack and a memory each, with nothing
 * unreachable around them. Only for code that compares every address and every stack pointer
 * (SV_BOUNDS_CHECK). So 100,000 instances need a hundred mappings and not half a million.
 */
#ifndef SELVAGE_RUNTIME_SLAB_H
#define SELVAGE_RUNTIME_SLAB_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct slab_block;
struct sv_engine;

struct slab {
	struct sv_engine *engine;
	size_t stack_size, memory_size; /* of each slot, multiples of the page */
	pthread_mutex_t lock;
	struct slab_block *blocks; /* owned; newest first; under the lock, as what follows */
	uint8_t **spares;          /* owned; slots that were given back */
	size_t spare_count;
};

void slab_init(struct slab *slab, struct sv_engine *engine, size_t stack_size, size_t memory_size);

/* All slots must have been given back. */
void slab_finish(struct slab *slab);

/*
 * A slot: the stack's lowest byte, the memory behind it. All zero and accessible. NULL with
 * `error` if the system refuses.
 */
uint8_t *slab_take(struct slab *slab, struct sv_error *error);

/* Give it back, with its pages. */
void slab_give(struct slab *slab, uint8_t *slot);

#endif
