/*
 * records.c: the module as plain records, which the runtime reads in place. Code and image
 * are not here: they are symbols of the object, and their places are known to the linker. What
 * abi/state.def names has a buffer of its own, which goes behind the image.
 */
#include "compiler/records.h"

#include <string.h>

#include "compiler/compiler.h"
#include "compiler/effects.h"
#include "compiler/profile_plan.h"

/* Start a span at the end of `place`, aligned for any record. */
static bool records_begin(struct buffer *place, struct sv_span *span, struct sv_error *error)
{
	static const uint8_t zeros[8];
	size_t padding = -place->length & 7;
	TRY(buffer_append(place, zeros, padding, error));
	if (place->length > INT32_MAX / 2)
		return sv_fail(error, SV_ERROR_LIMIT, "records of the module exceed 1 GiB");
	*span = (struct sv_span){.offset = (int32_t)place->length};
	return true;
}

static bool records_add(struct buffer *place, struct sv_span *span, const void *record, size_t size,
		struct sv_error *error)
{
	span->count++;
	return buffer_append(place, record, size, error);
}

static bool records_name(struct records *records, struct sv_bytes text, struct sv_name *name,
		struct sv_error *error)
{
	*name = (struct sv_name){(uint32_t)records->strings.length, (uint32_t)text.length};
	return buffer_append(&records->strings, text.data, text.length, error);
}

/*
 * A code as it stands in the record of `type`. A group that is equal to an earlier one has the
 * codes of that one, where members are named by their earlier indices; in its own records
 * they are its own members again, or the runtime would see another type.
 */
static uint32_t records_type_code(const struct defined_type *type, const struct defined_type *same,
		enum sv_type code)
{
	if (!sv_type_is_defined(code) ||
			sv_type_index(code) - same->group_first >= same->group_size)
		return (uint32_t)code;
	return (uint32_t)code + ((type->group_first - same->group_first) << 8);
}

static bool records_add_code(struct buffer *codes, uint32_t code, struct sv_error *error)
{
	return buffer_append(codes, &code, sizeof code, error);
}

static bool records_type_codes(struct buffer *codes, const struct defined_type *type,
		const struct defined_type *same, struct sv_error *error)
{
	const struct function_type *function = &same->function;
	for (uint32_t i = 0; i < function->parameter_count; i++)
		TRY(records_add_code(codes, records_type_code(type, same, function->parameters[i]),
				error));
	for (uint32_t i = 0; i < function->result_count; i++)
		TRY(records_add_code(codes, records_type_code(type, same, function->results[i]),
				error));
	for (uint32_t i = 0; i < same->field_count; i++) {
		uint32_t code = records_type_code(type, same, same->fields[i].type);
		TRY(records_add_code(codes, code | (same->fields[i].mutable ? SV_FIELD_MUTABLE : 0),
				error));
	}
	return true;
}

static bool records_type(struct records *r, const struct module *m, uint32_t index,
		struct buffer *codes, struct sv_error *error)
{
	const struct defined_type *type = &m->types[index];
	const struct function_type *function = &type->function;
	struct sv_type_record record = {
			.offset = (uint32_t)(codes->length / sizeof(uint32_t)),
			.parameter_count =
					(uint16_t)(function->parameter_count + type->field_count),
			.result_count = (uint16_t)function->result_count,
			.kind = (uint8_t)type->kind,
			.is_final = type->is_final,
			.supertype = type->supertype,
			.group = type->group_first,
	};
	TRY(records_type_codes(codes, type, &m->types[type->canonical], error));
	return records_add(&r->bytes, &r->header.types, &record, sizeof record, error);
}

static bool records_types(struct records *r, const struct module *m, struct sv_error *error)
{
	struct buffer codes = {0};
	bool done = records_begin(&r->bytes, &r->header.types, error);
	for (uint32_t i = 0; done && i < m->type_count; i++)
		done = records_type(r, m, i, &codes, error);
	done = done && records_begin(&r->bytes, &r->header.type_codes, error) &&
			buffer_append(&r->bytes, codes.data, codes.length, error);
	r->header.type_codes.count = (uint32_t)(codes.length / sizeof(uint32_t));
	buffer_finish(&codes);
	return done;
}

static bool records_imports(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.imports, error));
	for (uint32_t i = 0; i < m->import_count; i++) {
		const struct import *import = &m->imports[i];
		struct sv_import_record record = {.kind = import->kind, .index = import->index};
		if (import->kind == SV_EXTERN_FUNCTION)
			record.index = m->functions[import->index].type;
		TRY(records_name(r, import->module, &record.module, error));
		TRY(records_name(r, import->name, &record.name, error));
		TRY(records_add(&r->bytes, &r->header.imports, &record, sizeof record, error));
	}
	return true;
}

static bool records_exports(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.exports, error));
	for (uint32_t i = 0; i < m->export_count; i++) {
		const struct export *export = &m->exports[i];
		struct sv_export_record record = {.kind = export->kind, .index = export->index};
		TRY(records_name(r, export->name, &record.name, error));
		TRY(records_add(&r->bytes, &r->header.exports, &record, sizeof record, error));
	}
	return true;
}

static bool records_functions(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.functions, error));
	for (uint32_t i = 0; i < m->function_count; i++) {
		const struct function *function = &m->functions[i];
		struct sv_function_record record = {
				.type = function->type,
				.reference = function->reference,
				.wasm_offset = i < m->imported_functions
						? 0
						: (uint32_t)function->offset,
		};
		TRY(records_name(r, function->name, &record.name, error));
		TRY(records_add(&r->bytes, &r->header.functions, &record, sizeof record, error));
	}
	return true;
}

static bool records_tables(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->state, &r->header.tables, error));
	for (uint32_t i = 0; i < m->table_count; i++) {
		struct sv_table_record record = {
				.limits = limits_record(&m->tables[i].limits),
				.element_type = m->tables[i].element,
				.has_initial = m->tables[i].has_initial,
				.initial = m->tables[i].initial.value,
		};
		TRY(records_add(&r->state, &r->header.tables, &record, sizeof record, error));
	}
	return true;
}

static bool records_memories(struct records *r, const struct module *m, const struct image *image,
		struct sv_error *error)
{
	TRY(records_begin(&r->state, &r->header.memories, error));
	for (uint32_t i = 0; i < m->memory_count; i++) {
		struct sv_memory_record record = image->memories[i];
		record.limits = limits_record(&m->memories[i].limits);
		TRY(records_add(&r->state, &r->header.memories, &record, sizeof record, error));
	}
	TRY(records_begin(&r->state, &r->header.extents, error));
	r->header.extents.count =
			(uint32_t)(image->extents.length / sizeof(struct sv_extent_record));
	return buffer_append(&r->state, image->extents.data, image->extents.length, error);
}

static bool records_globals(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->state, &r->header.globals, error));
	for (uint32_t i = 0; i < m->global_count; i++) {
		struct sv_global_record record = {
				.type = m->globals[i].type,
				.mutable = m->globals[i].mutable,
		};
		if (i >= m->imported_globals)
			record.initial = m->globals[i].initial.value;
		TRY(records_add(&r->state, &r->header.globals, &record, sizeof record, error));
	}
	return true;
}

static bool records_tags(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.tags, error));
	for (uint32_t i = 0; i < m->tag_count; i++) {
		struct sv_tag_record record = {.type = m->tags[i].type};
		TRY(records_add(&r->bytes, &r->header.tags, &record, sizeof record, error));
	}
	return true;
}

static bool records_elements(struct records *r, const struct module *m, struct sv_error *error)
{
	uint32_t first = 0;
	TRY(records_begin(&r->state, &r->header.elements, error));
	for (uint32_t i = 0; i < m->element_count; i++) {
		const struct element_segment *segment = &m->elements[i];
		struct sv_element_record record = {
				.mode = segment->mode,
				.table = segment->table,
				.index = segment->index.value,
				.type = segment->type,
				.first_item = first,
				.item_count = segment->item_count,
		};
		first += segment->item_count;
		TRY(records_add(&r->state, &r->header.elements, &record, sizeof record, error));
	}
	TRY(records_begin(&r->state, &r->header.items, error));
	for (uint32_t i = 0; i < m->element_count; i++) {
		for (uint32_t k = 0; k < m->elements[i].item_count; k++)
			TRY(records_add(&r->state, &r->header.items, &m->elements[i].items[k].value,
					sizeof(struct sv_constant), error));
	}
	return true;
}

static bool records_data(struct records *r, const struct module *m, const struct image *image,
		struct sv_error *error)
{
	uint64_t offset = 0;
	TRY(records_begin(&r->state, &r->header.data, error));
	for (uint32_t i = 0; i < m->data_count; i++) {
		const struct data_segment *segment = &m->data[i];
		struct sv_data_record record = {
				.mode = segment->mode,
				.memory = segment->memory,
				.address = segment->address.value,
				.offset = (uint32_t)offset,
				.length = (uint32_t)segment->bytes.length,
		};
		if (image->folded[i]) {
			record.mode = SV_SEGMENT_IMAGE;
			record.length = 0;
		}
		offset += record.length;
		TRY(records_add(&r->state, &r->header.data, &record, sizeof record, error));
	}
	TRY(records_begin(&r->state, &r->header.segment_bytes, error));
	r->header.segment_bytes.count = (uint32_t)offset;
	for (uint32_t i = 0; i < m->data_count; i++) {
		if (!image->folded[i])
			TRY(buffer_append(&r->state, m->data[i].bytes.data, m->data[i].bytes.length,
					error));
	}
	return true;
}

static bool records_profile(struct records *r, const struct profile_plan *plan,
		struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.profile, error));
	for (uint32_t i = 0; i < plan->function_count; i++) {
		const struct profile_plan_part *part = &plan->functions[i];
		const struct sv_profile_record record = {
				.shape = part->shape,
				.counters = part->size.counters,
				.targets = part->size.targets,
		};
		TRY(records_add(&r->bytes, &r->header.profile, &record, sizeof record, error));
	}
	TRY(records_begin(&r->bytes, &r->header.profile_module, error));
	r->header.profile_module.count = sizeof plan->module;
	return buffer_append(&r->bytes, plan->module, sizeof plan->module, error);
}

static bool records_strings(struct records *r, struct sv_error *error)
{
	TRY(records_begin(&r->bytes, &r->header.strings, error));
	r->header.strings.count = (uint32_t)r->strings.length;
	return buffer_append(&r->bytes, r->strings.data, r->strings.length, error);
}

/* `plan` is NULL if nothing is counted. */
static bool records_fill(struct records *r, const struct module *m, const struct image *image,
		const struct profile_plan *plan, struct sv_error *error)
{
	TRY(buffer_append(&r->bytes, &r->header, sizeof r->header, error));
	TRY(records_types(r, m, error));
	TRY(records_imports(r, m, error));
	TRY(records_exports(r, m, error));
	TRY(records_functions(r, m, error));
	TRY(records_tables(r, m, error));
	TRY(records_memories(r, m, image, error));
	TRY(records_globals(r, m, error));
	TRY(records_tags(r, m, error));
	TRY(records_elements(r, m, error));
	TRY(records_data(r, m, image, error));
	if (plan)
		TRY(records_profile(r, plan, error));
	TRY(records_name(r, m->name, &r->header.module_name, error));
	TRY(records_strings(r, error));
	memcpy(r->bytes.data, &r->header, sizeof r->header);
	return true;
}

bool records_build(struct records *records, const struct module *module, const struct image *image,
		const struct effects *effects, const struct profile_plan *plan,
		const struct sv_compile_options *options, struct sv_error *error)
{
	uint32_t flags = (effects->has_objects ? SV_ARTIFACT_OBJECTS : 0) |
			(effects->propagates ? SV_ARTIFACT_PROPAGATES : 0) |
			(options->fuel ? SV_ARTIFACT_FUEL : 0);
	*records = (struct records){
			.header = {
					.magic = SV_ARTIFACT_MAGIC,
					.abi_version = SV_ABI_VERSION,
					.header_size = sizeof(struct sv_artifact_header),
					.bounds = options->bounds,
					.optimisation = options->level,
					.flags = flags,
					.start = module->start,
					.imported_functions = module->imported_functions,
					.imported_tables = module->imported_tables,
					.imported_memories = module->imported_memories,
					.imported_globals = module->imported_globals,
					.imported_tags = module->imported_tags,
					.reference_count = module->reference_count,
					.image.count = (uint32_t)image->bytes.length,
					.code.count = module->function_count -
							module->imported_functions,
					.entries.count = module->type_count,
					.thunks.count = module->type_count,
					.constants.count = module->constant_count,
			}};
	if (records_fill(records, module, image, options->profile_generate ? plan : NULL, error))
		return true;
	records_finish(records);
	return false;
}

void records_finish(struct records *records)
{
	buffer_finish(&records->bytes);
	buffer_finish(&records->state);
	buffer_finish(&records->strings);
}

void records_dump(const struct records *records, FILE *file)
{
	const struct sv_artifact_header *header = &records->header;
	static const char *const names[] = {
#define SV_SPAN(name) #name,
#include "compiler/spans.def"
#undef SV_SPAN
	};
	const struct sv_span spans[] = {
#define SV_SPAN(name) header->name,
#include "compiler/spans.def"
#undef SV_SPAN
	};
	fprintf(file, "artifact: abi %u, %s, -O%u\n", header->abi_version,
			header->bounds == SV_BOUNDS_GUARD ? "guard" : "check",
			header->optimisation);
	for (size_t i = 0; i < ARRAY_LENGTH(spans); i++)
		fprintf(file, "  %-14s %10u\n", names[i], spans[i].count);
}
