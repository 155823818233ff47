/*
 * fixed_table.c: nobody but the module's element segments writes a table that is neither imported,
 * exported nor named by an operator that changes it; segments are done with before the first
 * function runs. Nearly all tables of C, C++ and Rust are so.
 */
#include "compiler/fixed_table.h"

#include <stdlib.h>

/* In the artifact an entry takes eight bytes. */
static const uint64_t fixed_entries_most = 65536;

static bool table_is_private(const struct module *module, const struct effects *effects,
		uint32_t table)
{
	if (table < module->imported_tables || effects->written_tables[table])
		return false;
	for (uint32_t i = 0; i < module->export_count; i++) {
		if (module->exports[i].kind == SV_EXTERN_TABLE && module->exports[i].index == table)
			return false;
	}
	return module->tables[table].limits.minimum <= fixed_entries_most &&
			type_matches(module, module->tables[table].element, SV_TYPE_FUNCREF);
}

static bool entry_of(const struct constant *constant, uint32_t *function)
{
	*function = SV_NO_INDEX;
	if (constant->value.kind == SV_CONSTANT_FUNCTION)
		*function = (uint32_t)constant->value.value;
	return constant->value.kind == SV_CONSTANT_FUNCTION ||
			constant->value.kind == SV_CONSTANT_NULL;
}

static bool table_fill(struct fixed_table *fixed, const struct table *table)
{
	uint32_t initial = SV_NO_INDEX;
	if (table->has_initial && !entry_of(&table->initial, &initial))
		return false;
	for (uint32_t i = 0; i < fixed->count; i++)
		fixed->entries[i] = initial;
	return true;
}

/* False if the place or an entry is only known when an instance is made, or is out of bounds. */
static bool table_add_segment(struct fixed_table *fixed, const struct element_segment *segment)
{
	uint64_t start = segment->index.value.value;
	if (segment->index.value.kind != SV_CONSTANT_BITS || start > fixed->count ||
			segment->item_count > fixed->count - start)
		return false;
	for (uint32_t i = 0; i < segment->item_count; i++) {
		if (!entry_of(&segment->items[i], &fixed->entries[start + i]))
			return false;
	}
	return true;
}

/* True if it is in bounds however large the table is that the instance gets. */
static bool segment_fits(const struct module *module, const struct element_segment *segment)
{
	uint64_t start = segment->index.value.value;
	uint64_t least = module->tables[segment->table].limits.minimum;
	return segment->index.value.kind == SV_CONSTANT_BITS && start <= least &&
			segment->item_count <= least - start;
}

/*
 * Segments are written one after the other. One that is out of bounds ends that, but functions may
 * be in an imported table by then, and run (specification, section 4.7.2, note on instantiation).
 */
static bool table_is_known(struct fixed_table *fixed, const struct module *module, uint32_t table)
{
	bool may_have_failed = false;
	if (!table_fill(fixed, &module->tables[table]))
		return false;
	for (uint32_t i = 0; i < module->element_count; i++) {
		const struct element_segment *segment = &module->elements[i];
		if (segment->mode != SV_SEGMENT_ACTIVE)
			continue;
		if (segment->table == table &&
				(may_have_failed || !table_add_segment(fixed, segment)))
			return false;
		may_have_failed |= !segment_fits(module, segment);
	}
	return true;
}

bool fixed_tables_find(struct fixed_tables *fixed, const struct module *module,
		const struct effects *effects, struct sv_error *error)
{
	*fixed = (struct fixed_tables){.count = module->table_count};
	fixed->tables = calloc((size_t)module->table_count + 1, sizeof *fixed->tables);
	if (!fixed->tables)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the tables");
	for (uint32_t i = 0; i < module->table_count; i++) {
		struct fixed_table *table = &fixed->tables[i];
		if (!table_is_private(module, effects, i))
			continue;
		table->count = (uint32_t)module->tables[i].limits.minimum;
		table->entries = calloc((size_t)table->count + 1, sizeof *table->entries);
		if (!table->entries)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a table");
		if (table_is_known(table, module, i))
			continue;
		free(table->entries);
		*table = (struct fixed_table){0};
	}
	return true;
}

void fixed_tables_finish(struct fixed_tables *fixed)
{
	for (uint32_t i = 0; fixed->tables && i < fixed->count; i++)
		free(fixed->tables[i].entries);
	free(fixed->tables);
	*fixed = (struct fixed_tables){0};
}

static struct fixed_function *targets_find(struct fixed_targets *targets, uint32_t function)
{
	for (uint32_t i = 0; i < targets->few_count; i++) {
		if (targets->few[i].function == function)
			return &targets->few[i];
	}
	if (targets->few_count == FIXED_FEW)
		return NULL;
	struct fixed_function *next = &targets->few[targets->few_count++];
	next->function = function;
	return next;
}

/* False if there is no place for the entry. */
static bool targets_add(struct fixed_targets *targets, uint32_t function, uint32_t entry)
{
	struct fixed_function *found = targets_find(targets, function);
	if (!found || found->count == FIXED_FEW_ENTRIES)
		return false;
	found->entries[found->count++] = entry;
	return true;
}

struct fixed_targets fixed_table_targets(const struct fixed_table *table,
		const struct module *module, uint32_t type)
{
	struct fixed_targets targets = {.all_own = true};
	bool few = true;
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t function = table->entries[i];
		if (function == SV_NO_INDEX)
			continue;
		uint32_t found = module->functions[function].type;
		if (!defined_matches(module, found, type))
			continue;
		targets.count++;
		targets.index = i;
		few = few && targets_add(&targets, function, i);
		targets.all_own &= function >= module->imported_functions &&
				module->types[found].canonical == module->types[type].canonical;
	}
	if (!targets.all_own || !few)
		targets.few_count = 0;
	return targets;
}
