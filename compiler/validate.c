/*
 * validate.c: the rules of a module outside of bodies (Core 2.0, 3.2 and 3.4): indices, limits,
 * constant expressions, names of exports; and the public sv_validate.
 */
#include "compiler/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "compiler/compiler.h"
#include "compiler/feature.h"

/* A module and where to report; what each rule gets. */
struct rules {
	const struct module *module;
	struct sv_error *error;
	struct validator v; /* of constant expressions and bodies */
};

static bool rule_fail(struct rules *r, uint64_t offset, const char *format, ...) SV_PRINTF(3, 4);

static bool rule_fail(struct rules *r, uint64_t offset, const char *format, ...)
{
	char text[sizeof r->error->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return sv_fail_at(r->error, SV_ERROR_INVALID, (int64_t)offset, "%s", text);
}

/* ---- declarations ---- */

/* The larger of the two: what must be in range. */
static uint64_t limits_most(const struct limits *limits)
{
	return limits->has_maximum && limits->maximum > limits->minimum ? limits->maximum
									: limits->minimum;
}

static bool validate_limits(struct rules *r, const struct limits *limits, uint64_t offset)
{
	if (!limits->has_maximum || limits->minimum <= limits->maximum)
		return true;
	return rule_fail(r, offset, "size minimum must not be greater than maximum: %llu and %llu",
			(unsigned long long)limits->minimum, (unsigned long long)limits->maximum);
}

static bool validate_functions(struct rules *r)
{
	for (uint32_t i = 0; i < r->module->function_count; i++) {
		const struct function *function = &r->module->functions[i];
		if (function->type >= r->module->type_count ||
				r->module->types[function->type].kind != SV_KIND_FUNCTION)
			return rule_fail(r, function->offset, "unknown type %u of function %u",
					function->type, i);
	}
	return true;
}

/* Entries start as null unless there is a value for them. */
static bool validate_table(struct rules *r, const struct table *table, bool is_own)
{
	uint64_t most = limits_most(&table->limits);
	if (!table->limits.is_64 && most > UINT32_MAX)
		return rule_fail(r, table->offset,
				"table size must be at most 2^32-1 entries, not %llu",
				(unsigned long long)most);
	TRY(validate_limits(r, &table->limits, table->offset));
	if (table->has_initial)
		return validate_constant(&r->v, &table->initial, table->element,
				r->module->imported_globals);
	if (!is_own || sv_type_is_nullable(table->element))
		return true;
	return rule_fail(r, table->offset, "type mismatch: a table of %s needs an initial value",
			sv_type_text(table->element).text);
}

static bool validate_tables(struct rules *r)
{
	const struct module *module = r->module;
	for (uint32_t i = 0; i < module->table_count; i++)
		TRY(validate_table(r, &module->tables[i], i >= module->imported_tables));
	if (module->table_count <= 1)
		return true;
	return feature_require(module->features, SV_FEATURE_REFERENCE_TYPES,
			module->tables[1].offset, "a module with multiple tables", r->error);
}

static bool validate_memory(struct rules *r, const struct memory *memory)
{
	const struct limits *limits = &memory->limits;
	if (limits->page_log2 != 0 && limits->page_log2 != SV_WASM_PAGE_LOG2)
		return rule_fail(r, memory->offset,
				"invalid custom page size 2^%u: pages have 1 or 65536 bytes",
				limits->page_log2);
	uint64_t most = limits_most(limits);
	uint64_t allowed = sv_memory_most_pages(limits->is_64, limits->page_log2);
	if (most > allowed)
		return rule_fail(r, memory->offset,
				"memory size must be at most %llu pages%s, not %llu",
				(unsigned long long)allowed,
				allowed == SV_MEMORY32_MAX_PAGES ? " (4GiB)" : "",
				(unsigned long long)most);
	if (limits->is_shared && !limits->has_maximum)
		return rule_fail(r, memory->offset, "shared memory must have maximum");
	return validate_limits(r, limits, memory->offset);
}

static bool validate_memories(struct rules *r)
{
	const struct module *module = r->module;
	for (uint32_t i = 0; i < module->memory_count; i++)
		TRY(validate_memory(r, &module->memories[i]));
	if (module->memory_count <= 1)
		return true;
	return feature_require(module->features, SV_FEATURE_MULTI_MEMORY,
			module->memories[1].offset, "a module with multiple memories", r->error);
}

static bool validate_tags(struct rules *r)
{
	const struct module *module = r->module;
	for (uint32_t i = 0; i < module->tag_count; i++) {
		const struct tag *tag = &module->tags[i];
		if (tag->type >= module->type_count ||
				module->types[tag->type].kind != SV_KIND_FUNCTION)
			return rule_fail(r, tag->offset, "unknown type %u of tag %u", tag->type, i);
		if (module->types[tag->type].function.result_count)
			return rule_fail(r, tag->offset,
					"non-empty tag result type: tag %u yields %u values", i,
					module->types[tag->type].function.result_count);
	}
	return true;
}

static bool validate_globals(struct rules *r)
{
	for (uint32_t i = r->module->imported_globals; i < r->module->global_count; i++) {
		const struct global *global = &r->module->globals[i];
		TRY(validate_constant(&r->v, &global->initial, global->type, i));
	}
	return true;
}

/* ---- segments ---- */

static bool validate_element(struct rules *r, const struct element_segment *segment)
{
	uint32_t globals = r->module->global_count;
	if (segment->mode == SV_SEGMENT_ACTIVE) {
		if (segment->table >= r->module->table_count)
			return rule_fail(r, segment->offset, "unknown table %u", segment->table);
		const struct table *table = &r->module->tables[segment->table];
		if (!type_matches(r->module, segment->type, table->element))
			return rule_fail(r, segment->offset,
					"type mismatch: a segment of %s for a table of %s",
					sv_type_text(segment->type).text,
					sv_type_text(table->element).text);
		TRY(validate_constant(&r->v, &segment->index, limits_index_type(&table->limits),
				globals));
	}
	for (uint32_t i = 0; i < segment->item_count; i++)
		TRY(validate_constant(&r->v, &segment->items[i], segment->type, globals));
	return true;
}

static bool validate_segments(struct rules *r)
{
	for (uint32_t i = 0; i < r->module->element_count; i++)
		TRY(validate_element(r, &r->module->elements[i]));
	for (uint32_t i = 0; i < r->module->data_count; i++) {
		const struct data_segment *segment = &r->module->data[i];
		if (segment->mode == SV_SEGMENT_PASSIVE)
			continue;
		if (segment->memory >= r->module->memory_count)
			return rule_fail(r, segment->offset, "unknown memory %u", segment->memory);
		const struct limits *limits = &r->module->memories[segment->memory].limits;
		TRY(validate_constant(&r->v, &segment->address, limits_index_type(limits),
				r->module->global_count));
	}
	return true;
}

/* ---- exports and start ---- */

static uint32_t extern_count(const struct module *module, enum sv_extern_kind kind)
{
	const uint32_t counts[] = {
			[SV_EXTERN_FUNCTION] = module->function_count,
			[SV_EXTERN_TABLE] = module->table_count,
			[SV_EXTERN_MEMORY] = module->memory_count,
			[SV_EXTERN_GLOBAL] = module->global_count,
			[SV_EXTERN_TAG] = module->tag_count,
	};
	return counts[kind];
}

static bool validate_export(struct rules *r, const struct export *export)
{
	if (export->index >= extern_count(r->module, export->kind))
		return rule_fail(r, export->offset, "unknown %s %u",
				sv_extern_kind_name(export->kind), export->index);
	if (export->kind != SV_EXTERN_GLOBAL || !r->module->globals[export->index].mutable)
		return true;
	return feature_require(r->module->features, SV_FEATURE_MUTABLE_GLOBALS, export->offset,
			"an exported mutable global", r->error);
}

/* By name; exports of one name by place, so that the second one is reported. */
static int export_compare(const void *left, const void *right)
{
	const struct export *a = *(const struct export *const *)left;
	const struct export *b = *(const struct export *const *)right;
	if (a->name.length != b->name.length)
		return a->name.length < b->name.length ? -1 : 1;
	int order = a->name.length ? memcmp(a->name.data, b->name.data, a->name.length) : 0;
	if (order)
		return order;
	return a->offset < b->offset ? -1 : 1;
}

static bool names_equal(struct sv_bytes a, struct sv_bytes b)
{
	return a.length == b.length && (!a.length || memcmp(a.data, b.data, a.length) == 0);
}

static bool validate_export_names(struct rules *r, struct arena *scratch)
{
	uint32_t count = r->module->export_count;
	const struct export **sorted = arena_new(scratch, count, sizeof *sorted);
	if (!sorted)
		return sv_fail(r->error, SV_ERROR_NO_MEMORY, "no memory for the names of exports");
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &r->module->exports[i];
	qsort(sorted, count, sizeof *sorted, export_compare);
	for (uint32_t i = 1; i < count; i++) {
		struct sv_bytes name = sorted[i]->name;
		if (names_equal(name, sorted[i - 1]->name))
			return rule_fail(r, sorted[i]->offset, "duplicate export name %.*s",
					(int)(name.length < 200 ? name.length : 200),
					(const char *)name.data);
	}
	return true;
}

static bool validate_exports(struct rules *r)
{
	for (uint32_t i = 0; i < r->module->export_count; i++)
		TRY(validate_export(r, &r->module->exports[i]));
	struct arena scratch;
	arena_init(&scratch, 0);
	bool ok = validate_export_names(r, &scratch);
	arena_finish(&scratch);
	return ok;
}

static bool validate_start(struct rules *r)
{
	const struct module *module = r->module;
	if (module->start == SV_NO_INDEX && !module->start_offset)
		return true;
	if (module->start >= module->function_count)
		return rule_fail(r, module->start_offset, "unknown function %u", module->start);
	const struct function_type *type = module_function_type(module, module->start);
	if (type->parameter_count == 0 && type->result_count == 0)
		return true;
	return rule_fail(r, module->start_offset,
			"start function %u has %u parameters and %u results, not none",
			module->start, type->parameter_count, type->result_count);
}

static bool validate_module(struct rules *r)
{
	TRY(validate_types(r->module, r->error));
	TRY(validate_functions(r));
	TRY(validate_tables(r));
	TRY(validate_memories(r));
	TRY(validate_tags(r));
	TRY(validate_globals(r));
	TRY(validate_exports(r));
	TRY(validate_start(r));
	TRY(validate_segments(r));
	return validate_bodies(&r->v);
}

bool module_validate(const struct module *module, struct sv_error *error)
{
	struct rules r = {.module = module, .error = error};
	validator_init(&r.v, module, error);
	bool ok = validate_module(&r);
	validator_finish(&r.v);
	return ok;
}

bool sv_validate(struct sv_bytes bytes, const struct sv_compile_options *options,
		struct sv_error *error)
{
	struct module module;
	TRY(module_read(&module, bytes, options->features, error));
	bool ok = module_validate(&module, error);
	module_finish(&module);
	return ok;
}
