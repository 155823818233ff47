/*
 * read_defined.c: the type section (Core 3.0, 5.3.9-5.3.11 and 5.5.4): recursive groups of
 * function, struct and array types, and which of them are the same type.
 */
#include "compiler/read.h"

#include <string.h>

#include "abi/limits.h"
#include "abi/object.h"
#include "base/hash.h"
#include "compiler/feature.h"

enum type_form {
	FORM_GROUP = 0x4e,
	FORM_FINAL = 0x4f,
	FORM_OPEN = 0x50,
	FORM_ARRAY = 0x5e,
	FORM_STRUCT = 0x5f,
	FORM_FUNCTION = 0x60,
};

/* ---- one type ---- */

static bool read_type_list(struct module_reader *r, const struct vector_rule *rule,
		const enum sv_type **types, uint32_t *count)
{
	TRY(reader_count(&r->in, rule, count));
	enum sv_type *list = NULL;
	if (!read_extend(r, &list, 0, *count, sizeof *list))
		return false;
	*types = list;
	for (uint32_t i = 0; i < *count; i++)
		TRY(read_value_type(&r->in, &list[i]));
	return true;
}

static bool read_function_type(struct module_reader *r, struct defined_type *defined)
{
	static const struct vector_rule parameters = {
			"parameters", "SV_MAX_PARAMETERS", SV_MAX_PARAMETERS, 1};
	static const struct vector_rule results = {"results", "SV_MAX_RESULTS", SV_MAX_RESULTS, 1};
	struct function_type *type = &defined->function;
	TRY(read_type_list(r, &parameters, &type->parameters, &type->parameter_count));
	TRY(read_type_list(r, &results, &type->results, &type->result_count));
	if (type->result_count > 1)
		return feature_need(&r->in, SV_FEATURE_MULTI_VALUE,
				"a function type with several results");
	return true;
}

static bool read_field(struct reader *in, struct field_type *field)
{
	uint8_t code = in->at != in->end ? *in->at : 0;
	uint8_t mutable;
	field->type = code;
	if (code == SV_TYPE_I8 || code == SV_TYPE_I16)
		in->at++;
	else
		TRY(read_value_type(in, &field->type));
	TRY(reader_byte(in, &mutable));
	field->mutable = mutable;
	if (mutable <= 1)
		return true;
	in->at--;
	return reader_fail(in, "malformed mutability");
}

static bool read_fields(struct module_reader *r, struct defined_type *defined, bool is_array)
{
	static const struct vector_rule rule = {"fields", "SV_MAX_FIELDS", SV_MAX_FIELDS, 2};
	struct field_type *fields = NULL;
	defined->field_count = 1;
	if (!is_array)
		TRY(reader_count(&r->in, &rule, &defined->field_count));
	if (!read_extend(r, &fields, 0, defined->field_count, sizeof *fields))
		return false;
	defined->fields = fields;
	defined->first_without_default = defined->field_count;
	uint32_t at = is_array ? SV_ARRAY_ELEMENTS : SV_STRUCT_FIELDS;
	for (uint32_t i = 0; i < defined->field_count; i++) {
		TRY(read_field(&r->in, &fields[i]));
		uint32_t size = sv_type_size(fields[i].type);
		fields[i].place = sv_field_place(at, size);
		at = fields[i].place + size;
		if (!field_has_default(&fields[i]) &&
				defined->first_without_default == defined->field_count)
			defined->first_without_default = i;
	}
	return true;
}

static bool read_composite(struct module_reader *r, struct defined_type *defined)
{
	uint8_t form;
	TRY(reader_byte(&r->in, &form));
	if (form == FORM_FUNCTION) {
		defined->kind = SV_KIND_FUNCTION;
		return read_function_type(r, defined);
	}
	if (form != FORM_STRUCT && form != FORM_ARRAY) {
		r->in.at--;
		return proposal_fail(&r->in, PROPOSAL_TYPE_FORM, form, "malformed type form");
	}
	TRY(feature_need(&r->in, SV_FEATURE_GC, "a struct or array type"));
	defined->kind = form == FORM_STRUCT ? SV_KIND_STRUCT : SV_KIND_ARRAY;
	return read_fields(r, defined, form == FORM_ARRAY);
}

static bool read_supertype(struct module_reader *r, uint32_t own, struct defined_type *defined)
{
	static const struct vector_rule rule = {"super-types", NULL, 0, 1};
	uint64_t offset = reader_offset(&r->in);
	uint32_t count;
	TRY(reader_count(&r->in, &rule, &count));
	if (count > 1)
		return sv_fail_at(r->in.error, SV_ERROR_INVALID, (int64_t)offset,
				"sub type: type %u has %u super-types; at most one is allowed", own,
				count);
	if (count == 0)
		return true;
	TRY(reader_u32(&r->in, &defined->supertype));
	if (defined->supertype < own)
		return true;
	return sv_fail_at(r->in.error, SV_ERROR_INVALID, (int64_t)offset,
			"unknown type %u: the super-type of type %u must come before it",
			defined->supertype, own);
}

static bool read_sub_type(struct module_reader *r, uint32_t own)
{
	struct defined_type *defined = &r->module->types[own];
	uint8_t form = r->in.at != r->in.end ? *r->in.at : 0;
	defined->offset = reader_offset(&r->in);
	if (form == FORM_OPEN || form == FORM_FINAL) {
		TRY(feature_need(&r->in, SV_FEATURE_GC, "a type with a super-type"));
		r->in.at++;
		defined->is_final = form == FORM_FINAL;
		TRY(read_supertype(r, own, defined));
	}
	return read_composite(r, defined);
}

/* ---- equality of groups ---- */

/* A code of a type in the group that begins at `first`: references into the group are relative. */
static uint64_t group_code(const struct defined_type *group, enum sv_type type)
{
	uint32_t index = sv_type_is_defined(type) ? sv_type_index(type) : SV_NO_INDEX;
	if (index == SV_NO_INDEX || index - group->group_first >= group->group_size)
		return (uint64_t)type;
	return (UINT64_C(1) << 32) + ((uint32_t)type & 0xff) +
			((uint64_t)(index - group->group_first) << 33);
}

static uint64_t group_supertype(const struct module *module, const struct defined_type *type)
{
	if (type->supertype == SV_NO_INDEX)
		return UINT64_MAX;
	uint32_t index = module->types[type->supertype].canonical;
	return group_code(type, sv_ref(SV_HEAP_DEFINED + index));
}

static void hash_add_list(struct hash *hash, const struct defined_type *type,
		const enum sv_type *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		hash_add(hash, group_code(type, list[i]));
}

/* Keyed: modules must not decide which of their groups meet in the table. */
static uint64_t group_hash(const struct module *module, uint32_t first)
{
	struct hash hash = hash_begin(hash_process_key());
	for (uint32_t i = 0; i < module->types[first].group_size; i++) {
		const struct defined_type *type = &module->types[first + i];
		const struct function_type *function = &type->function;
		hash_add(&hash, (uint64_t)type->kind * 2 + type->is_final);
		hash_add(&hash, group_supertype(module, type));
		hash_add(&hash, (uint64_t)type->field_count << 32 | function->parameter_count);
		hash_add_list(&hash, type, function->parameters, function->parameter_count);
		hash_add_list(&hash, type, function->results, function->result_count);
		for (uint32_t k = 0; k < type->field_count; k++)
			hash_add(&hash,
					group_code(type, type->fields[k].type) * 2 +
							type->fields[k].mutable);
	}
	return hash_end(&hash);
}

static bool lists_equal(const struct defined_type *a, const enum sv_type *left,
		const struct defined_type *b, const enum sv_type *right, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (group_code(a, left[i]) != group_code(b, right[i]))
			return false;
	}
	return true;
}

static bool types_equal(const struct module *module, const struct defined_type *a,
		const struct defined_type *b)
{
	const struct function_type *left = &a->function, *right = &b->function;
	if (a->kind != b->kind || a->is_final != b->is_final || a->field_count != b->field_count ||
			left->parameter_count != right->parameter_count ||
			left->result_count != right->result_count ||
			group_supertype(module, a) != group_supertype(module, b))
		return false;
	for (uint32_t i = 0; i < a->field_count; i++) {
		if (a->fields[i].mutable != b->fields[i].mutable ||
				group_code(a, a->fields[i].type) !=
						group_code(b, b->fields[i].type))
			return false;
	}
	return lists_equal(a, left->parameters, b, right->parameters, left->parameter_count) &&
			lists_equal(a, left->results, b, right->results, left->result_count);
}

static bool groups_equal(const struct module *module, uint32_t a, uint32_t b)
{
	uint32_t size = module->types[a].group_size;
	if (module->types[b].group_size != size)
		return false;
	for (uint32_t i = 0; i < size; i++) {
		if (!types_equal(module, &module->types[a + i], &module->types[b + i]))
			return false;
	}
	return true;
}

/* ---- the table of different groups ---- */

static uint32_t *group_cell(struct module_reader *r, uint32_t first)
{
	struct group_table *table = &r->groups;
	uint64_t at = group_hash(r->module, first);
	for (;; at++) {
		uint32_t *cell = &table->cells[at & (table->capacity - 1)];
		if (*cell == 0 || groups_equal(r->module, *cell - 1, first))
			return cell;
	}
}

static bool group_table_widen(struct module_reader *r)
{
	struct group_table *table = &r->groups;
	struct group_table old = *table;
	if (table->count * 2 < table->capacity)
		return true;
	table->capacity = old.capacity ? old.capacity * 2 : 64;
	table->cells = NULL;
	if (!read_extend(r, &table->cells, 0, table->capacity, sizeof *table->cells))
		return false;
	for (uint32_t i = 0; i < old.capacity; i++) {
		if (old.cells[i])
			*group_cell(r, old.cells[i] - 1) = old.cells[i];
	}
	return true;
}

static enum sv_type canonical_type(const struct module *module, enum sv_type type)
{
	if (!sv_type_is_defined(type))
		return type;
	uint32_t heap = SV_HEAP_DEFINED + module->types[sv_type_index(type)].canonical;
	return sv_type_is_nullable(type) ? sv_ref_null(heap) : sv_ref(heap);
}

/* The lists belong to the module being read; only they are const for everybody else. */
static void canonicalise_list(const struct module *module, const enum sv_type *types,
		uint32_t count)
{
	enum sv_type *list = (enum sv_type *)types;
	for (uint32_t i = 0; i < count; i++)
		list[i] = canonical_type(module, list[i]);
}

/* A group that was there before: its types are those, and so are references among them. */
static void group_unite(struct module *module, uint32_t first, uint32_t same)
{
	uint32_t size = module->types[first].group_size;
	for (uint32_t i = 0; i < size; i++)
		module->types[first + i].canonical = module->types[same + i].canonical;
	for (uint32_t i = 0; i < size; i++) {
		struct defined_type *type = &module->types[first + i];
		struct field_type *fields = (struct field_type *)type->fields;
		canonicalise_list(module, type->function.parameters,
				type->function.parameter_count);
		canonicalise_list(module, type->function.results, type->function.result_count);
		for (uint32_t k = 0; k < type->field_count; k++)
			fields[k].type = canonical_type(module, fields[k].type);
	}
}

static bool group_canonicalise(struct module_reader *r, uint32_t first)
{
	TRY(group_table_widen(r));
	uint32_t *cell = group_cell(r, first);
	if (*cell) {
		group_unite(r->module, first, *cell - 1);
		return true;
	}
	*cell = first + 1;
	r->groups.count++;
	return true;
}

/* ---- the section ---- */

/* Room for `count` types behind those that are there; they may refer to each other. */
static bool group_reserve(struct module_reader *r, uint32_t count)
{
	struct module *module = r->module;
	uint32_t first = module->type_count;
	if (count > SV_MAX_TYPES - first)
		return sv_fail_at(r->in.error, SV_ERROR_LIMIT, (int64_t)reader_offset(&r->in),
				"types exceed the limit SV_MAX_TYPES of %u", SV_MAX_TYPES);
	if (first + count > r->type_capacity) {
		uint32_t capacity = r->type_capacity * 2 > first + count ? r->type_capacity * 2
									 : first + count;
		if (!read_extend(r, &module->types, first, capacity - first, sizeof *module->types))
			return false;
		r->type_capacity = capacity;
	}
	module->type_count += count;
	for (uint32_t i = 0; i < count; i++)
		module->types[first + i] = (struct defined_type){.is_final = true,
				.supertype = SV_NO_INDEX,
				.group_first = first,
				.group_size = count,
				.canonical = first + i};
	return true;
}

static bool read_group(struct module_reader *r)
{
	static const struct vector_rule rule = {"types", "SV_MAX_TYPES", SV_MAX_TYPES, 2};
	uint32_t first = r->module->type_count, count = 1;
	if (r->in.at != r->in.end && *r->in.at == FORM_GROUP) {
		TRY(feature_need(&r->in, SV_FEATURE_GC, "a recursive group of types"));
		r->in.at++;
		TRY(reader_count(&r->in, &rule, &count));
	}
	if (count == 0)
		return true;
	TRY(group_reserve(r, count));
	for (uint32_t i = 0; i < count; i++)
		TRY(read_sub_type(r, first + i));
	return group_canonicalise(r, first);
}

bool read_section_type(struct module_reader *r)
{
	static const struct vector_rule rule = {"types", "SV_MAX_TYPES", SV_MAX_TYPES, 2};
	uint32_t count;
	TRY(reader_count(&r->in, &rule, &count));
	for (uint32_t i = 0; i < count; i++)
		TRY(read_group(r));
	return true;
}
