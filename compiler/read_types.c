/*
 * read_types.c: value types, and the sections that declare what a module has but its types:
 * imports, functions, tables, memories, globals, exports, start.
 */
#include "compiler/read.h"

#include <stdio.h>

#include "abi/limits.h"
#include "compiler/feature.h"

/* The feature that an abstract heap type came with; OP_CORE for func and extern. */
static int heap_feature(uint32_t heap)
{
	switch (heap) {
	case SV_HEAP_FUNC:
	case SV_HEAP_EXTERN:
		return SV_FEATURE_REFERENCE_TYPES;
	case SV_HEAP_EXN:
	case SV_HEAP_NOEXN:
		return SV_FEATURE_EXCEPTIONS;
	default:
		return SV_FEATURE_GC;
	}
}

static bool heap_is_abstract(uint32_t code)
{
	return sv_heap_name(code)[0] != '?';
}

bool read_type_index(struct reader *in, uint32_t *index)
{
	const uint8_t *first = in->at;
	TRY(reader_u32(in, index));
	if (*index < in->module->type_count) {
		*index = in->module->types[*index].canonical;
		return true;
	}
	return sv_fail_at(in->error, SV_ERROR_INVALID, first - in->start,
			"unknown type %u: the module has %u types", *index, in->module->type_count);
}

bool read_heap_type(struct reader *in, uint32_t *heap)
{
	const uint8_t *first = in->at;
	int64_t code;
	TRY(reader_s33(in, &code));
	if (code < 0 && code >= -64 && heap_is_abstract((uint32_t)code & 0x7f)) {
		*heap = (uint32_t)code & 0x7f;
		return feature_need(in, (enum sv_feature)heap_feature(*heap), "this heap type");
	}
	in->at = first;
	if (code < 0)
		return proposal_fail(in, PROPOSAL_VALUE_TYPE, *first, "malformed heap type");
	TRY(read_type_index(in, heap));
	*heap += SV_HEAP_DEFINED;
	return true;
}

/* A short form, for a nullable reference to an abstract heap type, or a code and a heap type. */
bool read_reference_type(struct reader *in, enum sv_type *type)
{
	uint8_t code;
	uint32_t heap;
	TRY(reader_byte(in, &code));
	in->at--;
	if (heap_is_abstract(code)) {
		*type = sv_ref_null(code);
		TRY(feature_need(in, (enum sv_feature)heap_feature(code),
				"a value of reference type"));
		in->at++;
		return true;
	}
	if (code != SV_CODE_REF && code != SV_CODE_REF_NULL)
		return proposal_fail(in, PROPOSAL_VALUE_TYPE, code, "malformed reference type");
	TRY(feature_need(in, SV_FEATURE_FUNCTION_REFERENCES, "a typed reference"));
	in->at++;
	TRY(read_heap_type(in, &heap));
	*type = code == SV_CODE_REF ? sv_ref(heap) : sv_ref_null(heap);
	return true;
}

bool read_value_type(struct reader *in, enum sv_type *type)
{
	uint8_t code;
	TRY(reader_byte(in, &code));
	*type = code;
	if (code >= SV_TYPE_F64 && code <= SV_TYPE_I32)
		return true;
	in->at--;
	if (code == SV_CODE_REF || code == SV_CODE_REF_NULL || heap_is_abstract(code))
		return read_reference_type(in, type);
	if (code != SV_TYPE_V128)
		return proposal_fail(in, PROPOSAL_VALUE_TYPE, code, "malformed value type");
	TRY(feature_need(in, SV_FEATURE_SIMD, "a value of type v128"));
	in->at++;
	return true;
}

/* Before there could be several memories, one zero byte stood for the index. */
bool read_memory_index(struct reader *in, uint32_t *memory)
{
	if (in->at != in->end && *in->at != 0)
		TRY(feature_need(in, SV_FEATURE_MULTI_MEMORY, "a memory index"));
	return reader_u32(in, memory);
}

/* ---- what tables, memories and globals are ---- */

enum {
	LIMITS_MAXIMUM = 1,
	LIMITS_SHARED = 2,
	LIMITS_64 = 4,
	LIMITS_PAGE_SIZE = 8,
};

static bool limits_need(struct reader *in, uint8_t flags)
{
	if (flags & LIMITS_SHARED)
		TRY(feature_need(in, SV_FEATURE_THREADS, "a shared memory"));
	if (flags & LIMITS_64)
		TRY(feature_need(in, SV_FEATURE_MEMORY64, "a 64-bit memory or table"));
	if (flags & LIMITS_PAGE_SIZE)
		TRY(feature_need(in, SV_FEATURE_CUSTOM_PAGE_SIZES, "a memory with a page size"));
	return true;
}

static bool read_page_size(struct reader *in, uint32_t *log2)
{
	const uint8_t *first = in->at;
	TRY(reader_u32(in, log2));
	if (*log2 < 64)
		return true;
	in->at = first;
	return reader_fail(in, "invalid custom page size 2^%u", *log2);
}

/* Limits with any of the flags `allowed`; the page size stands behind them. */
static bool read_limits(struct reader *in, uint8_t allowed, struct limits *limits)
{
	uint8_t flags;
	TRY(reader_byte(in, &flags));
	in->at--;
	if (flags & ~allowed)
		return reader_fail(in, "malformed limits flags (0x%02x)", flags);
	TRY(limits_need(in, flags));
	in->at++;
	*limits = (struct limits){
			.has_maximum = flags & LIMITS_MAXIMUM,
			.is_64 = flags & LIMITS_64,
			.is_shared = flags & LIMITS_SHARED,
			.page_log2 = SV_WASM_PAGE_LOG2,
	};
	TRY(reader_u64(in, &limits->minimum));
	if (limits->has_maximum)
		TRY(reader_u64(in, &limits->maximum));
	return !(flags & LIMITS_PAGE_SIZE) || read_page_size(in, &limits->page_log2);
}

static bool read_table(struct reader *in, struct table *table)
{
	table->offset = reader_offset(in);
	/* In 1.0 tables had this one type, which was no feature then. */
	if (in->at != in->end && *in->at == SV_HEAP_FUNC) {
		table->element = SV_TYPE_FUNCREF;
		in->at++;
	} else {
		TRY(read_reference_type(in, &table->element));
	}
	return read_limits(in, LIMITS_MAXIMUM | LIMITS_64, &table->limits);
}

static bool read_memory(struct reader *in, struct memory *memory)
{
	memory->offset = reader_offset(in);
	return read_limits(in, LIMITS_MAXIMUM | LIMITS_SHARED | LIMITS_64 | LIMITS_PAGE_SIZE,
			&memory->limits);
}

static bool read_global(struct reader *in, struct global *global)
{
	uint8_t mutable;
	global->offset = reader_offset(in);
	TRY(read_value_type(in, &global->type));
	TRY(reader_byte(in, &mutable));
	if (mutable > 1) {
		in->at--;
		return reader_fail(in, "malformed mutability");
	}
	global->mutable = mutable;
	return true;
}

/* ---- imports: one reader per kind, which adds to the index space of the kind ---- */

static bool read_import_function(struct module_reader *r, struct import *import)
{
	struct module *module = r->module;
	struct function *function = read_append(r, &module->functions, module->function_count,
			sizeof *function);
	if (!function)
		return false;
	*function = (struct function){.reference = SV_NO_INDEX, .offset = import->offset};
	import->index = module->function_count++;
	module->imported_functions++;
	return reader_u32(&r->in, &function->type);
}

static bool read_import_table(struct module_reader *r, struct import *import)
{
	struct module *module = r->module;
	struct table *table = read_append(r, &module->tables, module->table_count, sizeof *table);
	if (!table)
		return false;
	import->index = module->table_count++;
	module->imported_tables++;
	return read_table(&r->in, table);
}

static bool read_import_memory(struct module_reader *r, struct import *import)
{
	struct module *module = r->module;
	struct memory *memory =
			read_append(r, &module->memories, module->memory_count, sizeof *memory);
	if (!memory)
		return false;
	import->index = module->memory_count++;
	module->imported_memories++;
	return read_memory(&r->in, memory);
}

static bool read_import_global(struct module_reader *r, struct import *import)
{
	struct module *module = r->module;
	struct global *global =
			read_append(r, &module->globals, module->global_count, sizeof *global);
	if (!global)
		return false;
	*global = (struct global){0};
	import->index = module->global_count++;
	module->imported_globals++;
	TRY(read_global(&r->in, global));
	if (!global->mutable)
		return true;
	return feature_need(&r->in, SV_FEATURE_MUTABLE_GLOBALS, "an imported mutable global");
}

/* The one attribute there is says "exception". */
static bool read_tag(struct reader *in, struct tag *tag)
{
	uint8_t attribute;
	tag->offset = reader_offset(in);
	TRY(feature_need(in, SV_FEATURE_EXCEPTIONS, "a tag"));
	TRY(reader_byte(in, &attribute));
	if (attribute != 0) {
		in->at--;
		return reader_fail(in, "malformed tag attribute (0x%02x)", attribute);
	}
	return reader_u32(in, &tag->type);
}

static bool read_import_tag(struct module_reader *r, struct import *import)
{
	struct module *module = r->module;
	struct tag *tag = read_append(r, &module->tags, module->tag_count, sizeof *tag);
	if (!tag)
		return false;
	import->index = module->tag_count++;
	module->imported_tags++;
	return read_tag(&r->in, tag);
}

static bool read_extern_kind(struct reader *in, const char *fault, enum sv_extern_kind *kind)
{
	uint8_t byte;
	TRY(reader_byte(in, &byte));
	*kind = byte;
	if (byte < SV_EXTERN_KINDS)
		return true;
	in->at--;
	return proposal_fail(in, PROPOSAL_EXTERN_KIND, byte, fault);
}

static bool read_import(struct module_reader *r, struct import *import)
{
	static bool (*const readers[])(struct module_reader *, struct import *) = {
			[SV_EXTERN_FUNCTION] = read_import_function,
			[SV_EXTERN_TABLE] = read_import_table,
			[SV_EXTERN_MEMORY] = read_import_memory,
			[SV_EXTERN_GLOBAL] = read_import_global,
			[SV_EXTERN_TAG] = read_import_tag,
	};
	import->offset = reader_offset(&r->in);
	TRY(reader_name(&r->in, &import->module));
	TRY(reader_name(&r->in, &import->name));
	TRY(read_extern_kind(&r->in, "malformed import kind", &import->kind));
	return readers[import->kind](r, import);
}

bool read_section_import(struct module_reader *r)
{
	static const struct vector_rule rule = {"imports", "SV_MAX_IMPORTS", SV_MAX_IMPORTS, 4};
	struct module *module = r->module;
	TRY(reader_count(&r->in, &rule, &module->import_count));
	if (!read_extend(r, &module->imports, 0, module->import_count, sizeof *module->imports))
		return false;
	for (uint32_t i = 0; i < module->import_count; i++)
		TRY(read_import(r, &module->imports[i]));
	return true;
}

/* ---- the module's own ---- */

/* The count of a section whose elements join an index space that already has `imported`. */
static bool read_own_count(struct module_reader *r, const struct vector_rule *rule,
		uint32_t imported, uint32_t *count)
{
	uint64_t offset = reader_offset(&r->in);
	TRY(reader_count(&r->in, rule, count));
	if ((uint64_t)imported + *count <= rule->limit)
		return true;
	return sv_fail_at(r->in.error, SV_ERROR_LIMIT, (int64_t)offset,
			"%u %s, imported ones too, exceed the limit %s of %u", imported + *count,
			rule->noun, rule->limit_name, rule->limit);
}

bool read_section_function(struct module_reader *r)
{
	static const struct vector_rule rule = {
			"functions", "SV_MAX_FUNCTIONS", SV_MAX_FUNCTIONS, 1};
	struct module *module = r->module;
	TRY(read_own_count(r, &rule, module->function_count, &r->own_functions));
	struct function *own = read_extend(r, &module->functions, module->function_count,
			r->own_functions, sizeof *own);
	if (!own)
		return false;
	for (uint32_t i = 0; i < r->own_functions; i++) {
		own[i] = (struct function){
				.reference = SV_NO_INDEX, .offset = reader_offset(&r->in)};
		TRY(reader_u32(&r->in, &own[i].type));
	}
	module->function_count += r->own_functions;
	return true;
}

/* 0x40 and a zero byte announce a value for all entries behind the type. */
static bool read_own_table(struct module_reader *r, struct table *table)
{
	uint8_t form = r->in.at != r->in.end ? *r->in.at : 0, reserved;
	if (form != 0x40)
		return read_table(&r->in, table);
	TRY(feature_need(&r->in, SV_FEATURE_FUNCTION_REFERENCES, "a table with an initial value"));
	r->in.at++;
	TRY(reader_byte(&r->in, &reserved));
	if (reserved != 0) {
		r->in.at--;
		return reader_fail(&r->in, "zero byte expected");
	}
	TRY(read_table(&r->in, table));
	table->has_initial = true;
	return read_constant(r, table->element, &table->initial);
}

bool read_section_table(struct module_reader *r)
{
	static const struct vector_rule rule = {"tables", "SV_MAX_TABLES", SV_MAX_TABLES, 3};
	struct module *module = r->module;
	uint32_t count;
	TRY(read_own_count(r, &rule, module->table_count, &count));
	struct table *own =
			read_extend(r, &module->tables, module->table_count, count, sizeof *own);
	if (!own)
		return false;
	for (uint32_t i = 0; i < count; i++)
		TRY(read_own_table(r, &own[i]));
	module->table_count += count;
	return true;
}

bool read_section_memory(struct module_reader *r)
{
	static const struct vector_rule rule = {"memories", "SV_MAX_MEMORIES", SV_MAX_MEMORIES, 2};
	struct module *module = r->module;
	uint32_t count;
	TRY(read_own_count(r, &rule, module->memory_count, &count));
	struct memory *own =
			read_extend(r, &module->memories, module->memory_count, count, sizeof *own);
	if (!own)
		return false;
	for (uint32_t i = 0; i < count; i++)
		TRY(read_memory(&r->in, &own[i]));
	module->memory_count += count;
	return true;
}

bool read_section_tag(struct module_reader *r)
{
	static const struct vector_rule rule = {"tags", "SV_MAX_TAGS", SV_MAX_TAGS, 2};
	struct module *module = r->module;
	uint32_t count;
	TRY(read_own_count(r, &rule, module->tag_count, &count));
	struct tag *own = read_extend(r, &module->tags, module->tag_count, count, sizeof *own);
	if (!own)
		return false;
	for (uint32_t i = 0; i < count; i++)
		TRY(read_tag(&r->in, &own[i]));
	module->tag_count += count;
	return true;
}

bool read_section_global(struct module_reader *r)
{
	static const struct vector_rule rule = {"globals", "SV_MAX_GLOBALS", SV_MAX_GLOBALS, 3};
	struct module *module = r->module;
	uint32_t count;
	TRY(read_own_count(r, &rule, module->global_count, &count));
	struct global *own =
			read_extend(r, &module->globals, module->global_count, count, sizeof *own);
	if (!own)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		TRY(read_global(&r->in, &own[i]));
		TRY(read_constant(r, own[i].type, &own[i].initial));
	}
	module->global_count += count;
	return true;
}

bool read_section_export(struct module_reader *r)
{
	static const struct vector_rule rule = {"exports", "SV_MAX_EXPORTS", SV_MAX_EXPORTS, 3};
	struct module *module = r->module;
	TRY(reader_count(&r->in, &rule, &module->export_count));
	if (!read_extend(r, &module->exports, 0, module->export_count, sizeof *module->exports))
		return false;
	for (uint32_t i = 0; i < module->export_count; i++) {
		struct export *export = &module->exports[i];
		export->offset = reader_offset(&r->in);
		TRY(reader_name(&r->in, &export->name));
		TRY(read_extern_kind(&r->in, "malformed export kind", &export->kind));
		TRY(reader_u32(&r->in, &export->index));
	}
	return true;
}

bool read_section_start(struct module_reader *r)
{
	r->module->start_offset = reader_offset(&r->in);
	return reader_u32(&r->in, &r->module->start);
}
