/*
 * backing.h: the bytes of a linear memory: address space, size, initial contents. Whose
 * they are is the part of memory.c and shared.c.
 */
#ifndef SELVAGE_RUNTIME_BACKING_H
#define SELVAGE_RUNTIME_BACKING_H

#include "abi/artifact.h"
#include "runtime/resident.h"
#include "runtime/selvage.h"
#include "runtime/slot.h"

struct backing {
	struct sv_memory_view view;   /* first: compiled code reads it; size: see backing_size */
	struct sv_limits_record type; /* as declared */
	uint64_t initial;             /* bytes */
	uint64_t maximum;             /* pages it may ever have by its type */
	uint64_t room;                /* bytes there is address space for */
	struct slot slot; /* none: in a small slot */
	uint32_t image_mappings; /* that its image took; 0: it has none, or is a copy */
	bool is_copied;          /* the image is a copy */
	struct resident *resident; /* owned; NULL: all pages are open */
	const struct sv_artifact *artifact; /* owner of the initial image, or NULL */
	uint32_t index;                     /* in that artifact */
};

/* What to make a memory from. */
struct memory_plan {
	struct sv_limits_record type; /* valid */
	enum sv_bounds bounds; /* SV_BOUNDS_CHECK takes less address space */
	const struct sv_artifact *artifact; /* NULL: no image */
	uint32_t index;
	uint8_t *place; /* in a small slot, all of it accessible; NULL: in a slot of its own */
	bool is_leased; /* again and again: pages that are written may stay */
	bool is_dense;  /* with as few mappings as can be */
};

/* Fill in all that needs nothing of the system; it will never have more than `limit` bytes. */
void backing_plan(struct backing *backing, const struct memory_plan *plan, uint64_t limit);

/* Bytes rounded up to whole pages of the machine. */
uint64_t backing_extent(uint64_t size);

/* Reserve the address space and show the initial contents. */
SV_MUST_USE bool backing_open(struct backing *backing, struct sv_engine *engine,
		const struct memory_plan *plan, struct sv_error *error);

void backing_close(struct backing *backing, struct sv_engine *engine);

/*
 * Add pages, counted by the limit of `payer` (NULL: by none): the old size in pages, or -1 with
 * nothing changed. One thread at a time.
 */
int64_t backing_grow(struct backing *backing, struct sv_store *payer, uint64_t pages);

/* Back to the initial size and contents. False with `error` if the system refuses. */
SV_MUST_USE bool backing_reset(struct backing *backing, struct sv_error *error);

/*
 * What should be at `address`, a multiple of the machine's page, at the beginning of a lease: the
 * page of the image, or NULL for zeros. async-signal-safe
 */
const uint8_t *backing_image_page(const struct backing *backing, uint64_t address);

/* Test builds: false if any byte or the size differs from the initial state. */
bool backing_is_fresh(const struct backing *backing);

/* Size in bytes. It grows while others read it, if the memory is shared. async-signal-safe */
static inline uint64_t backing_size(const struct backing *backing)
{
	return __atomic_load_n(&backing->view.size, __ATOMIC_SEQ_CST);
}

static inline uint64_t backing_pages(const struct backing *backing)
{
	return backing_size(backing) >> backing->type.page_log2;
}

#endif
