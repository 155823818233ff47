/*
 * environment.c: what a module is about, and what its functions refer to.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

static void profile_draw(struct generator *g)
{
	static const struct profile themes[] = {
#define THEME(...) {__VA_ARGS__, 0, 0, false, false},
#include "tests/fuzz/themes.def"
#undef THEME
	};
	unsigned count = sizeof themes / sizeof themes[0];
	g->profile = themes[random_below(&g->random, count)];
	g->profile.is_private = g->profile.vectors && random_chance(&g->random, 12);
	g->profile.is_legacy = random_chance(&g->random, 40);
	g->profile.traps = random_chance(&g->random, 50) ? random_below(&g->random, 4)
							 : random_below(&g->random, 15);
	g->profile.size = random_from(&g->random, 10, random_chance(&g->random, 85) ? 35 : 130);
}

static void imports_draw(struct generator *g)
{
	static const struct function_type types[IMPORT_COUNT] = {
			[RECORD_I32] = {1, 0, {'i'}, {0}},
			[RECORD_I64] = {1, 0, {'I'}, {0}},
			[RECORD_F32] = {1, 0, {'f'}, {0}},
			[RECORD_F64] = {1, 0, {'F'}, {0}},
			[HOST_MIX] = {1, 1, {'i'}, {'i'}},
	};
	for (unsigned i = 0; i < IMPORT_COUNT; i++)
		g->functions[g->function_count++].type = type_intern(g, &types[i]);
	g->imported_count = IMPORT_COUNT;
}

static void memories_draw(struct generator *g)
{
	g->memory_count = random_chance(&g->random, 4) ? 0 : 1;
	if (random_chance(&g->random, 8))
		g->memory_count = random_from(&g->random, 2, MAX_MEMORIES);
	for (unsigned i = 0; i < g->memory_count; i++) {
		struct memory *memory = &g->memories[i];
		memory->page_shift = 16;
		memory->minimum = random_chance(&g->random, 6) ? 0 : random_from(&g->random, 1, 2);
		memory->maximum = memory->minimum + random_below(&g->random, 3);
		memory->is_wide = random_chance(&g->random, 12);
		memory->is_shared = random_chance(&g->random, 10);
		if (!g->profile.is_private || memory->is_shared || random_chance(&g->random, 70))
			continue;
		memory->page_shift = 0;
		memory->minimum = random_below(&g->random, 3000);
		memory->maximum = memory->minimum + random_below(&g->random, 300);
	}
}

static void tables_draw(struct generator *g)
{
	if (g->profile.references == 0 && random_chance(&g->random, 60))
		return;
	g->table_count = random_from(&g->random, 1, MAX_TABLES);
	for (unsigned i = 0; i < g->table_count; i++) {
		struct table *table = &g->tables[i];
		bool is_function = i == 0 || random_chance(&g->random, 50);
		table->type = is_function ? TYPE_FUNCREF : TYPE_EXTERNREF;
		table->minimum = random_from(&g->random, i == 0 ? 4 : 0, 12);
		table->maximum = table->minimum + random_below(&g->random, 8);
		table->is_wide = random_chance(&g->random, 10);
	}
}

void global_draw(struct generator *g, struct global *global)
{
	switch (global->type) {
	case 'i':
		global->low = constant_i32(g);
		return;
	case 'I':
		global->low = constant_i64(g);
		return;
	case 'f':
		global->low = constant_f32(g);
		return;
	case 'F':
		global->low = constant_f64(g);
		return;
	case 'v':
		global->low = constant_i64(g);
		global->high = constant_i64(g);
		return;
	default:
		break;
	}
	if (type_is_object(g, global->type)) {
		bool is_null = type_is_nullable(global->type) && random_chance(&g->random, 30);
		global->low = is_null ? 0 : random_from(&g->random, 1, 7);
		global->high = (uint32_t)composite_for(g, global->type);
		return;
	}
	if (!type_is_nullable(global->type) || random_chance(&g->random, 60))
		global->low = (uint64_t)(reference_function(g, global->type) + 1);
}

static void globals_draw(struct generator *g)
{
	g->globals[GLOBAL_FUEL] = (struct global){'i', true, FUEL, 0, true};
	g->global_count = random_from(&g->random, 2, 8);
	for (unsigned i = 1; i < g->global_count; i++) {
		struct global *global = &g->globals[i];
		global->type = type_random_value(g);
		global->is_mutable = random_chance(&g->random, 80);
		global_draw(g, global);
	}
}

static void functions_draw(struct generator *g)
{
	g->guest_first = g->function_count;
	g->guest_count = random_from(&g->random, 1, 3);
	for (unsigned i = 0; i < g->guest_count; i++)
		g->functions[g->function_count++].type = type_random(g);
}

static void data_draw(struct generator *g)
{
	g->data_count = g->memory_count ? random_from(&g->random, 1, MAX_SEGMENTS) : 0;
	for (unsigned i = 0; i < g->data_count; i++) {
		struct data_segment *data = &g->data[i];
		data->memory = random_below(&g->random, g->memory_count);
		data->length = random_below(&g->random, sizeof data->bytes + 1);
		data->is_active = i < 2 && memory_bytes(g, data->memory) > 300;
		data->offset = random_below(&g->random, 200);
		for (unsigned k = 0; k < data->length; k++)
			data->bytes[k] = (uint8_t)random_next(&g->random);
	}
}

static void element_draw(struct generator *g, struct element_segment *elements, bool is_active)
{
	bool is_function = elements->type == TYPE_FUNCREF;
	uint32_t room = g->table_count ? g->tables[elements->table].minimum : 0;
	elements->is_active = is_active;
	elements->count = random_below(&g->random, MAX_ELEMENTS);
	if (is_active && elements->count > room)
		elements->count = room;
	if (is_active)
		elements->offset = random_below(&g->random, room - elements->count + 1);
	for (unsigned k = 0; k < elements->count; k++) {
		bool is_null = !is_function || random_chance(&g->random, 15);
		uint32_t function = g->guest_first + random_below(&g->random, g->guest_count);
		elements->functions[k] = is_null ? 0 : 1 + function;
	}
}

/* Without tables, segments are for arrays. */
static void elements_draw(struct generator *g)
{
	if (g->table_count == 0 && g->composite_count == 0)
		return;
	g->element_count = random_from(&g->random, 1, MAX_SEGMENTS);
	for (unsigned i = 0; i < g->element_count; i++) {
		struct element_segment *elements = &g->elements[i];
		elements->type = TYPE_FUNCREF;
		if (g->table_count) {
			elements->table = i == 0 ? 0 : random_below(&g->random, g->table_count);
			elements->type = g->tables[elements->table].type;
		}
		element_draw(g, elements,
				g->table_count && (i == 0 || random_chance(&g->random, 40)));
	}
}

void environment_draw(struct generator *g, uint64_t number)
{
	static const struct function_type nothing;
	profile_draw(g);
	favourites_draw(g, number);
	composites_draw(g);
	imports_draw(g);
	type_intern(g, &nothing);
	tags_draw(g);
	memories_draw(g);
	tables_draw(g);
	functions_draw(g);
	globals_draw(g);
	data_draw(g);
	elements_draw(g);
}
