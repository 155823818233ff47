/*
 * table.c: tables of references. Entries of a funcref table hold a copy of what a call
 * needs; see abi/layout.h.
 */
#include "runtime/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/heap.h"
#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/store.h"

bool table_is_of_functions(const struct sv_table_object *table)
{
	const struct value_type *element = &table->element;
	return element->defined ? element->defined->info.kind == SV_KIND_FUNCTION
				: sv_heap_top(sv_type_heap(element->type)) == SV_HEAP_FUNC;
}

static size_t table_entry_size(const struct sv_table_object *table)
{
	return table_is_of_functions(table) ? sizeof(struct sv_table_entry) : sizeof(void *);
}

/* Entries for `count`; the new ones are null. */
static bool table_reserve(struct sv_table_object *table, uint64_t count)
{
	if (count <= table->capacity)
		return true;
	uint64_t capacity = table->capacity + table->capacity / 2;
	if (capacity < count || capacity > table->maximum)
		capacity = count;
	size_t size = table_entry_size(table);
	if (capacity > SIZE_MAX / size)
		return false;
	char *entries = realloc(table->view.entries, capacity * size);
	if (!entries)
		return false;
	memset(entries + table->capacity * size, 0, (capacity - table->capacity) * size);
	table->view.entries = entries;
	table->capacity = capacity;
	return true;
}

/* Entries that a table of this type may ever have. */
static uint64_t table_maximum(const struct sv_limits_record *type)
{
	uint64_t most = type->is_64 ? UINT64_MAX : UINT32_MAX;
	return type->has_maximum && type->maximum < most ? type->maximum : most;
}

struct sv_table_object *table_new(struct sv_store *store, const struct value_type *element,
		const struct sv_limits_record *type, struct sv_error *error)
{
	struct sv_table_object *table = NULL;
	if (!store_take_entries(store, type->minimum)) {
		sv_fail(error, SV_ERROR_LIMIT,
				"a table needs %" PRIu64 " entries; the store's limit "
				"max_table_entries is %" PRIu64,
				type->minimum, store->limits.max_table_entries);
		return NULL;
	}
	table = calloc(1, sizeof *table);
	if (!table)
		goto give_entries;
	*table = (struct sv_table_object){.store = store,
			.element = *element,
			.type = *type,
			.initial = type->minimum,
			.maximum = table_maximum(type)};
	if (!table_reserve(table, type->minimum))
		goto free_table;
	table->view.size = type->minimum;
	table->next = store->tables;
	store->tables = table;
	return table;
free_table:
	free(table);
give_entries:
	store_give_entries(store, type->minimum);
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a table of %" PRIu64 " entries",
			type->minimum);
	return NULL;
}

struct sv_table_object *sv_table_new(struct sv_store *store, enum sv_type element,
		struct sv_size_limits limits, struct sv_error *error)
{
	struct sv_limits_record type = artifact_limits_record(limits);
	const struct value_type entries = {.type = element};
	if (sv_type_is_reference(element) && !sv_type_is_defined(element) &&
			limits.minimum <= table_maximum(&type))
		return table_new(store, &entries, &type, error);
	sv_fail(error, SV_ERROR_USAGE, "no table of %s can have %" PRIu64 " to %" PRIu64 " entries",
			sv_type_text(element).text, limits.minimum, limits.maximum);
	return NULL;
}

void table_free(struct sv_table_object *table)
{
	store_give_entries(table->store, table->view.size);
	free(table->sealed);
	free(table->view.entries);
	free(table);
}

void *table_get(const struct sv_table_object *table, uint64_t index)
{
	if (table_is_of_functions(table))
		return ((const struct sv_table_entry *)table->view.entries)[index].reference;
	return ((void *const *)table->view.entries)[index];
}

void table_set(struct sv_table_object *table, uint64_t index, void *reference)
{
	if (!table_is_of_functions(table)) {
		((void **)table->view.entries)[index] = reference;
		return;
	}
	struct sv_table_entry *entry = (struct sv_table_entry *)table->view.entries + index;
	struct sv_funcref *function = reference;
	*entry = (struct sv_table_entry){0};
	if (function)
		*entry = (struct sv_table_entry){.type = function->type, .code = function->code,
				.context = function->context, .reference = function};
}

int64_t table_grow(struct sv_table_object *table, void *reference, uint64_t count)
{
	uint64_t old = table->view.size;
	if (count > table->maximum - old || !store_take_entries(table->store, count))
		return -1;
	if (!table_reserve(table, old + count)) {
		store_give_entries(table->store, count);
		return -1;
	}
	table->view.size = old + count;
	for (uint64_t i = 0; i < count; i++)
		table_set(table, old + i, reference);
	return (int64_t)old;
}

void table_copy(struct sv_table_object *to, uint64_t to_index, const struct sv_table_object *from,
		uint64_t from_index, uint64_t count)
{
	size_t size = table_entry_size(to);
	if (count)
		memmove((char *)to->view.entries + to_index * size,
				(const char *)from->view.entries + from_index * size, count * size);
}

void table_seal(struct sv_table_object *table)
{
	table->is_sealed = true;
	table->is_written = false;
}

/* Where there is no memory for a copy, the table is filled anew after the reset. */
static void table_keep(struct sv_table_object *table)
{
	size_t bytes = table->initial * table_entry_size(table);
	table->sealed = malloc(bytes + 1);
	table->is_sealed = table->sealed != NULL;
	if (table->sealed && bytes)
		memcpy(table->sealed, table->view.entries, bytes);
}

void table_touch(struct sv_table_object *table, uint64_t index, uint64_t count)
{
	if (!table->is_written) {
		table->low = index;
		table->high = index;
		if (table->is_sealed && !table->sealed)
			table_keep(table);
	}
	table->is_written = true;
	table->low = index < table->low ? index : table->low;
	table->high = index + count > table->high ? index + count : table->high;
}

/* What was grown is given back: the next guest may not need it. */
static void table_shrink(struct sv_table_object *table)
{
	store_give_entries(table->store, table->view.size - table->initial);
	table->view.size = table->initial;
	if (table->capacity == table->initial)
		return;
	size_t size = (table->initial + 1) * table_entry_size(table);
	void *entries = realloc(table->view.entries, size);
	if (!entries)
		return;
	table->view.entries = entries;
	table->capacity = table->initial;
}

bool table_reset(struct sv_table_object *table)
{
	size_t size = table_entry_size(table);
	if (!table->is_written && table->is_sealed)
		return true;
	table_shrink(table);
	uint64_t high = table->high < table->initial ? table->high : table->initial;
	if (table->is_sealed && table->low < high)
		memcpy((char *)table->view.entries + table->low * size,
				(const char *)table->sealed + table->low * size,
				(high - table->low) * size);
	else if (!table->is_sealed && table->initial)
		memset(table->view.entries, 0, table->initial * size);
	table->is_written = false;
	return table->is_sealed;
}

struct sv_funcref *sv_table_function(struct sv_table_object *table, uint64_t index)
{
	if (!table_is_of_functions(table) || index >= table->view.size)
		return NULL;
	return table_get(table, index);
}
