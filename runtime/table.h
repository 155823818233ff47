/*
 * table.h: tables of references.
 */
#ifndef SELVAGE_RUNTIME_TABLE_H
#define SELVAGE_RUNTIME_TABLE_H

#include "abi/artifact.h"
#include "runtime/selvage.h"
#include "runtime/type.h"

struct sv_table_object {
	struct sv_table view; /* first: compiled code reads it */
	struct sv_store *store;
	struct sv_table_object *next; /* in the store */
	struct value_type element;
	struct sv_limits_record type; /* as declared */
	uint64_t initial, maximum;    /* entries; `maximum` it may ever have */
	enum propagation propagation;
	uint64_t capacity;
	/* Since it was made, sealed or reset: */
	bool is_written;    /* by the guest or by another instance, */
	uint64_t low, high; /* inside [low, high) */
	bool is_sealed;     /* a reset gives back what it had when it was sealed: */
	void *sealed; /* owned copy of the first `initial` entries, made by the first write */
};

/* Make a table of `store`; it is freed with the store. NULL with `error` on failure. */
struct sv_table_object *table_new(struct sv_store *store, const struct value_type *element,
		const struct sv_limits_record *type, struct sv_error *error);

/* True if entries are functions: they hold what a call needs. */
bool table_is_of_functions(const struct sv_table_object *table);

/* For the store only. */
void table_free(struct sv_table_object *table);

/* The reference at `index`, which must be below the size. */
void *table_get(const struct sv_table_object *table, uint64_t index);

/* Put a reference of the table's type (NULL allowed) at `index`, which must be below the size. */
void table_set(struct sv_table_object *table, uint64_t index, void *reference);

/* Add `count` entries: the old size, or -1 with nothing changed. */
int64_t table_grow(struct sv_table_object *table, void *reference, uint64_t count);

/* Copy `count` entries between tables of the same type; ranges are inside, and may overlap. */
void table_copy(struct sv_table_object *to, uint64_t to_index, const struct sv_table_object *from,
		uint64_t from_index, uint64_t count);

/* To be called before [index, index + count), which is inside, is written, or before it grows. */
void table_touch(struct sv_table_object *table, uint64_t index, uint64_t count);

/* The entries are as an instance should find them; table_reset gives them back from now on. */
void table_seal(struct sv_table_object *table);

/*
 * Back to the initial size. True if the entries are those that were sealed, false if they are
 * all null.
 */
bool table_reset(struct sv_table_object *table);

/* True if [index, index + count) is inside the table. */
static inline bool table_holds(const struct sv_table_object *table, uint64_t index, uint64_t count)
{
	return count <= table->view.size && index <= table->view.size - count;
}

#endif
