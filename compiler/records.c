/*
 * records.c: the module as plain records, which the runtime reads in place. Code and image
 * are not here: they are symbols of the object, and their places are known to the linker.
 */
#include "compiler/records.h"

#include <string.h>

/* Start a span at the end of the bytes, aligned for any record. */
static bool records_begin(struct records *records, struct sv_span *span, struct sv_error *error)
{
	static const uint8_t zeros[8];
	size_t padding = -records->bytes.length & 7;
	TRY(buffer_append(&records->bytes, zeros, padding, error));
	if (records->bytes.length > INT32_MAX / 2)
		return sv_fail(error, SV_ERROR_LIMIT, "records of the module exceed 1 GiB");
	*span = (struct sv_span){.offset = (int32_t)records->bytes.length};
	return true;
}

static bool records_add(struct records *records, struct sv_span *span, const void *record,
		size_t size, struct sv_error *error)
{
	span->count++;
	return buffer_append(&records->bytes, record, size, error);
}

static bool records_name(struct records *records, struct sv_bytes text, struct sv_name *name,
		struct sv_error *error)
{
	*name = (struct sv_name){(uint32_t)records->strings.length, (uint32_t)text.length};
	return buffer_append(&records->strings, text.data, text.length, error);
}

static bool records_type_codes(struct buffer *codes, const enum sv_type *types, uint32_t count,
		struct sv_error *error)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t code = (uint8_t)types[i];
		TRY(buffer_append(codes, &code, 1, error));
	}
	return true;
}

static bool records_types(struct records *r, const struct module *m, struct sv_error *error)
{
	struct buffer codes = {0};
	bool done = records_begin(r, &r->header.types, error);
	for (uint32_t i = 0; done && i < m->type_count; i++) {
		const struct function_type *type = &m->types[i];
		struct sv_type_record record = {
				.offset = (uint32_t)codes.length,
				.parameter_count = (uint16_t)type->parameter_count,
				.result_count = (uint16_t)type->result_count,
		};
		done = records_type_codes(&codes, type->parameters, type->parameter_count, error) &&
				records_type_codes(&codes, type->results, type->result_count,
						error) &&
				records_add(r, &r->header.types, &record, sizeof record, error);
	}
	done = done && records_begin(r, &r->header.type_codes, error) &&
			buffer_append(&r->bytes, codes.data, codes.length, error);
	r->header.type_codes.count = (uint32_t)codes.length;
	buffer_finish(&codes);
	return done;
}

static bool records_imports(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.imports, error));
	for (uint32_t i = 0; i < m->import_count; i++) {
		const struct import *import = &m->imports[i];
		struct sv_import_record record = {.kind = import->kind, .index = import->index};
		if (import->kind == SV_EXTERN_FUNCTION)
			record.index = m->functions[import->index].type;
		TRY(records_name(r, import->module, &record.module, error));
		TRY(records_name(r, import->name, &record.name, error));
		TRY(records_add(r, &r->header.imports, &record, sizeof record, error));
	}
	return true;
}

static bool records_exports(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.exports, error));
	for (uint32_t i = 0; i < m->export_count; i++) {
		const struct export *export = &m->exports[i];
		struct sv_export_record record = {.kind = export->kind, .index = export->index};
		TRY(records_name(r, export->name, &record.name, error));
		TRY(records_add(r, &r->header.exports, &record, sizeof record, error));
	}
	return true;
}

static bool records_functions(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.functions, error));
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
		TRY(records_add(r, &r->header.functions, &record, sizeof record, error));
	}
	return true;
}

static bool records_tables(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.tables, error));
	for (uint32_t i = 0; i < m->table_count; i++) {
		struct sv_table_record record = {
				.limits = limits_record(&m->tables[i].limits),
				.element_type = m->tables[i].element,
		};
		TRY(records_add(r, &r->header.tables, &record, sizeof record, error));
	}
	return true;
}

static bool records_memories(struct records *r, const struct module *m, const struct image *image,
		struct sv_error *error)
{
	TRY(records_begin(r, &r->header.memories, error));
	for (uint32_t i = 0; i < m->memory_count; i++) {
		struct sv_memory_record record = image->memories[i];
		record.limits = limits_record(&m->memories[i].limits);
		TRY(records_add(r, &r->header.memories, &record, sizeof record, error));
	}
	TRY(records_begin(r, &r->header.extents, error));
	r->header.extents.count =
			(uint32_t)(image->extents.length / sizeof(struct sv_extent_record));
	return buffer_append(&r->bytes, image->extents.data, image->extents.length, error);
}

static bool records_globals(struct records *r, const struct module *m, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.globals, error));
	for (uint32_t i = 0; i < m->global_count; i++) {
		struct sv_global_record record = {
				.type = m->globals[i].type,
				.mutable = m->globals[i].mutable,
		};
		if (i >= m->imported_globals)
			record.initial = m->globals[i].initial.value;
		TRY(records_add(r, &r->header.globals, &record, sizeof record, error));
	}
	return true;
}

static bool records_elements(struct records *r, const struct module *m, struct sv_error *error)
{
	uint32_t first = 0;
	TRY(records_begin(r, &r->header.elements, error));
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
		TRY(records_add(r, &r->header.elements, &record, sizeof record, error));
	}
	TRY(records_begin(r, &r->header.items, error));
	for (uint32_t i = 0; i < m->element_count; i++) {
		for (uint32_t k = 0; k < m->elements[i].item_count; k++)
			TRY(records_add(r, &r->header.items, &m->elements[i].items[k].value,
					sizeof(struct sv_constant), error));
	}
	return true;
}

static bool records_data(struct records *r, const struct module *m, const struct image *image,
		struct sv_error *error)
{
	uint64_t offset = 0;
	TRY(records_begin(r, &r->header.data, error));
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
		TRY(records_add(r, &r->header.data, &record, sizeof record, error));
	}
	TRY(records_begin(r, &r->header.segment_bytes, error));
	r->header.segment_bytes.count = (uint32_t)offset;
	for (uint32_t i = 0; i < m->data_count; i++) {
		if (!image->folded[i])
			TRY(buffer_append(&r->bytes, m->data[i].bytes.data, m->data[i].bytes.length,
					error));
	}
	return true;
}

static bool records_strings(struct records *r, struct sv_error *error)
{
	TRY(records_begin(r, &r->header.strings, error));
	r->header.strings.count = (uint32_t)r->strings.length;
	return buffer_append(&r->bytes, r->strings.data, r->strings.length, error);
}

static bool records_fill(struct records *r, const struct module *m, const struct image *image,
		struct sv_error *error)
{
	TRY(buffer_append(&r->bytes, &r->header, sizeof r->header, error));
	TRY(records_types(r, m, error));
	TRY(records_imports(r, m, error));
	TRY(records_exports(r, m, error));
	TRY(records_functions(r, m, error));
	TRY(records_tables(r, m, error));
	TRY(records_memories(r, m, image, error));
	TRY(records_globals(r, m, error));
	TRY(records_elements(r, m, error));
	TRY(records_data(r, m, image, error));
	TRY(records_name(r, m->name, &r->header.module_name, error));
	TRY(records_strings(r, error));
	memcpy(r->bytes.data, &r->header, sizeof r->header);
	return true;
}

bool records_build(struct records *records, const struct module *module, const struct image *image,
		enum sv_bounds bounds, unsigned level, struct sv_error *error)
{
	*records = (struct records){
			.header = {
					.magic = SV_ARTIFACT_MAGIC,
					.abi_version = SV_ABI_VERSION,
					.header_size = sizeof(struct sv_artifact_header),
					.bounds = bounds,
					.optimisation = level,
					.start = module->start,
					.imported_functions = module->imported_functions,
					.imported_tables = module->imported_tables,
					.imported_memories = module->imported_memories,
					.imported_globals = module->imported_globals,
					.reference_count = module->reference_count,
					.image.count = (uint32_t)image->bytes.length,
					.code.count = module->function_count -
							module->imported_functions,
					.entries.count = module->type_count,
					.thunks.count = module->type_count,
			}};
	if (records_fill(records, module, image, error))
		return true;
	records_finish(records);
	return false;
}

void records_finish(struct records *records)
{
	buffer_finish(&records->bytes);
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
