/*
 * layout.h: the memory that compiled code and the runtime both touch.
 *
 * Compiled functions have LLVM's tailcc convention, so that any of them can tail-call any
 * other, and take the context first. Parameters and results that do not fit in registers are
 * in sv_store_view.values, so that no call puts anything on the stack but what it saves.
 * Stubs and helpers, which the runtime and the assembly know, have the C convention of the
 * target. A context is the head (context.def) followed by arrays whose lengths come from
 * the module:
 *
 *   memories   struct sv_memory_row   [imported, then own]
 *   tables     struct sv_table *      [imported, then own]
 *   globals    struct sv_global_cell  [imported, then own], 16-byte aligned
 *   functions  struct sv_function_row [imported functions only]
 *   types      struct sv_type_info *  [each type of the module, engine-wide]
 *   tags       struct sv_tag *        [imported, then own]
 *   profile    uint64_t *             [one if code counts for a profile, else none]
 *
 * sv_context_layout computes the offsets from the counts; it is the only place
 * that knows them, and both sides call it.
 */
#ifndef SELVAGE_ABI_LAYOUT_H
#define SELVAGE_ABI_LAYOUT_H

#include <stdint.h>

#include "abi/registers.h"
#include "abi/types.h"

struct sv_store;
struct sv_instance;
struct sv_tag;
typedef void (*sv_helper_code)(void);

/* The ABI that this header describes; an artifact carries the one it was built for. */
#define SV_ABI_VERSION 8u

enum sv_trap {
	SV_TRAP_NONE = 0,
#define SV_TRAP_KIND(number, name, text) SV_TRAP_##name = (number),
#include "abi/traps.def"
#undef SV_TRAP_KIND
};

enum sv_helper {
#define SV_HELPER(name, signature) SV_HELPER_##name,
#include "abi/helpers.def"
#undef SV_HELPER
	SV_HELPER_COUNT
};

/* How compiled code keeps accesses inside a memory. */
enum sv_bounds {
	SV_BOUNDS_GUARD = 0, /* none in code: SV_GUARD_RESERVATION of address space behind it */
	SV_BOUNDS_CHECK = 1, /* a comparison with the current size before each access */
};

struct sv_context {
#define SV_CONTEXT(offset, type, name, meaning) type name;
#include "abi/context.def"
#undef SV_CONTEXT
};

/*
 * A linear memory as compiled code sees it. `base` never changes during the life
 * of the memory; `size` (bytes) only grows. The runtime's own record starts with this.
 */
struct sv_memory_view {
	uint8_t *base;
	uint64_t size;
};

struct sv_memory_row {
	uint8_t *base; /* copy of memory->base: constant while the instance lives */
	struct sv_memory_view *memory;
};

/*
 * A defined type, one record for all modules of the engine: equal types are the same record.
 * A type is below another of depth d exactly if place d of its list of super-types, itself
 * last, holds that one. The list is here for depths below SV_DISPLAY and goes on at `deep`;
 * places beyond a type's own depth are NULL, so that no comparison needs the depth.
 */
#define SV_DISPLAY 8u
#define SV_MAX_TYPE_DEPTH 63u /* super-types of a type */

struct sv_type_info {
	const struct sv_type_info *display[SV_DISPLAY];
	const struct sv_type_info *const *deep; /* SV_MAX_TYPE_DEPTH + 1 - SV_DISPLAY places */
	uint32_t kind;			  /* enum sv_type_kind */
	uint32_t depth;			 /* number of super-types */
};

/*
 * A reference to a function. `code` is entered with `context` as its first argument, which
 * for a host function is not an instance's context but a struct sv_host_row.
 */
struct sv_funcref {
	const struct sv_type_info *type; /* never NULL */
	void *code;
	void *context;
	struct sv_instance *owner; /* runtime's use; NULL for host functions */
};

/*
 * A table entry of a funcref table: a copy of what a call needs, so that
 * call_indirect touches one cache line. An empty entry is all zero: NULL
 * is no function type.
 */
struct sv_table_entry {
	const struct sv_type_info *type;
	void *code;
	void *context;
	struct sv_funcref *reference; /* what table.get yields */
};

/*
 * A table as compiled code sees it. `entries` points to struct sv_table_entry
 * for tables of functions and to void * for others; both may change whenever the
 * table grows.
 */
struct sv_table {
	void *entries;
	uint64_t size;
};

/*
 * A global. An own global holds its value here; an imported one holds a pointer
 * to the cell of the instance (or host global) that owns it. Values are stored
 * little-endian at offset 0 in the width of their type; references are pointers.
 */
struct sv_global_cell {
	union {
		uint64_t value[2];
		struct sv_global_cell *owner;
	};
} __attribute__((aligned(16)));

/* What all instances of a store share with compiled code. */
struct sv_store_view {
	void *exception; /* that is being thrown; NULL: none */
	/* Root stack: references that compiled code holds across calls are in [start, roots). */
	void **roots;
	void **roots_limit;
	/* Of a call just begun or just ended: what does not fit in registers. */
	union sv_value *values;
	int64_t fuel; /* units left; code that counts traps when it is below 0 */
};

/* What a call of an imported function needs. */
struct sv_function_row {
	void *code;
	void *context;
};

/* One argument or result at the border between host and guest. */
union sv_value {
	int32_t i32;
	int64_t i64;
	float f32;
	double f64;
	void *ref;
	uint8_t v128[16];
} __attribute__((aligned(16)));

/*
 * Head of the record that stands for a host function: the `context` of its row. The artifact's
 * host thunk for the function's type stores the arguments in an array of max(parameters, results)
 * sv_value, calls enter(row, values) and takes the results from the same array. `enter` switches to
 * the host's stack. Limit and view are where they are in a context: stubs take either.
 */
struct sv_host_row {
	void (*enter)(struct sv_host_row *row, union sv_value *values);
	struct sv_store *store; /* the switch reads it */
	void *unused;
	uint64_t stack_limit;
	struct sv_store_view *view;
};

/*
 * Stubs in an artifact, one of each per function type of the module:
 * the entry stub calls `code` with arguments from `values` and stores the results
 * there; the host thunk is the `code` of a host function imported with that type.
 */
typedef void (*sv_entry_stub)(void *context, void *code, union sv_value *values);

struct sv_context_counts {
	uint32_t memories, tables, globals, imported_functions, types, tags, profiles;
};

struct sv_context_layout {
	uint32_t memories, tables, globals, functions, types, tags, profile; /* byte offsets */
	uint32_t size; /* of the whole context */
};

static inline struct sv_context_layout sv_context_layout(struct sv_context_counts counts)
{
	struct sv_context_layout layout;
	uint32_t at = sizeof(struct sv_context);
	layout.memories = at;
	at += counts.memories * (uint32_t)sizeof(struct sv_memory_row);
	layout.tables = at;
	at += counts.tables * (uint32_t)sizeof(struct sv_table *);
	at = (at + 15) & ~15u;
	layout.globals = at;
	at += counts.globals * (uint32_t)sizeof(struct sv_global_cell);
	layout.functions = at;
	at += counts.imported_functions * (uint32_t)sizeof(struct sv_function_row);
	layout.types = at;
	at += counts.types * (uint32_t)sizeof(struct sv_type_info *);
	layout.tags = at;
	at += counts.tags * (uint32_t)sizeof(struct sv_tag *);
	layout.profile = at;
	at += counts.profiles * (uint32_t)sizeof(uint64_t *);
	layout.size = (at + 15) & ~15u;
	return layout;
}

#endif
