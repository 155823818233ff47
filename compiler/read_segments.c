/*
 * read_segments.c: element, data and code sections. Bodies are only located here;
 * body.c decodes them.
 */
#include "compiler/read.h"

#include <stdio.h>

#include "abi/limits.h"
#include "compiler/feature.h"

/* ---- elements (Core 2.0, 5.5.12): three bits tell what follows ---- */

enum {
	ELEMENT_NOT_ACTIVE = 1,  /* passive or declared */
	ELEMENT_EXPLICIT = 2,    /* active: has a table index; else: declared */
	ELEMENT_EXPRESSIONS = 4, /* items are constant expressions, not function indices */
	ELEMENT_FLAGS = 8
};

/* The type of the items; a kind byte where the items are function indices. */
static bool read_item_type(struct reader *in, uint32_t flags, enum sv_type *type)
{
	uint8_t kind;
	*type = flags & ELEMENT_EXPRESSIONS ? SV_TYPE_FUNCREF : sv_ref(SV_HEAP_FUNC);
	if (!(flags & (ELEMENT_NOT_ACTIVE | ELEMENT_EXPLICIT)))
		return true;
	if (flags & ELEMENT_EXPRESSIONS)
		return read_reference_type(in, type);
	TRY(reader_byte(in, &kind));
	if (kind == 0)
		return true;
	in->at--;
	return reader_fail(in, "malformed element kind (code 0x%x)", kind);
}

static bool read_item(struct module_reader *r, uint32_t flags, enum sv_type type,
		struct constant *item)
{
	if (flags & ELEMENT_EXPRESSIONS)
		return read_constant(r, type, item);
	uint32_t function;
	item->code = (struct sv_bytes){0};
	item->offset = reader_offset(&r->in);
	TRY(reader_u32(&r->in, &function));
	item->value = (struct sv_constant){.kind = SV_CONSTANT_FUNCTION,
			.type = SV_TYPE_FUNCREF,
			.value = function};
	return true;
}

static bool read_items(struct module_reader *r, uint32_t flags, struct element_segment *segment)
{
	static const struct vector_rule rule = {"items of an element segment",
			"SV_MAX_TABLE_ENTRIES", SV_MAX_TABLE_ENTRIES, 1};
	struct constant *items = NULL;
	TRY(read_item_type(&r->in, flags, &segment->type));
	TRY(reader_count(&r->in, &rule, &segment->item_count));
	if (!read_extend(r, &items, 0, segment->item_count, sizeof *items))
		return false;
	segment->items = items;
	for (uint32_t i = 0; i < segment->item_count; i++)
		TRY(read_item(r, flags, segment->type, &items[i]));
	return true;
}

static bool read_element(struct module_reader *r, struct element_segment *segment)
{
	uint32_t flags;
	segment->offset = reader_offset(&r->in);
	TRY(reader_u32(&r->in, &flags));
	if (flags >= ELEMENT_FLAGS)
		return reader_fail(&r->in, "malformed elements segment kind %u", flags);
	if (flags)
		TRY(feature_need(&r->in, SV_FEATURE_BULK_MEMORY, "this kind of element segment"));
	segment->mode = SV_SEGMENT_ACTIVE;
	if (flags & ELEMENT_NOT_ACTIVE)
		segment->mode = flags & ELEMENT_EXPLICIT ? SV_SEGMENT_DECLARED : SV_SEGMENT_PASSIVE;
	if (segment->mode == SV_SEGMENT_ACTIVE) {
		if (flags & ELEMENT_EXPLICIT)
			TRY(reader_u32(&r->in, &segment->table));
		TRY(read_constant(r, SV_TYPE_I32, &segment->index));
	}
	return read_items(r, flags, segment);
}

bool read_section_element(struct module_reader *r)
{
	static const struct vector_rule rule = {
			"element segments", "SV_MAX_SEGMENTS", SV_MAX_SEGMENTS, 3};
	struct module *module = r->module;
	TRY(reader_count(&r->in, &rule, &module->element_count));
	if (!read_extend(r, &module->elements, 0, module->element_count, sizeof *module->elements))
		return false;
	for (uint32_t i = 0; i < module->element_count; i++)
		TRY(read_element(r, &module->elements[i]));
	return true;
}

/* ---- data ---- */

bool read_section_data_count(struct module_reader *r)
{
	TRY(feature_need(&r->in, SV_FEATURE_BULK_MEMORY, "a data count section"));
	r->module->has_data_count = true;
	return reader_u32(&r->in, &r->announced_data);
}

static bool read_data(struct module_reader *r, struct data_segment *segment)
{
	enum { ACTIVE, PASSIVE, ACTIVE_EXPLICIT };
	uint32_t flags, length;
	segment->offset = reader_offset(&r->in);
	TRY(reader_u32(&r->in, &flags));
	if (flags > ACTIVE_EXPLICIT)
		return reader_fail(&r->in, "malformed data segment kind %u", flags);
	if (flags != ACTIVE)
		TRY(feature_need(&r->in, SV_FEATURE_BULK_MEMORY, "this kind of data segment"));
	segment->mode = flags == PASSIVE ? SV_SEGMENT_PASSIVE : SV_SEGMENT_ACTIVE;
	if (flags == ACTIVE_EXPLICIT)
		TRY(reader_u32(&r->in, &segment->memory));
	if (flags != PASSIVE)
		TRY(read_constant(r, SV_TYPE_I32, &segment->address));
	TRY(reader_u32(&r->in, &length));
	return reader_bytes(&r->in, length, &segment->bytes);
}

bool read_section_data(struct module_reader *r)
{
	static const struct vector_rule rule = {
			"data segments", "SV_MAX_SEGMENTS", SV_MAX_SEGMENTS, 2};
	struct module *module = r->module;
	TRY(reader_count(&r->in, &rule, &module->data_count));
	if (!read_extend(r, &module->data, 0, module->data_count, sizeof *module->data))
		return false;
	for (uint32_t i = 0; i < module->data_count; i++)
		TRY(read_data(r, &module->data[i]));
	return true;
}

/* ---- code ---- */

static bool read_body(struct module_reader *r, struct function *function)
{
	uint32_t size;
	TRY(reader_u32(&r->in, &size));
	function->offset = reader_offset(&r->in);
	if (size > SV_MAX_BODY_BYTES)
		return sv_fail_at(r->in.error, SV_ERROR_LIMIT, (int64_t)function->offset,
				"a function body of %u bytes exceeds the limit SV_MAX_BODY_BYTES "
				"of %u",
				size, SV_MAX_BODY_BYTES);
	r->module->code_size += size;
	return reader_bytes(&r->in, size, &function->body);
}

bool read_section_code(struct module_reader *r)
{
	static const struct vector_rule rule = {
			"function bodies", "SV_MAX_FUNCTIONS", SV_MAX_FUNCTIONS, 1};
	r->has_code = true;
	TRY(reader_count(&r->in, &rule, &r->bodies));
	if (r->bodies != r->own_functions)
		return reader_fail(&r->in,
				"function and code section have inconsistent lengths: %u "
				"functions, "
				"%u bodies",
				r->own_functions, r->bodies);
	struct function *own = r->module->functions + r->module->imported_functions;
	for (uint32_t i = 0; i < r->bodies; i++)
		TRY(read_body(r, &own[i]));
	return true;
}
