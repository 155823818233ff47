/*
 * heap.h: the objects of a store: structs, arrays, exceptions and boxes (abi/object.h). They
 * never move. Any allocation may free all objects that no root leads to (roots.h); who holds a
 * reference across one elsewhere loses it.
 */
#ifndef SELVAGE_RUNTIME_HEAP_H
#define SELVAGE_RUNTIME_HEAP_H

#include "abi/object.h"
#include "runtime/space.h"
#include "runtime/type.h"

struct sv_store;

#define HEAP_CLASSES 40u

/* Made at the first allocation of a store. */
struct heap {
	struct space space;
	unsigned side; /* maps[side] of blocks are of the last collection */
	uint32_t current[HEAP_CLASSES]; /* block that cells are taken from, or SPACE_NONE */
	uint32_t waiting[HEAP_CLASSES]; /* list of others that have free cells */
	uint64_t live_bytes;            /* found by the last collection */
	uint64_t fresh_bytes;           /* allocated since */
	uint64_t pace;                  /* of the latter; as many start a collection */
	uint64_t collections;
	uint64_t revisits; /* looks through all marked objects, for want of memory */
	bool is_hardened; /* dead objects are overwritten, references checked */
	bool is_full;     /* the last refusal was for address space, not the store's limit */
};

/*
 * A new object, all fields zero. NULL if the store's max_memory is reached even after a
 * collection, or the guest is to end at once: see heap_trap. `type` is of the kind in question,
 * or the function type of `tag`.
 */
struct sv_object *heap_new_struct(struct sv_store *store, const struct defined_type *type);
struct sv_object *heap_new_array(struct sv_store *store, const struct defined_type *type,
		uint32_t length);
struct sv_object *heap_new_exception(struct sv_store *store, const struct defined_type *type,
		struct sv_tag *tag);

/* Leave the guest that called the host and whose allocation gave NULL. */
SV_NORETURN void heap_trap(struct sv_store *store);

/* What an object is that stands for a value of another hierarchy. No cast succeeds on it. */
enum heap_box {
	HEAP_NO_BOX = 0,
	HEAP_HOST_BOX = 0x100, /* kinds of types above all in enum sv_type_kind */
	HEAP_I31_BOX,
};

/* A pointer of the host as anyref, or an i31 as externref. As heap_new_struct. */
struct sv_object *heap_new_box(struct sv_store *store, enum heap_box kind, void *payload);

/* Kind of an object; HEAP_NO_BOX for most. */
enum heap_box heap_box_kind(const struct sv_object *object);

/* What heap_new_box was given. */
void *heap_box_payload(const struct sv_object *box);

/*
 * Settle where the heap is, so that it never has an object at `address`, which is the host's
 * own. False if the system refuses. A store that may have no objects stays without heap.
 */
SV_MUST_USE bool heap_keep_off(struct sv_store *store, const void *address);

/* True if `reference` is an object of the store's heap: for any pointer, exactly. */
bool heap_holds(const struct sv_store *store, const void *reference);

/* Nothing is left of any object. False if the system refuses: the store must be freed. */
SV_MUST_USE bool heap_reset(struct sv_store *store);
void heap_finish(struct sv_store *store);

/* Test builds: false if anything is left of an object. */
bool heap_is_fresh(const struct sv_store *store);

/* Sizes are those of the places that objects take. */
struct heap_numbers {
	uint64_t live_bytes;  /* after the last collection */
	uint64_t fresh_bytes; /* allocated since */
	uint64_t taken_bytes; /* counted in the store's max_memory */
	uint64_t collections;
	uint64_t revisits;
};

struct heap_numbers heap_numbers(const struct sv_store *store);

/* Bytes of a cell of a class. */
uint32_t heap_class_size(unsigned class);

#endif
