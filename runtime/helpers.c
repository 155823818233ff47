/*
 * helpers.c: what compiled code leaves to the runtime: growing, bulk memory, tables.
 */
#include "runtime/helpers.h"

#include <string.h>

#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/segment.h"
#include "runtime/table.h"
#include "runtime/trap.h"

/* Between two looks at whether the guest should end: about a millisecond of work. */
static const uint64_t bulk_step = 4 * 1024 * 1024;

static void helper_trap_unless(bool is_good, struct sv_context *context, enum sv_trap kind)
{
	if (!is_good)
		trap_raise(context->store, kind, NULL);
}

static void helper_pause(struct sv_context *context)
{
	if (atomic_load_explicit(&context->store->state.pending, memory_order_relaxed))
		trap_leave_pending(context->store);
}

int64_t helper_memory_grow(struct sv_context *context, uint32_t memory, uint64_t pages)
{
	return memory_grow(context->instance->memories[memory], pages);
}

void helper_memory_fill(struct sv_context *context, uint32_t memory, uint64_t to, uint32_t byte,
		uint64_t length)
{
	struct sv_memory *target = context->instance->memories[memory];
	helper_trap_unless(memory_holds(target, to, length), context, SV_TRAP_MEMORY_BOUNDS);
	while (length > 0) {
		uint64_t step = length < bulk_step ? length : bulk_step;
		memset(target->view.base + to, (int)(byte & 0xff), step);
		to += step;
		length -= step;
		helper_pause(context);
	}
}

/* In steps from the end that keeps overlapping bytes intact. */
static void helper_move(struct sv_context *context, uint8_t *to, const uint8_t *from,
		uint64_t length)
{
	bool backwards = to > from;
	for (uint64_t done = 0; done < length;) {
		uint64_t step = length - done < bulk_step ? length - done : bulk_step;
		uint64_t at = backwards ? length - done - step : done;
		memmove(to + at, from + at, step);
		done += step;
		helper_pause(context);
	}
}

void helper_memory_copy(struct sv_context *context, uint32_t to_memory, uint32_t from_memory,
		uint64_t to, uint64_t from, uint64_t length)
{
	struct sv_memory *target = context->instance->memories[to_memory];
	struct sv_memory *source = context->instance->memories[from_memory];
	helper_trap_unless(memory_holds(target, to, length) && memory_holds(source, from, length),
			context, SV_TRAP_MEMORY_BOUNDS);
	helper_move(context, target->view.base + to, source->view.base + from, length);
}

void helper_memory_init(struct sv_context *context, uint32_t segment, uint32_t memory, uint64_t to,
		uint32_t from, uint32_t length)
{
	enum sv_trap trap =
			segment_init_memory(context->instance, segment, memory, to, from, length);
	helper_trap_unless(trap == SV_TRAP_NONE, context, trap);
}

void helper_data_drop(struct sv_context *context, uint32_t segment)
{
	context->instance->dropped_data[segment] = true;
}

void *helper_table_get(struct sv_context *context, uint32_t table, uint64_t index)
{
	const struct sv_table_object *source = context->instance->tables[table];
	helper_trap_unless(table_holds(source, index, 1), context, SV_TRAP_TABLE_BOUNDS);
	return table_get(source, index);
}

void helper_table_set(struct sv_context *context, uint32_t table, uint64_t index, void *reference)
{
	helper_table_fill(context, table, index, reference, 1);
}

int64_t helper_table_grow(struct sv_context *context, uint32_t table, void *reference,
		uint64_t count)
{
	struct sv_table_object *target = context->instance->tables[table];
	target->written = true;
	return table_grow(target, reference, count);
}

void helper_table_fill(struct sv_context *context, uint32_t table, uint64_t index, void *reference,
		uint64_t count)
{
	struct sv_table_object *target = context->instance->tables[table];
	helper_trap_unless(table_holds(target, index, count), context, SV_TRAP_TABLE_BOUNDS);
	target->written = true;
	for (uint64_t i = 0; i < count; i++)
		table_set(target, index + i, reference);
}

void helper_table_copy(struct sv_context *context, uint32_t to_table, uint32_t from_table,
		uint64_t to, uint64_t from, uint64_t count)
{
	struct sv_table_object *target = context->instance->tables[to_table];
	const struct sv_table_object *source = context->instance->tables[from_table];
	helper_trap_unless(table_holds(target, to, count) && table_holds(source, from, count),
			context, SV_TRAP_TABLE_BOUNDS);
	target->written = true;
	table_copy(target, to, source, from, count);
}

void helper_table_init(struct sv_context *context, uint32_t segment, uint32_t table, uint64_t to,
		uint32_t from, uint32_t count)
{
	context->instance->tables[table]->written = true;
	enum sv_trap trap = segment_init_table(context->instance, segment, table, to, from, count);
	helper_trap_unless(trap == SV_TRAP_NONE, context, trap);
}

void helper_elem_drop(struct sv_context *context, uint32_t segment)
{
	context->instance->dropped_elements[segment] = true;
}

void *helper_ref_func(struct sv_context *context, uint32_t function)
{
	const struct sv_instance *instance = context->instance;
	uint32_t reference = artifact_functions(instance->artifact)[function].reference;
	check(reference != SV_NO_INDEX);
	return instance->references[reference];
}
