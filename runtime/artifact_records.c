/*
 * artifact_records.c: do the records of a mapped artifact agree with each other? The
 * checksum has already said that they are what the compiler wrote; this keeps a compiler
 * of another mind from making the runtime read outside the artifact. What needs more of a type
 * than its number is artifact_values.c's.
 */
#include "runtime/artifact.h"

#include <inttypes.h>

#include "abi/limits.h"

static bool records_fail(struct sv_error *error, const char *what)
{
	return sv_fail(error, SV_ERROR_ARTIFACT, "has inconsistent records: %s", what);
}

static bool records_check_span(const struct sv_artifact *artifact, struct sv_span span, size_t size,
		size_t alignment, const char *name, struct sv_error *error)
{
	uintptr_t start = (uintptr_t)artifact->header + (uintptr_t)(intptr_t)span.offset;
	if (span.count == 0)
		return true;
	if (start % alignment != 0 || !artifact_holds(artifact, start, span.count * size))
		return sv_fail(error, SV_ERROR_ARTIFACT, "has inconsistent records: %s is outside",
				name);
	return true;
}

static bool records_check_spans(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
#define ARTIFACT_ARRAY(name, type) \
	TRY(records_check_span(artifact, header->name, sizeof(type), _Alignof(type), #name, error));
#include "runtime/artifact_arrays.def"
#undef ARTIFACT_ARRAY
	return true;
}

static bool records_check_head(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	if (header->magic != SV_ARTIFACT_MAGIC)
		return records_fail(error, "no magic number");
	if (header->abi_version != SV_ABI_VERSION || header->header_size != sizeof *header)
		return records_fail(error, "header of another version");
	if (header->bounds != SV_BOUNDS_GUARD && header->bounds != SV_BOUNDS_CHECK)
		return records_fail(error, "unknown bounds strategy");
	const uint32_t flags = SV_ARTIFACT_OBJECTS | SV_ARTIFACT_PROPAGATES |
			SV_ARTIFACT_SNAPSHOT | SV_ARTIFACT_FUEL;
	if (header->flags & ~flags || header->optimisation > 3 || header->reserved)
		return records_fail(error, "unknown flags or level");
	/* A module without functions may have no text. */
	uintptr_t base = (uintptr_t)header;
	if (header->text_start == header->text_end)
		return true;
	if (base + (uintptr_t)(intptr_t)header->text_start < artifact->text_start ||
			base + (uintptr_t)(intptr_t)header->text_end > artifact->text_end ||
			header->text_start > header->text_end)
		return records_fail(error, "text outside the executable segment");
	return true;
}

/* As for modules, so that the size of a context is a number of 32 bits. */
static bool records_check_limits(const struct sv_artifact_header *header, struct sv_error *error)
{
	if (header->types.count > SV_MAX_TYPES || header->imports.count > SV_MAX_IMPORTS ||
			header->exports.count > SV_MAX_EXPORTS ||
			header->functions.count > SV_MAX_FUNCTIONS ||
			header->tables.count > SV_MAX_TABLES ||
			header->memories.count > SV_MAX_MEMORIES ||
			header->globals.count > SV_MAX_GLOBALS ||
			header->tags.count > SV_MAX_TAGS || header->data.count > SV_MAX_SEGMENTS ||
			header->elements.count > SV_MAX_SEGMENTS)
		return records_fail(error, "more of a kind than a module may have");
	return true;
}

static bool range_holds(uint32_t count, uint64_t first, uint64_t length)
{
	return first <= count && length <= count - first;
}

static bool name_is_valid(const struct sv_artifact_header *header, struct sv_name name)
{
	return range_holds(header->strings.count, name.offset, name.length);
}

static bool records_check_counts(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	TRY(records_check_limits(header, error));
	if (header->imported_functions > header->functions.count ||
			header->imported_tables > header->tables.count ||
			header->imported_memories > header->memories.count ||
			header->imported_globals > header->globals.count ||
			header->imported_tags > header->tags.count)
		return records_fail(error, "more imports than there are");
	if (header->code.count != header->functions.count - header->imported_functions ||
			header->entries.count != header->types.count ||
			header->thunks.count != header->types.count)
		return records_fail(error, "code tables of another length");
	if (header->reference_count > header->functions.count)
		return records_fail(error, "more references than functions");
	if (header->start != SV_NO_INDEX && header->start >= header->functions.count)
		return records_fail(error, "start function");
	if (!name_is_valid(header, header->module_name))
		return records_fail(error, "name of the module");
	return true;
}

/* A value type whose heap type, if defined, is below `types`. */
static bool code_is_valid(uint32_t code, bool is_field, uint32_t types)
{
	enum sv_type type = (enum sv_type)(is_field ? code & ~SV_FIELD_MUTABLE : code);
	if (sv_type_is_defined(type))
		return sv_type_index(type) < types;
	if (sv_type_is_reference(type))
		return sv_heap_name(sv_type_heap(type))[0] != '?';
	return sv_type_size(type) != 0 && (is_field || (type != SV_TYPE_I8 && type != SV_TYPE_I16));
}

/* Groups follow each other, and name types up to their own last one. */
static bool type_is_valid(const struct sv_artifact *artifact, uint32_t index, uint32_t group_end)
{
	const struct sv_artifact_header *header = artifact->header;
	const struct sv_type_record *type = &artifact_types(artifact)[index];
	bool is_function = type->kind == SV_KIND_FUNCTION;
	uint32_t most = is_function ? SV_MAX_PARAMETERS : SV_MAX_FIELDS;
	uint32_t count = (uint32_t)type->parameter_count + type->result_count;
	if (type->kind > SV_KIND_ARRAY || type->is_final > 1 || type->reserved ||
			type->parameter_count > most ||
			type->result_count > (is_function ? SV_MAX_RESULTS : 0) ||
			(type->kind == SV_KIND_ARRAY && type->parameter_count != 1) ||
			!range_holds(header->type_codes.count, type->offset, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!code_is_valid(artifact_type_codes(artifact)[type->offset + i], !is_function,
				    group_end))
			return false;
	}
	return true;
}

/* A super-type comes before, and the chain of them is short enough for the display. */
static bool supertype_is_valid(const struct sv_artifact *artifact, uint32_t index)
{
	const struct sv_type_record *types = artifact_types(artifact);
	uint32_t depth = 0;
	for (uint32_t at = index; types[at].supertype != SV_NO_INDEX; at = types[at].supertype) {
		if (types[at].supertype >= at || ++depth > SV_MAX_TYPE_DEPTH ||
				types[types[at].supertype].kind != types[index].kind)
			return false;
	}
	return true;
}

static bool records_check_groups(const struct sv_artifact *artifact, struct sv_error *error)
{
	uint32_t count = artifact->header->types.count;
	const struct sv_type_record *types = artifact_types(artifact);
	for (uint32_t first = 0, end; first < count; first = end) {
		for (end = first; end < count && types[end].group == first;)
			end++;
		if (end == first)
			return records_fail(error, "group of types");
		for (uint32_t i = first; i < end; i++) {
			if (!type_is_valid(artifact, i, end) || !supertype_is_valid(artifact, i))
				return records_fail(error, "type");
		}
	}
	return true;
}

/* Functions that can be referred to are numbered in order, so that no two share a number. */
static bool records_check_functions(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t references = 0;
	for (uint32_t i = 0; i < header->functions.count; i++) {
		const struct sv_function_record *function = &artifact_functions(artifact)[i];
		if (function->type >= header->types.count ||
				artifact_types(artifact)[function->type].kind != SV_KIND_FUNCTION ||
				!name_is_valid(header, function->name) || function->reserved)
			return records_fail(error, "function");
		if (function->reference == SV_NO_INDEX)
			continue;
		if (function->reference != references)
			return records_fail(error, "number of a function's reference");
		references++;
	}
	if (references != header->reference_count)
		return records_fail(error, "number of references");
	return true;
}

/* Each own function has a counter at least, or there are none at all. */
static bool records_check_profile(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t digest = header->profile_module.count;
	if ((digest != 0 && digest != SV_PROFILE_DIGEST) ||
			header->profile.count != (digest ? header->code.count : 0))
		return records_fail(error, "profile");
	for (uint32_t i = 0; i < header->profile.count; i++) {
		if (artifact_profile(artifact)[i].counters == 0)
			return records_fail(error, "counters of a function");
	}
	return true;
}

/* Imports of one kind are in order; that of a function has its type once more. */
static bool import_is_valid(const struct sv_artifact *artifact,
		const struct sv_import_record *import, uint32_t number, uint32_t imported)
{
	const struct sv_artifact_header *header = artifact->header;
	if (!name_is_valid(header, import->module) || !name_is_valid(header, import->name) ||
			number >= imported)
		return false;
	if (import->kind != SV_EXTERN_FUNCTION)
		return import->index == number;
	return import->index == artifact_functions(artifact)[number].type;
}

static bool records_check_imports(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t seen[SV_EXTERN_KINDS] = {0};
	const uint32_t imported[SV_EXTERN_KINDS] = {header->imported_functions,
			header->imported_tables, header->imported_memories,
			header->imported_globals, header->imported_tags};
	for (uint32_t i = 0; i < header->imports.count; i++) {
		const struct sv_import_record *import = &artifact_imports(artifact)[i];
		if (import->kind >= SV_EXTERN_KINDS ||
				!import_is_valid(artifact, import, seen[import->kind],
						imported[import->kind]))
			return records_fail(error, "import");
		seen[import->kind]++;
	}
	for (unsigned kind = 0; kind < SV_EXTERN_KINDS; kind++) {
		if (seen[kind] != imported[kind])
			return records_fail(error, "number of imports");
	}
	return true;
}

static bool records_check_exports(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	const uint32_t counts[SV_EXTERN_KINDS] = {header->functions.count, header->tables.count,
			header->memories.count, header->globals.count, header->tags.count};
	for (uint32_t i = 0; i < header->exports.count; i++) {
		const struct sv_export_record *export = &artifact_exports(artifact)[i];
		if (export->kind >= SV_EXTERN_KINDS || export->index >= counts[export->kind] ||
				!name_is_valid(header, export->name))
			return records_fail(error, "export");
		if (export->kind == SV_EXTERN_FUNCTION &&
				artifact_functions(artifact)[export->index].reference ==
						SV_NO_INDEX)
			return records_fail(error, "an exported function without reference");
	}
	return true;
}

static bool records_limits_are_valid(const struct sv_limits_record *limits)
{
	return limits->has_maximum <= 1 && limits->is_64 <= 1 && limits->is_shared <= 1 &&
			!limits->reserved &&
			(!limits->has_maximum || limits->minimum <= limits->maximum);
}

static bool records_memory_type_is_valid(const struct sv_limits_record *limits)
{
	if (limits->page_log2 != 0 && limits->page_log2 != SV_WASM_PAGE_LOG2)
		return false;
	uint64_t most = sv_memory_most_pages(limits->is_64, limits->page_log2);
	return records_limits_are_valid(limits) && (limits->has_maximum || !limits->is_shared) &&
			limits->minimum <= most &&
			(!limits->has_maximum || limits->maximum <= most);
}

static bool records_table_type_is_valid(const struct sv_limits_record *limits)
{
	uint64_t most = limits->is_64 ? UINT64_MAX : UINT32_MAX;
	return records_limits_are_valid(limits) && !limits->is_shared &&
			limits->page_log2 == SV_WASM_PAGE_LOG2 && limits->minimum <= most &&
			(!limits->has_maximum || limits->maximum <= most);
}

/* Imported memories have no image: it would overwrite what is there. */
static bool records_check_memory(const struct sv_artifact *artifact, uint32_t index,
		struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	const struct sv_memory_record *memory = &artifact_memories(artifact)[index];
	if (!range_holds(header->extents.count, memory->first_extent, memory->extent_count) ||
			(index < header->imported_memories && memory->extent_count != 0) ||
			!records_memory_type_is_valid(&memory->limits) ||
			(memory->extent_count && memory->limits.page_log2 == 0))
		return records_fail(error, "memory");
	uint64_t size = sv_memory_bytes(memory->limits.minimum, memory->limits.page_log2);
	uint64_t end = 0; /* of the extent before: they are in order */
	for (uint32_t i = 0; i < memory->extent_count; i++) {
		const struct sv_extent_record *extent =
				&artifact_extents(artifact)[memory->first_extent + i];
		if ((extent->address | extent->offset | extent->length) % SV_HOST_PAGE != 0 ||
				extent->length == 0 || extent->address < end ||
				extent->address > size ||
				extent->length > size - extent->address ||
				!range_holds(header->image.count, extent->offset, extent->length))
			return records_fail(error, "initial contents of a memory");
		end = extent->address + extent->length;
	}
	return true;
}

/* One that refers to what exists; `globals` are those it may name. */
static bool constant_is_valid(const struct sv_artifact *artifact,
		const struct sv_constant *constant, uint32_t globals)
{
	const struct sv_artifact_header *header = artifact->header;
	if (constant->kind != SV_CONSTANT_GLOBAL &&
			!code_is_valid(constant->type, false, header->types.count))
		return false;
	switch (constant->kind) {
	case SV_CONSTANT_BITS:
	case SV_CONSTANT_NULL:
		return true;
	case SV_CONSTANT_GLOBAL:
		return constant->value < globals;
	case SV_CONSTANT_FUNCTION:
		return constant->value < header->functions.count &&
				artifact_functions(artifact)[constant->value].reference !=
						SV_NO_INDEX;
	case SV_CONSTANT_CODE:
		return constant->value < header->constants.count;
	default:
		return false;
	}
}

static bool records_check_tables(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = 0; i < header->tables.count; i++) {
		const struct sv_table_record *table = &artifact_tables(artifact)[i];
		if (!records_table_type_is_valid(&table->limits) || table->has_initial > 1 ||
				(i < header->imported_tables && table->has_initial))
			return records_fail(error, "table");
		if (!code_is_valid(table->element_type, false, header->types.count) ||
				!sv_type_is_reference((enum sv_type)table->element_type))
			return records_fail(error, "type of a table");
		if (table->has_initial &&
				!constant_is_valid(artifact, &table->initial,
						header->imported_globals))
			return records_fail(error, "initial value of a table");
	}
	return true;
}

static bool records_check_globals(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = 0; i < header->globals.count; i++) {
		const struct sv_global_record *global = &artifact_globals(artifact)[i];
		if (!code_is_valid(global->type, false, header->types.count) || global->mutable > 1)
			return records_fail(error, "type of a global");
		if (i >= header->imported_globals &&
				!constant_is_valid(artifact, &global->initial, i))
			return records_fail(error, "global");
	}
	for (uint32_t i = 0; i < header->tags.count; i++) {
		const struct sv_tag_record *tag = &artifact_tags(artifact)[i];
		if (tag->type >= header->types.count || tag->reserved ||
				artifact_types(artifact)[tag->type].kind != SV_KIND_FUNCTION ||
				artifact_types(artifact)[tag->type].result_count != 0)
			return records_fail(error, "tag");
	}
	return true;
}

/* Nothing is left of a segment that is in the image, or dropped. */
static bool data_is_valid(const struct sv_artifact *artifact, const struct sv_data_record *data)
{
	const struct sv_artifact_header *header = artifact->header;
	if (!range_holds(header->segment_bytes.count, data->offset, data->length))
		return false;
	switch (data->mode) {
	case SV_SEGMENT_PASSIVE:
		return true;
	case SV_SEGMENT_ACTIVE:
		return data->memory < header->memories.count &&
				constant_is_valid(artifact, &data->address, header->globals.count);
	case SV_SEGMENT_IMAGE:
		return data->length == 0;
	default:
		return false;
	}
}

static bool element_is_valid(const struct sv_artifact *artifact,
		const struct sv_element_record *element)
{
	const struct sv_artifact_header *header = artifact->header;
	if (element->reserved || !code_is_valid(element->type, false, header->types.count) ||
			!sv_type_is_reference((enum sv_type)element->type))
		return false;
	if (element->mode == SV_SEGMENT_ACTIVE)
		return element->table < header->tables.count &&
				constant_is_valid(artifact, &element->index, header->globals.count);
	return element->mode == SV_SEGMENT_PASSIVE || element->mode == SV_SEGMENT_DECLARED;
}

/* In a snapshot the module's own segments come first, none of them active. */
static bool mode_may_follow(const struct sv_artifact_header *header, uint32_t mode, uint32_t before)
{
	return !(header->flags & SV_ARTIFACT_SNAPSHOT) || before != SV_SEGMENT_ACTIVE ||
			mode == SV_SEGMENT_ACTIVE;
}

static bool records_check_data(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t before = SV_SEGMENT_PASSIVE;
	for (uint32_t i = 0; i < header->data.count; i++) {
		const struct sv_data_record *data = &artifact_data(artifact)[i];
		if (!data_is_valid(artifact, data) || !mode_may_follow(header, data->mode, before))
			return records_fail(error, "data segment");
		before = data->mode;
	}
	return true;
}

/* Each item belongs to one element segment: dropping that one forgets it. */
static bool records_check_elements(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t items = 0, before = SV_SEGMENT_PASSIVE;
	for (uint32_t i = 0; i < header->elements.count; i++) {
		const struct sv_element_record *element = &artifact_elements(artifact)[i];
		if (!element_is_valid(artifact, element) ||
				!mode_may_follow(header, element->mode, before))
			return records_fail(error, "element segment");
		before = element->mode;
		if (element->first_item != items ||
				!range_holds(header->items.count, items, element->item_count))
			return records_fail(error, "items of an element segment");
		items += element->item_count;
	}
	if (items != header->items.count)
		return records_fail(error, "items of no element segment");
	for (uint32_t i = 0; i < header->items.count; i++) {
		if (!constant_is_valid(artifact, &artifact_items(artifact)[i],
				    header->globals.count))
			return records_fail(error, "item of an element segment");
	}
	return true;
}

/* Every piece of code that the tables lead to is in the artifact's text. */
static bool records_check_code(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	uintptr_t start = (uintptr_t)header + (uintptr_t)(intptr_t)header->text_start;
	uintptr_t size = (uintptr_t)(header->text_end - header->text_start);
	for (uint32_t i = 0; i < header->code.count; i++) {
		uint32_t function = header->imported_functions + i;
		if ((uintptr_t)artifact_function_code(artifact, function) - start >= size)
			return records_fail(error, "code of a function");
	}
	for (uint32_t i = 0; i < header->types.count; i++) {
		if ((uintptr_t)artifact_entry(artifact, i) - start >= size ||
				(uintptr_t)artifact_thunk(artifact, i) - start >= size)
			return records_fail(error, "code of a stub");
	}
	for (uint32_t i = 0; i < header->constants.count; i++) {
		if ((uintptr_t)artifact_expression(artifact, i) - start >= size)
			return records_fail(error, "code of a constant expression");
	}
	return true;
}

bool artifact_records_check(const struct sv_artifact *artifact, struct sv_error *error)
{
	TRY(records_check_head(artifact, error));
	TRY(records_check_spans(artifact, error));
	TRY(records_check_counts(artifact, error));
	TRY(records_check_code(artifact, error));
	TRY(records_check_groups(artifact, error));
	TRY(records_check_functions(artifact, error));
	TRY(records_check_profile(artifact, error));
	TRY(records_check_imports(artifact, error));
	TRY(records_check_exports(artifact, error));
	TRY(records_check_tables(artifact, error));
	for (uint32_t i = 0; i < artifact->header->memories.count; i++)
		TRY(records_check_memory(artifact, i, error));
	TRY(records_check_globals(artifact, error));
	TRY(records_check_data(artifact, error));
	return records_check_elements(artifact, error);
}
