/*
 * memory.h: the linear memories of a store.
 */
#ifndef SELVAGE_RUNTIME_MEMORY_H
#define SELVAGE_RUNTIME_MEMORY_H

#include "runtime/backing.h"

struct sv_memory {
	struct backing *backing; /* `own`, or that of the shared memory */
	struct backing own;
	struct sv_shared_memory *shared; /* a use of it, owned; NULL: nobody else's memory */
	bool is_payer;                   /* the shared memory's bytes count in this store */
	struct sv_store *store;
	struct sv_memory *next; /* in the store */
};

/* Make a memory of `store`; it is freed with the store. NULL with `error` on failure. */
struct sv_memory *memory_new(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error);

/* The same for one that others use too. */
struct sv_memory *memory_share(struct sv_store *store, struct sv_shared_memory *shared,
		struct sv_error *error);

/* The plan of a memory that an embedder makes; false with `error` if there is none like that. */
SV_MUST_USE bool memory_plan_of(struct memory_plan *plan, struct sv_size_limits limits,
		struct sv_error *error);

/* For the store only. */
void memory_free(struct sv_memory *memory);

/* Add pages: the old size in pages, or -1 with nothing changed. */
int64_t memory_grow(struct sv_memory *memory, uint64_t pages);

/*
 * Have [address, address + length), which is inside, written by whoever may: the system's calls
 * too, which do not fault as a guest does. False if the system refuses.
 */
SV_MUST_USE bool memory_open(struct sv_memory *memory, uint64_t address, uint64_t length);

/* Back to the initial size and contents. False with `error` if the system or sharing forbids. */
SV_MUST_USE bool memory_reset(struct sv_memory *memory, struct sv_error *error);

/* Test builds: false if any byte or the size differs from the initial state. */
bool memory_is_fresh(const struct sv_memory *memory);

static inline uint8_t *memory_base(const struct sv_memory *memory)
{
	return memory->backing->view.base;
}

/* True if [address, address + length) is inside the memory. */
static inline bool memory_holds(const struct sv_memory *memory, uint64_t address, uint64_t length)
{
	uint64_t size = backing_size(memory->backing);
	return length <= size && address <= size - length;
}

#endif
