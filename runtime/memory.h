/*
 * memory.h: linear memories.
 */
#ifndef SELVAGE_RUNTIME_MEMORY_H
#define SELVAGE_RUNTIME_MEMORY_H

#include "abi/artifact.h"
#include "runtime/selvage.h"
#include "runtime/slot.h"

struct sv_memory {
	struct sv_memory_view view; /* first: compiled code reads it */
	struct sv_store *store;
	struct sv_memory *next; /* in the store */
	struct sv_limits_record type; /* as declared */
	uint64_t initial;             /* bytes */
	uint64_t maximum;             /* pages it may ever have by its type */
	uint64_t room;                /* bytes there is address space for */
	struct slot slot;
	const struct sv_artifact *artifact; /* owner of the initial image, or NULL */
	uint32_t index;                     /* in that artifact */
};

/* What to make a memory from. */
struct memory_plan {
	struct sv_limits_record type; /* valid */
	enum sv_bounds bounds; /* SV_BOUNDS_CHECK takes less address space */
	const struct sv_artifact *artifact; /* NULL: no image */
	uint32_t index;
};

/* Make a memory of `store`; it is freed with the store. NULL with `error` on failure. */
struct sv_memory *memory_new(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error);

/* For the store only. */
void memory_free(struct sv_memory *memory);

/* Add pages: the old size in pages, or -1 with nothing changed. */
int64_t memory_grow(struct sv_memory *memory, uint64_t pages);

/* Back to the initial size and contents. False with `error` if the system refuses. */
SV_MUST_USE bool memory_reset(struct sv_memory *memory, struct sv_error *error);

/* Test builds: false if any byte or the size differs from the initial state. */
bool memory_is_fresh(const struct sv_memory *memory);

/* Its size in pages of its own. */
static inline uint64_t memory_pages(const struct sv_memory *memory)
{
	return memory->view.size >> memory->type.page_log2;
}

/* True if [address, address + length) is inside the memory. */
static inline bool memory_holds(const struct sv_memory *memory, uint64_t address, uint64_t length)
{
	return length <= memory->view.size && address <= memory->view.size - length;
}

#endif
