/*
 * abi_check.c: static asserts on every offset that compiled code relies on.
 * Compiles to nothing.
 */
#include "abi/artifact.h"
#include "abi/layout.h"

#include <stddef.h>

#define SV_CONTEXT(offset, type, name, meaning) \
	_Static_assert(offsetof(struct sv_context, name) == (offset), "context." #name);
#include "abi/context.def"
#undef SV_CONTEXT

_Static_assert(sizeof(struct sv_context) == 40, "context head");
_Static_assert(sizeof(struct sv_memory_row) == 16, "memory row");
_Static_assert(sizeof(struct sv_table_entry) == 32, "one call_indirect, half a cache line");
_Static_assert(offsetof(struct sv_table_entry, type) == 0, "entry.type");
_Static_assert(offsetof(struct sv_table_entry, code) == 8, "entry.code");
_Static_assert(offsetof(struct sv_table_entry, context) == 16, "entry.context");
_Static_assert(offsetof(struct sv_table_entry, reference) == 24, "entry.reference");
_Static_assert(offsetof(struct sv_memory_view, size) == 8, "memory.size");
_Static_assert(offsetof(struct sv_table, size) == 8, "table.size");
_Static_assert(sizeof(struct sv_global_cell) == 16, "global cell");
_Static_assert(sizeof(struct sv_function_row) == 16, "function row");
_Static_assert(offsetof(struct sv_funcref, type) == 0, "funcref.type");
_Static_assert(offsetof(struct sv_funcref, code) == 8, "funcref.code");
_Static_assert(offsetof(struct sv_funcref, context) == 16, "funcref.context");
_Static_assert(offsetof(struct sv_type_info, display) == 0, "type.display");
_Static_assert(offsetof(struct sv_type_info, deep) == 8 * SV_DISPLAY, "type.deep");
_Static_assert(sizeof(union sv_value) == 16, "value");
_Static_assert(offsetof(struct sv_host_row, enter) == 0, "host row");
_Static_assert(sizeof(struct sv_artifact_header) % 8 == 0, "artifact header");
_Static_assert(offsetof(struct sv_host_row, view) == offsetof(struct sv_context, view), "view");
_Static_assert(offsetof(struct sv_host_row, stack_limit) ==
				offsetof(struct sv_context, stack_limit),
		"stack limit");
