/*
 * slab.c: blocks of small slots.
 */
#include "runtime/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/engine.h"
#include "runtime/slot.h"

/*
 * Slots of a block. One reservation of everything would be simpler; but a mapping of tens of
 * TiB may be refused where many of some GiB are not.
 */
enum { BLOCK_SLOTS = 1024 };

struct slab_block {
	struct slab_block *next;
	uint8_t *start; /* owned mapping */
	uint32_t used;  /* slots that were ever taken */
};

static size_t slab_stride(const struct slab *slab)
{
	return slab->stack_size + slab->memory_size;
}

void slab_init(struct slab *slab, struct sv_engine *engine, size_t stack_size, size_t memory_size)
{
	*slab = (struct slab){
			.engine = engine, .stack_size = stack_size, .memory_size = memory_size};
	pthread_mutex_init(&slab->lock, NULL);
}

void slab_finish(struct slab *slab)
{
	while (slab->blocks) {
		struct slab_block *block = slab->blocks;
		slab->blocks = block->next;
		munmap(block->start, BLOCK_SLOTS * slab_stride(slab));
		engine_give_mappings(slab->engine, 1);
		free(block);
	}
	free(slab->spares);
	pthread_mutex_destroy(&slab->lock);
}

/* The array of spares has room for every slot there is: giving one back cannot fail. */
static bool slab_reserve_spares(struct slab *slab)
{
	size_t slots = BLOCK_SLOTS;
	for (const struct slab_block *at = slab->blocks; at; at = at->next)
		slots += BLOCK_SLOTS;
	uint8_t **spares = realloc(slab->spares, slots * sizeof *spares);
	if (spares)
		slab->spares = spares;
	return spares != NULL;
}

static bool slab_add_block(struct slab *slab, struct sv_error *error)
{
	size_t size = BLOCK_SLOTS * slab_stride(slab);
	struct slab_block *block = malloc(sizeof *block);
	if (!block || !slab_reserve_spares(slab)) {
		free(block);
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a block");
	}
	if (!engine_take_mappings(slab->engine, 1)) {
		free(block);
		return engine_fail_mappings(slab->engine, error);
	}
	uint8_t *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED) {
		engine_give_mappings(slab->engine, 1);
		free(block);
		return sv_fail_errno(error,
				"cannot map %zu bytes for %d small slots (see ulimit -v and "
				"vm.overcommit_memory)",
				size, BLOCK_SLOTS);
	}
	/* A huge page would make a small instance large. */
	madvise(start, size, MADV_NOHUGEPAGE);
	*block = (struct slab_block){.next = slab->blocks, .start = start};
	slab->blocks = block;
	return true;
}

static uint8_t *slab_take_locked(struct slab *slab, struct sv_error *error)
{
	if (slab->spare_count)
		return slab->spares[--slab->spare_count];
	if ((!slab->blocks || slab->blocks->used == BLOCK_SLOTS) && !slab_add_block(slab, error))
		return NULL;
	return slab->blocks->start + slab_stride(slab) * slab->blocks->used++;
}

uint8_t *slab_take(struct slab *slab, struct sv_error *error)
{
	if (!slot_count_take(slab->engine, error))
		return NULL;
	pthread_mutex_lock(&slab->lock);
	uint8_t *slot = slab_take_locked(slab, error);
	pthread_mutex_unlock(&slab->lock);
	if (!slot)
		slot_count_give(slab->engine);
	return slot;
}

void slab_give(struct slab *slab, uint8_t *slot)
{
	/* The system keeps what mlockall has locked. */
	if (madvise(slot, slab_stride(slab), MADV_DONTNEED) != 0)
		memset(slot, 0, slab_stride(slab));
	pthread_mutex_lock(&slab->lock);
	slab->spares[slab->spare_count++] = slot;
	pthread_mutex_unlock(&slab->lock);
	slot_count_give(slab->engine);
}
