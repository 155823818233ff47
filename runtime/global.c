/*
 * global.c: values of globals.
 */
#include "runtime/global.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/reference.h"
#include "runtime/store.h"

void global_cell_set(struct sv_global_cell *cell, enum sv_type type, union sv_value value)
{
	*cell = (struct sv_global_cell){0};
	memcpy(cell, &value, sv_type_size(type));
}

union sv_value global_cell_get(const struct sv_global_cell *cell, enum sv_type type)
{
	union sv_value value = {.v128 = {0}};
	memcpy(&value, cell, sv_type_size(type));
	return value;
}

struct sv_global *global_new(struct sv_store *store, const struct value_type *type,
		bool is_mutable, union sv_value value, struct sv_error *error)
{
	struct sv_global *global = aligned_alloc(_Alignof(struct sv_global), sizeof *global);
	if (!global) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a global");
		return NULL;
	}
	*global = (struct sv_global){.store = store,
			.type = *type,
			.is_mutable = is_mutable,
			.next = store->globals};
	global->cell = &global->own;
	global_cell_set(global->cell, type->type, value);
	store->globals = global;
	return global;
}

struct sv_global *sv_global_new(struct sv_store *store, enum sv_type type, bool mutable_,
		union sv_value value, struct sv_error *error)
{
	if (sv_type_letter(type) == '?' || sv_type_letter(type) == SV_TYPED_REFERENCE_LETTER) {
		sv_fail(error, SV_ERROR_USAGE, "%s is no type of a global made by the host",
				sv_type_text(type).text);
		return NULL;
	}
	const struct value_type value_type = {.type = type};
	if (!reference_fits(store, &value_type, value.ref)) {
		sv_fail(error, SV_ERROR_USAGE, "the value %s", reference_misfit(&value_type));
		return NULL;
	}
	return global_new(store, &value_type, mutable_, value, error);
}

enum sv_type sv_global_type(const struct sv_global *global)
{
	return global->type.type;
}

union sv_value sv_global_get(const struct sv_global *global)
{
	return global_cell_get(global->cell, global->type.type);
}
