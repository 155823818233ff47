/*
 * types.c: value types and function types; locals of a body by type.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

bool type_is_float(uint32_t type)
{
	return type == 'f' || type == 'F';
}

uint32_t type_of_letter(char letter)
{
	switch (letter) {
	case 'r':
		return TYPE_FUNCREF;
	case 'e':
		return TYPE_EXTERNREF;
	default:
		return (uint8_t)letter;
	}
}

static bool type_equal(const struct function_type *a, const struct function_type *b)
{
	return a->parameter_count == b->parameter_count && a->result_count == b->result_count &&
			memcmp(a->parameters, b->parameters,
					a->parameter_count * sizeof a->parameters[0]) == 0 &&
			memcmp(a->results, b->results, a->result_count * sizeof a->results[0]) == 0;
}

unsigned type_intern(struct generator *g, const struct function_type *type)
{
	for (unsigned i = g->composite_count; i < g->type_count; i++) {
		if (type_equal(&g->types[i], type))
			return i;
	}
	check(g->type_count < MAX_TYPES);
	g->types[g->type_count] = *type;
	return g->type_count++;
}

uint32_t type_random_number(struct generator *g)
{
	const struct profile *profile = &g->profile;
	unsigned dice = random_below(&g->random,
			profile->integers + profile->floats + profile->vectors);
	if (dice < profile->integers)
		return random_chance(&g->random, 60) ? 'i' : 'I';
	if (dice < profile->integers + profile->floats)
		return random_chance(&g->random, 50) ? 'f' : 'F';
	return 'v';
}

uint32_t type_random_value(struct generator *g)
{
	if (g->composite_count && random_chance(&g->random, g->profile.objects))
		return composite_reference(g);
	if (random_chance(&g->random, g->profile.references))
		return reference_type(g);
	return type_random_number(g);
}

unsigned type_random(struct generator *g)
{
	/* With many types there already, one of them will do. */
	if (g->type_count > MAX_TYPES / 2)
		return random_from(&g->random, g->composite_count, g->type_count - 1);
	struct function_type type = {0};
	type.parameter_count = (uint8_t)random_below(&g->random, MAX_ARITY);
	type.result_count = random_chance(&g->random, 75)
			? (uint8_t)random_below(&g->random, 2)
			: (uint8_t)random_below(&g->random, MAX_ARITY);
	for (unsigned i = 0; i < type.parameter_count; i++)
		type.parameters[i] = type_random_value(g);
	for (unsigned i = 0; i < type.result_count; i++)
		type.results[i] = type_random_value(g);
	return type_intern(g, &type);
}

unsigned local_add(struct generator *g, uint32_t type, bool reserved)
{
	struct body *body = g->body;
	check(body->local_count < MAX_BODY_LOCALS);
	body->locals[body->local_count] = (struct local){type, reserved, false};
	return body->local_count++;
}

unsigned local_scratch(struct generator *g, uint32_t type)
{
	unsigned *scratch = &g->body->scratch[type & 0x7f];
	if (!*scratch) {
		*scratch = local_add(g, type, true) + 1;
		g->body->locals[*scratch - 1].hidden = true;
	}
	return *scratch - 1;
}

int local_find(struct generator *g, uint32_t type, bool settable)
{
	struct body *body = g->body;
	unsigned start = random_below(&g->random, body->local_count + 1);
	for (unsigned i = 0; i < body->local_count; i++) {
		unsigned index = (start + i) % body->local_count;
		const struct local *local = &body->locals[index];
		if (local->type == type && !local->hidden && !(settable && local->reserved))
			return (int)index;
	}
	return -1;
}
