/*
 * module.c: a module from its parts: the sections in order.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

#include "tests/fuzz/generate.h"

static void put_section(struct buffer *module, unsigned id, struct buffer *content)
{
	put_byte(module, id);
	put_buffer(module, content);
	buffer_finish(content);
}

static void put_name(struct buffer *to, const char *name)
{
	put_unsigned(to, strlen(name));
	put_bytes(to, name, strlen(name));
}

static void put_types(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, composites_groups(g) + g->type_count - g->composite_count);
	composites_put(g, &content);
	for (unsigned i = g->composite_count; i < g->type_count; i++) {
		const struct function_type *type = &g->types[i];
		put_byte(&content, 0x60);
		put_unsigned(&content, type->parameter_count);
		for (unsigned k = 0; k < type->parameter_count; k++)
			put_type(&content, type->parameters[k]);
		put_unsigned(&content, type->result_count);
		for (unsigned k = 0; k < type->result_count; k++)
			put_type(&content, type->results[k]);
	}
	put_section(module, 1, &content);
}

static void put_imports(struct generator *g, struct buffer *module)
{
	static const char *const names[IMPORT_COUNT] = {"i", "I", "f", "F", "mix"};
	struct buffer content = {0};
	put_unsigned(&content, IMPORT_COUNT);
	for (unsigned i = 0; i < IMPORT_COUNT; i++) {
		put_name(&content, "h");
		put_name(&content, names[i]);
		put_byte(&content, 0);
		put_unsigned(&content, g->functions[i].type);
	}
	put_section(module, 2, &content);
}

static void put_functions(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->function_count - g->imported_count);
	for (unsigned i = g->imported_count; i < g->function_count; i++)
		put_unsigned(&content, g->functions[i].type);
	put_section(module, 3, &content);
}

static void put_tables(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->table_count);
	for (unsigned i = 0; i < g->table_count; i++) {
		const struct table *table = &g->tables[i];
		put_type(&content, table->type);
		put_byte(&content, table->is_wide ? 5 : 1);
		put_unsigned(&content, table->minimum);
		put_unsigned(&content, table->maximum);
	}
	put_section(module, 4, &content);
}

static void put_memories(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->memory_count);
	for (unsigned i = 0; i < g->memory_count; i++) {
		const struct memory *memory = &g->memories[i];
		put_byte(&content,
				1u | (memory->is_shared ? 2 : 0) | (memory->is_wide ? 4 : 0) |
						(memory->page_shift == 0 ? 8 : 0));
		put_unsigned(&content, memory->minimum);
		put_unsigned(&content, memory->maximum);
		if (memory->page_shift == 0)
			put_byte(&content, 0);
	}
	put_section(module, 5, &content);
}

/* A new object, all default; numbers of arrays and i31 are small. */
static void put_object(struct buffer *to, const struct generator *g, const struct global *global)
{
	if (global->high == UINT32_MAX || g->composites[global->high].is_array) {
		put_byte(to, 0x41);
		put_signed(to, (int64_t)global->low);
	}
	put_byte(to, 0xfb);
	if (global->high == UINT32_MAX) {
		put_byte(to, 0x1c);
	} else {
		put_byte(to, g->composites[global->high].is_array ? 0x07 : 0x01);
		put_unsigned(to, global->high);
	}
	put_byte(to, 0x0b);
}

static void put_reference(struct buffer *to, uint32_t type, uint32_t function)
{
	if (function) {
		put_byte(to, 0xd2);
		put_unsigned(to, function - 1);
	} else {
		put_byte(to, 0xd0);
		put_heap(to, type);
	}
	put_byte(to, 0x0b);
}

static void put_initial(struct buffer *to, const struct generator *g, const struct global *global)
{
	uint32_t narrow = (uint32_t)global->low;
	switch (global->type) {
	case 'i':
		put_byte(to, 0x41);
		put_signed(to, (int32_t)narrow);
		break;
	case 'I':
		put_byte(to, 0x42);
		put_signed(to, (int64_t)global->low);
		break;
	case 'f':
		put_byte(to, 0x43);
		put_bytes(to, &narrow, sizeof narrow);
		break;
	case 'F':
		put_byte(to, 0x44);
		put_bytes(to, &global->low, sizeof global->low);
		break;
	case 'v':
		put_byte(to, 0xfd);
		put_byte(to, 0x0c);
		put_bytes(to, &global->low, sizeof global->low);
		put_bytes(to, &global->high, sizeof global->high);
		break;
	default:
		if (type_is_object(g, global->type) && narrow)
			put_object(to, g, global);
		else
			put_reference(to, global->type, narrow);
		return;
	}
	put_byte(to, 0x0b);
}

static void put_tags(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	if (g->tag_count == 0)
		return;
	put_unsigned(&content, g->tag_count);
	for (unsigned i = 0; i < g->tag_count; i++) {
		put_byte(&content, 0);
		put_unsigned(&content, g->tags[i]);
	}
	put_section(module, 13, &content);
}

static void put_globals(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->global_count);
	for (unsigned i = 0; i < g->global_count; i++) {
		put_type(&content, g->globals[i].type);
		put_byte(&content, g->globals[i].is_mutable);
		put_initial(&content, g, &g->globals[i]);
	}
	put_section(module, 6, &content);
}

static void put_export(struct buffer *to, const char *prefix, unsigned number, unsigned kind,
		uint32_t index)
{
	char name[16];
	snprintf(name, sizeof name, "%s%u", prefix, number);
	put_name(to, name);
	put_byte(to, kind);
	put_unsigned(to, index);
}

/* The observer is the last function, the wrappers stand before it. */
static void put_exports(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	unsigned first = g->function_count - 1 - g->call_count;
	put_unsigned(&content, g->call_count + 1 + g->memory_count);
	for (unsigned i = 0; i < g->call_count; i++)
		put_export(&content, "c", i, 0, first + i);
	put_name(&content, "o");
	put_byte(&content, 0);
	put_unsigned(&content, g->function_count - 1);
	for (unsigned i = 0; i < g->memory_count; i++)
		put_export(&content, "m", i, 2, i);
	put_section(module, 7, &content);
}

static void put_offset(struct buffer *to, bool is_wide, uint32_t offset)
{
	put_byte(to, is_wide ? 0x42 : 0x41);
	put_signed(to, offset);
	put_byte(to, 0x0b);
}

static void put_elements(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->element_count + 1);
	for (unsigned i = 0; i < g->element_count; i++) {
		const struct element_segment *elements = &g->elements[i];
		put_byte(&content, elements->is_active ? 6 : 5);
		if (elements->is_active) {
			put_unsigned(&content, elements->table);
			put_offset(&content, g->tables[elements->table].is_wide, elements->offset);
		}
		put_type(&content, elements->type);
		put_unsigned(&content, elements->count);
		for (unsigned k = 0; k < elements->count; k++)
			put_reference(&content, elements->type, elements->functions[k]);
	}
	/* So that ref.func may name any function: a declaration. */
	put_byte(&content, 3);
	put_byte(&content, 0);
	put_unsigned(&content, g->guest_first + g->guest_count);
	for (unsigned i = 0; i < g->guest_first + g->guest_count; i++)
		put_unsigned(&content, i);
	put_section(module, 9, &content);
}

static void put_code(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->data_count);
	put_section(module, 12, &content);
	content = (struct buffer){0};
	put_unsigned(&content, g->function_count - g->imported_count);
	for (unsigned i = g->imported_count; i < g->function_count; i++) {
		put_buffer(&content, &g->functions[i].code);
		buffer_finish(&g->functions[i].code);
	}
	put_section(module, 10, &content);
}

static void put_data(struct generator *g, struct buffer *module)
{
	struct buffer content = {0};
	put_unsigned(&content, g->data_count);
	for (unsigned i = 0; i < g->data_count; i++) {
		const struct data_segment *data = &g->data[i];
		put_byte(&content, data->is_active ? 2 : 1);
		if (data->is_active) {
			put_unsigned(&content, data->memory);
			put_offset(&content, g->memories[data->memory].is_wide, data->offset);
		}
		put_unsigned(&content, data->length);
		put_bytes(&content, data->bytes, data->length);
	}
	put_section(module, 11, &content);
}

void module_put(struct generator *g, struct buffer *module)
{
	put_bytes(module, "\0asm\1\0\0\0", 8);
	put_types(g, module);
	put_imports(g, module);
	put_functions(g, module);
	put_tables(g, module);
	put_memories(g, module);
	put_tags(g, module);
	put_globals(g, module);
	put_exports(g, module);
	put_elements(g, module);
	put_code(g, module);
	put_data(g, module);
}

bool generate(uint64_t seed, uint64_t number, struct buffer *module, uint32_t *coverage)
{
	static const struct function_type nothing;
	struct generator g = {.random = random_of(seed, number), .coverage = coverage};
	environment_draw(&g, number);
	unsigned nothing_type = type_intern(&g, &nothing);
	for (unsigned i = 0; i < g.guest_count; i++)
		function_make(&g, &g.functions[g.guest_first + i]);
	g.call_count = random_from(&g.random, 2, 5);
	for (unsigned i = 0; i < g.call_count; i++) {
		g.functions[g.function_count].type = nothing_type;
		function_wrapper(&g, &g.functions[g.function_count++]);
	}
	g.functions[g.function_count].type = nothing_type;
	function_observer(&g, &g.functions[g.function_count++]);
	module_put(&g, module);
	return !g.profile.is_private;
}
