/*
 * global.c: values of globals.
 */
#include "runtime/global.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/store.h"

static size_t global_width(enum sv_type type)
{
	switch (type) {
#define SV_TYPE(letter, name, code, text, size) \
	case SV_TYPE_##name: \
		return size;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return 0;
	}
}

void global_cell_set(struct sv_global_cell *cell, enum sv_type type, union sv_value value)
{
	*cell = (struct sv_global_cell){0};
	memcpy(cell, &value, global_width(type));
}

union sv_value global_cell_get(const struct sv_global_cell *cell, enum sv_type type)
{
	union sv_value value = {.v128 = {0}};
	memcpy(&value, cell, global_width(type));
	return value;
}

struct sv_global *sv_global_new(struct sv_store *store, enum sv_type type, bool mutable_,
		union sv_value value, struct sv_error *error)
{
	if (global_width(type) == 0) {
		sv_fail(error, SV_ERROR_USAGE, "0x%x is no value type", (unsigned)type);
		return NULL;
	}
	struct sv_global *global = aligned_alloc(_Alignof(struct sv_global), sizeof *global);
	if (!global) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a global");
		return NULL;
	}
	*global = (struct sv_global){.store = store, .type = type, .is_mutable = mutable_,
			.next = store->globals};
	global->cell = &global->own;
	global_cell_set(global->cell, type, value);
	store->globals = global;
	return global;
}

enum sv_type sv_global_type(const struct sv_global *global)
{
	return global->type;
}

union sv_value sv_global_get(const struct sv_global *global)
{
	return global_cell_get(global->cell, global->type);
}
