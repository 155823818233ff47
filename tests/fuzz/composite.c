/*
 * composite.c: random types of structures and arrays, in recursive groups, with supertypes.
 */
#include "tests/fuzz/generator.h"

/* Bytes of abstract heap types. */
enum { HEAP_ANY = 0x6e, HEAP_EQ = 0x6d, HEAP_I31 = 0x6c, HEAP_STRUCT = 0x6b, HEAP_ARRAY = 0x6a };

static bool type_is_abstract(uint32_t type, uint32_t heap)
{
	return type >> TYPE_HEAP_SHIFT == (TYPE_ABSTRACT | heap);
}

const struct composite *composite_of(const struct generator *g, uint32_t type)
{
	uint32_t heap = type >> TYPE_HEAP_SHIFT;
	bool is_one = type_is_reference(type) && heap < g->composite_count;
	return is_one ? &g->composites[heap] : NULL;
}

bool type_is_i31(uint32_t type)
{
	return type_is_abstract(type, HEAP_I31);
}

bool type_is_object(const struct generator *g, uint32_t type)
{
	uint32_t heap = type >> TYPE_HEAP_SHIFT;
	if (!type_is_reference(type))
		return false;
	if (heap & TYPE_ABSTRACT)
		return (heap & 0xff) >= HEAP_ARRAY && (heap & 0xff) <= HEAP_ANY;
	return heap < g->composite_count;
}

static uint32_t abstract_random(struct generator *g)
{
	static const uint8_t heaps[] = {
			HEAP_ANY, HEAP_EQ, HEAP_I31, HEAP_I31, HEAP_STRUCT, HEAP_ARRAY};
	return TYPE_ABSTRACT | heaps[random_below(&g->random, sizeof heaps)];
}

uint32_t composite_reference(struct generator *g)
{
	bool is_null = random_chance(&g->random, 70);
	if (random_chance(&g->random, 30))
		return TYPE_REF(is_null, abstract_random(g));
	return TYPE_REF(is_null, random_below(&g->random, g->composite_count));
}

/* A field; references are nullable, so that every object has a default. */
static struct field field_draw(struct generator *g, unsigned visible)
{
	static const char packed[] = "bh";
	struct field field = {.is_mutable = random_chance(&g->random, 75)};
	unsigned dice = random_below(&g->random, 100);
	if (dice < 20)
		field.type = (uint8_t)packed[random_below(&g->random, 2)];
	else if (dice < 50)
		field.type = TYPE_REF(1, random_below(&g->random, visible));
	else if (dice < 60)
		field.type = TYPE_REF(1, abstract_random(g));
	else if (dice < 67)
		field.type = TYPE_FUNCREF;
	else
		field.type = type_random_number(g);
	return field;
}

/* An earlier type to extend, or -1. */
static int super_draw(struct generator *g, unsigned index, bool is_array)
{
	if (index == 0 || random_chance(&g->random, 50))
		return -1;
	unsigned super = random_below(&g->random, index);
	const struct composite *composite = &g->composites[super];
	return composite->is_final || composite->is_array != is_array ? -1 : (int)super;
}

/* The first is a structure and the second an array, so that there are values of every type. */
static void composite_draw(struct generator *g, unsigned index, unsigned visible)
{
	struct composite *composite = &g->composites[index];
	composite->is_array = index == 1 || (index > 1 && random_chance(&g->random, 35));
	composite->super = super_draw(g, index, composite->is_array);
	composite->is_final = random_chance(&g->random, 40);
	if (composite->super >= 0) {
		const struct composite *super = &g->composites[composite->super];
		composite->field_count = super->field_count;
		for (unsigned i = 0; i < super->field_count; i++)
			composite->fields[i] = super->fields[i];
	}
	unsigned more = random_below(&g->random, 3);
	if (composite->is_array)
		more = composite->field_count ? 0 : 1;
	while (more-- && composite->field_count < MAX_FIELDS)
		composite->fields[composite->field_count++] = field_draw(g, visible);
	/* Of functions there are element segments to make arrays from. */
	if (composite->is_array && composite->super < 0 && random_chance(&g->random, 30))
		composite->fields[0] = (struct field){TYPE_FUNCREF, true};
}

void composites_draw(struct generator *g)
{
	if (g->profile.objects == 0)
		return;
	g->composite_count = random_from(&g->random, 2, MAX_COMPOSITES);
	g->type_count = g->composite_count;
	for (unsigned at = 0; at < g->composite_count;) {
		unsigned size = random_from(&g->random, 1, 3);
		if (size > g->composite_count - at)
			size = g->composite_count - at;
		g->composites[at].group = (uint8_t)size;
		for (unsigned i = 0; i < size; i++)
			composite_draw(g, at + i, at + size);
		at += size;
	}
}

bool composite_extends(const struct generator *g, unsigned sub, unsigned super)
{
	while (sub != super && g->composites[sub].super >= 0)
		sub = (unsigned)g->composites[sub].super;
	return sub == super;
}

/* A type one can make that a reference of `type` may be to: an index, or -1 for i31. */
int composite_for(struct generator *g, uint32_t type)
{
	uint32_t heap = type >> TYPE_HEAP_SHIFT;
	bool takes_i31 = (heap & TYPE_ABSTRACT) && (heap & 0xff) >= HEAP_I31;
	if (type_is_i31(type) || (takes_i31 && random_chance(&g->random, 40)))
		return -1;
	unsigned start = random_below(&g->random, g->composite_count);
	for (unsigned i = 0; i < g->composite_count; i++) {
		unsigned index = (start + i) % g->composite_count;
		bool is_array = g->composites[index].is_array;
		if (heap == (TYPE_ABSTRACT | HEAP_STRUCT) ? !is_array
						: heap == (TYPE_ABSTRACT | HEAP_ARRAY)
						? is_array
						: (heap & TYPE_ABSTRACT) ||
								composite_extends(g, index, heap))
			return (int)index;
	}
	return -1;
}

static void field_put(struct buffer *to, const struct field *field)
{
	if (field->type == 'b')
		put_byte(to, 0x78);
	else if (field->type == 'h')
		put_byte(to, 0x77);
	else
		put_type(to, field->type);
	put_byte(to, field->is_mutable);
}

static void composite_put(struct buffer *to, const struct composite *composite)
{
	if (composite->super >= 0 || !composite->is_final) {
		put_byte(to, composite->is_final ? 0x4f : 0x50);
		put_unsigned(to, composite->super >= 0);
		if (composite->super >= 0)
			put_unsigned(to, (unsigned)composite->super);
	}
	put_byte(to, composite->is_array ? 0x5e : 0x5f);
	if (!composite->is_array)
		put_unsigned(to, composite->field_count);
	for (unsigned i = 0; i < composite->field_count; i++)
		field_put(to, &composite->fields[i]);
}

unsigned composites_groups(const struct generator *g)
{
	unsigned groups = 0;
	for (unsigned i = 0; i < g->composite_count; i++)
		groups += g->composites[i].group != 0;
	return groups;
}

void composites_put(const struct generator *g, struct buffer *to)
{
	for (unsigned i = 0; i < g->composite_count; i++) {
		if (g->composites[i].group) {
			put_byte(to, 0x4e);
			put_unsigned(to, g->composites[i].group);
		}
		composite_put(to, &g->composites[i]);
	}
}
