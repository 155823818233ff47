/*
 * global.h: globals of instances and of the embedder.
 */
#ifndef SELVAGE_RUNTIME_GLOBAL_H
#define SELVAGE_RUNTIME_GLOBAL_H

#include "runtime/selvage.h"
#include "runtime/type.h"

struct sv_global {
	struct sv_store *store;
	struct value_type type;
	bool is_mutable;
	enum propagation propagation; /* of those that hold references */
	struct sv_global_cell *cell; /* in its instance's context, or `own` */
	struct sv_global_cell own;
	struct sv_global *next; /* in the store, for those of the embedder */
};

/* Make a global of `store`; it is freed with the store. The value must be of the type. */
struct sv_global *global_new(struct sv_store *store, const struct value_type *type,
		bool is_mutable, union sv_value value, struct sv_error *error);

/* Put a value of `type` into a cell, in the width of the type. */
void global_cell_set(struct sv_global_cell *cell, enum sv_type type, union sv_value value);
union sv_value global_cell_get(const struct sv_global_cell *cell, enum sv_type type);

#endif
