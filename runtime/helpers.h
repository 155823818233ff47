/*
 * helpers.h: the functions of helpers.def, called by the stubs of the switch on the host's
 * stack. Each returns to the guest or leaves it with a trap.
 */
#ifndef SELVAGE_RUNTIME_HELPERS_H
#define SELVAGE_RUNTIME_HELPERS_H

#include <stdbool.h>

#include "abi/layout.h"
#include "abi/object.h"

int64_t helper_memory_grow(struct sv_context *context, uint32_t memory, uint64_t pages);
void helper_memory_fill(struct sv_context *context, uint32_t memory, uint64_t to, uint32_t byte,
		uint64_t length);
void helper_memory_copy(struct sv_context *context, uint32_t to_memory, uint32_t from_memory,
		uint64_t to, uint64_t from, uint64_t length);
void helper_memory_init(struct sv_context *context, uint32_t segment, uint32_t memory, uint64_t to,
		uint32_t from, uint32_t length);
int32_t helper_memory_notify(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint32_t count);
int32_t helper_memory_wait32(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint32_t expected, int64_t timeout);
int32_t helper_memory_wait64(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint64_t expected, int64_t timeout);
void helper_data_drop(struct sv_context *context, uint32_t segment);
void *helper_table_get(struct sv_context *context, uint32_t table, uint64_t index);
void helper_table_set(struct sv_context *context, uint32_t table, uint64_t index, void *reference);
int64_t helper_table_grow(struct sv_context *context, uint32_t table, void *reference,
		uint64_t count);
void helper_table_fill(struct sv_context *context, uint32_t table, uint64_t index, void *reference,
		uint64_t count);
void helper_table_copy(struct sv_context *context, uint32_t to_table, uint32_t from_table,
		uint64_t to, uint64_t from, uint64_t count);
void helper_table_init(struct sv_context *context, uint32_t segment, uint32_t table, uint64_t to,
		uint32_t from, uint32_t count);
void helper_elem_drop(struct sv_context *context, uint32_t segment);
void *helper_ref_func(struct sv_context *context, uint32_t function);

/* ---- helpers_object.c ---- */

void *helper_struct_new(struct sv_context *context, uint32_t type);
void *helper_array_new(struct sv_context *context, uint32_t type, uint32_t length);
void *helper_any_convert_extern(struct sv_context *context, void *reference);
void *helper_extern_convert_any(struct sv_context *context, void *reference);

/* ---- helpers_array.c ---- */

void *helper_array_new_data(struct sv_context *context, uint32_t type, uint32_t segment,
		uint32_t from, uint32_t length);
void *helper_array_new_elem(struct sv_context *context, uint32_t type, uint32_t segment,
		uint32_t from, uint32_t length);
void helper_array_fill(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint64_t low, uint64_t high, uint32_t count);
void helper_array_copy(struct sv_context *context, struct sv_array_object *target, uint32_t to,
		const struct sv_array_object *source, uint32_t from, uint32_t count);
void helper_array_init_data(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint32_t segment, uint32_t from, uint32_t count);
void helper_array_init_elem(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint32_t segment, uint32_t from, uint32_t count);

/* ---- shared by the files of helpers ---- */

/* Between two looks at whether the guest should end: 20 us of work, 200 where pages are new. */
#define HELPER_STEP (UINT64_C(256) * 1024)

/* Bytes that take as much fuel as an operator does. */
#define HELPER_FUEL_BYTES 16u

/* Leave the guest if its code counts fuel and there is not so much left. */
void helper_take_fuel(struct sv_context *context, uint64_t units);
void helper_trap_unless(bool is_good, struct sv_context *context, enum sv_trap kind);
/* Leave the guest if its time is over. */
void helper_pause(struct sv_context *context);
/* memmove in steps. */
void helper_move(struct sv_context *context, uint8_t *to, const uint8_t *from, uint64_t length);

/* ---- helpers_exception.c ---- */

void *helper_exception_new(struct sv_context *context, uint32_t tag);

#endif
