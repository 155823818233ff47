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
#include "runtime/wait.h"

void helper_trap_unless(bool is_good, struct sv_context *context, enum sv_trap kind)
{
	if (!is_good)
		trap_raise(context->store, kind, NULL);
}

void helper_pause(struct sv_context *context)
{
	if (trap_pending(context->store))
		trap_leave_pending(context->store);
}

void helper_take_fuel(struct sv_context *context, uint64_t units)
{
	struct sv_store_view *view = context->view;
	if (!(context->instance->artifact->header->flags & SV_ARTIFACT_FUEL))
		return;
	/* Never more than there are bytes in a memory: nothing wraps around. */
	view->fuel -= (int64_t)units;
	helper_trap_unless(view->fuel >= 0, context, SV_TRAP_FUEL);
}

int64_t helper_memory_grow(struct sv_context *context, uint32_t memory, uint64_t pages)
{
	return memory_grow(context->instance->memories[memory], pages);
}

/* Faults of our own code that the system does not let us mend would end the process. */
static void helper_memory_open(struct sv_context *context, struct sv_memory *memory, uint64_t to,
		uint64_t length)
{
	if (!memory_open(memory, to, length))
		trap_raise(context->store, SV_TRAP_MEMORY_LIMIT, trap_refused_text);
}

void helper_memory_fill(struct sv_context *context, uint32_t memory, uint64_t to, uint32_t byte,
		uint64_t length)
{
	struct sv_memory *target = context->instance->memories[memory];
	helper_trap_unless(memory_holds(target, to, length), context, SV_TRAP_MEMORY_BOUNDS);
	helper_take_fuel(context, length / HELPER_FUEL_BYTES);
	helper_memory_open(context, target, to, length);
	while (length > 0) {
		uint64_t step = length < HELPER_STEP ? length : HELPER_STEP;
		memset(memory_base(target) + to, (int)(byte & 0xff), step);
		to += step;
		length -= step;
		helper_pause(context);
	}
}

/* In steps from the end that keeps overlapping bytes intact. */
void helper_move(struct sv_context *context, uint8_t *to, const uint8_t *from, uint64_t length)
{
	bool backwards = to > from;
	for (uint64_t done = 0; done < length;) {
		uint64_t step = length - done < HELPER_STEP ? length - done : HELPER_STEP;
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
	helper_take_fuel(context, length / HELPER_FUEL_BYTES);
	helper_memory_open(context, target, to, length);
	helper_move(context, memory_base(target) + to, memory_base(source) + from, length);
}

void helper_memory_init(struct sv_context *context, uint32_t segment, uint32_t memory, uint64_t to,
		uint32_t from, uint32_t length)
{
	enum sv_trap trap =
			segment_init_memory(context->instance, segment, memory, to, from, length);
	helper_trap_unless(trap == SV_TRAP_NONE, context, trap);
	helper_take_fuel(context, length / HELPER_FUEL_BYTES);
}

/* The address of an atomic operator, checked as compiled code checks it. */
static uint64_t helper_atomic_address(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint32_t width)
{
	const struct sv_memory *target = context->instance->memories[memory];
	uint64_t address = index + offset;
	helper_trap_unless(address % width == 0, context, SV_TRAP_UNALIGNED_ATOMIC);
	helper_trap_unless(address >= index && memory_holds(target, address, width), context,
			SV_TRAP_MEMORY_BOUNDS);
	return address;
}

/* Nobody can wait in a memory that is not shared. */
int32_t helper_memory_notify(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint32_t count)
{
	uint64_t address = helper_atomic_address(context, memory, index, offset, sizeof(uint32_t));
	struct sv_shared_memory *shared = context->instance->memories[memory]->shared;
	return shared ? (int32_t)wait_notify(shared, address, count) : 0;
}

static int32_t helper_wait(struct sv_context *context, uint32_t memory,
		const struct wait_order *order)
{
	struct sv_shared_memory *shared = context->instance->memories[memory]->shared;
	helper_trap_unless(shared != NULL, context, SV_TRAP_EXPECTED_SHARED);
	enum wait_result result = wait_sleep(shared, order, &context->store->state.pending);
	if (result == WAIT_ENDED)
		trap_leave_pending(context->store);
	return (int32_t)result;
}

int32_t helper_memory_wait32(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint32_t expected, int64_t timeout)
{
	struct wait_order order = {.width = sizeof expected, .expected = expected,
			.timeout = timeout};
	order.address = helper_atomic_address(context, memory, index, offset, order.width);
	return helper_wait(context, memory, &order);
}

int32_t helper_memory_wait64(struct sv_context *context, uint32_t memory, uint64_t index,
		uint64_t offset, uint64_t expected, int64_t timeout)
{
	struct wait_order order = {.width = sizeof expected, .expected = expected,
			.timeout = timeout};
	order.address = helper_atomic_address(context, memory, index, offset, order.width);
	return helper_wait(context, memory, &order);
}

void helper_data_drop(struct sv_context *context, uint32_t segment)
{
	segment_drop_data(context->instance, segment);
}

void *helper_table_get(struct sv_context *context, uint32_t table, uint64_t index)
{
	const struct sv_table_object *source = context->instance->tables[table];
	helper_trap_unless(table_holds(source, index, 1), context, SV_TRAP_TABLE_BOUNDS);
	return table_get(source, index);
}

void helper_table_set(struct sv_context *context, uint32_t table, uint64_t index, void *reference)
{
	struct sv_table_object *target = context->instance->tables[table];
	helper_trap_unless(table_holds(target, index, 1), context, SV_TRAP_TABLE_BOUNDS);
	table_touch(target, index, 1);
	table_set(target, index, reference);
}

int64_t helper_table_grow(struct sv_context *context, uint32_t table, void *reference,
		uint64_t count)
{
	struct sv_table_object *target = context->instance->tables[table];
	table_touch(target, target->view.size, 0);
	int64_t size = table_grow(target, reference, count);
	if (size >= 0)
		helper_take_fuel(context, count);
	return size;
}

void helper_table_fill(struct sv_context *context, uint32_t table, uint64_t index, void *reference,
		uint64_t count)
{
	struct sv_table_object *target = context->instance->tables[table];
	helper_trap_unless(table_holds(target, index, count), context, SV_TRAP_TABLE_BOUNDS);
	helper_take_fuel(context, count);
	table_touch(target, index, count);
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
	helper_take_fuel(context, count);
	table_touch(target, to, count);
	table_copy(target, to, source, from, count);
}

void helper_table_init(struct sv_context *context, uint32_t segment, uint32_t table, uint64_t to,
		uint32_t from, uint32_t count)
{
	struct sv_table_object *target = context->instance->tables[table];
	if (table_holds(target, to, count))
		table_touch(target, to, count);
	enum sv_trap trap = segment_init_table(context->instance, segment, table, to, from, count);
	helper_trap_unless(trap == SV_TRAP_NONE, context, trap);
	helper_take_fuel(context, count);
}

void helper_elem_drop(struct sv_context *context, uint32_t segment)
{
	segment_drop_elements(context->instance, segment);
}

void *helper_ref_func(struct sv_context *context, uint32_t function)
{
	const struct sv_instance *instance = context->instance;
	uint32_t reference = artifact_functions(instance->artifact)[function].reference;
	check(reference != SV_NO_INDEX);
	return instance->references[reference];
}
