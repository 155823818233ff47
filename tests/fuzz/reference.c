/*
 * reference.c: references to functions, and what is asked about references of any kind.
 */
#include "tests/fuzz/generator.h"

bool type_is_nullable(uint32_t type)
{
	return (type & TYPE_NULLABLE) != 0;
}

static bool function_has(const struct generator *g, uint32_t function, uint32_t type)
{
	uint32_t heap = type >> TYPE_HEAP_SHIFT;
	return heap == (TYPE_ABSTRACT | 0x70) || g->functions[function].type == heap;
}

int reference_function(struct generator *g, uint32_t type)
{
	uint32_t count = g->guest_first + g->guest_count;
	uint32_t start = random_below(&g->random, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t function = (start + i) % count;
		if (function_has(g, function, type))
			return (int)function;
	}
	return -1;
}

uint32_t reference_type(struct generator *g)
{
	unsigned dice = random_below(&g->random, 100);
	if (dice < 45)
		return TYPE_FUNCREF;
	if (dice < 65)
		return TYPE_EXTERNREF;
	/* Functions that are drawn already have the types there can be values of. */
	uint32_t guests = g->guest_first + g->guest_count;
	uint32_t count = g->function_count < guests ? g->function_count : guests;
	uint32_t function = random_below(&g->random, count);
	return TYPE_REF(random_chance(&g->random, 60), g->functions[function].type);
}

void reference_leaf(struct generator *g, uint32_t type)
{
	if (type_is_object(g, type)) {
		object_leaf(g, type);
		return;
	}
	if (!type_is_nullable(type) || random_chance(&g->random, 70)) {
		int function = reference_function(g, type);
		if (function >= 0) {
			emit_index(g, OP_ref_func, (uint32_t)function);
			return;
		}
	}
	check(type_is_nullable(type));
	emit_op(g, OP_ref_null);
	put_heap(&g->body->code, type);
}

/* A label without values, for branches that leave the rest of the stack alone; or -1. */
static int label_empty(struct generator *g)
{
	struct body *body = g->body;
	uint32_t start = random_below(&g->random, body->label_count);
	for (uint32_t i = 0; i < body->label_count; i++) {
		uint32_t relative = (start + i) % body->label_count;
		if (body->labels[body->label_count - 1 - relative].count == 0)
			return (int)relative;
	}
	return -1;
}

/* block (result ref) x br_on_non_null 0, y end: y stands in for a null. */
static void reference_or_else(struct generator *g, uint32_t type, int depth)
{
	emit_op(g, OP_block);
	put_type(&g->body->code, type);
	label_push(g, &type, 1, false);
	value_emit(g, type | TYPE_NULLABLE, depth);
	emit_index(g, OP_br_on_non_null, 0);
	value_emit(g, type, depth);
	emit_op(g, OP_end);
	g->body->label_count--;
}

/* From a nullable reference: a trap, a branch or something else if it is null. */
void reference_checked(struct generator *g, uint32_t type, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	int label = label_empty(g);
	bool can_nest = !g->body->counted && g->body->label_count + 2 < MAX_LABELS;
	if (can_nest && dice < 40) {
		reference_or_else(g, type, depth);
		return;
	}
	value_emit(g, type | TYPE_NULLABLE, depth);
	if (can_nest && dice < 80 && label >= 0)
		emit_index(g, OP_br_on_null, (uint32_t)label);
	else
		emit_op(g, OP_ref_as_non_null);
}

bool reference_value(struct generator *g, uint32_t type, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	if (type_is_object(g, type))
		return object_value(g, type, depth);
	if (dice < 20 && g->composite_count && object_field(g, type, depth))
		return true;
	if (dice < 30 && g->composite_count && type == TYPE_EXTERNREF) {
		value_emit(g, TYPE_REF(1, TYPE_ABSTRACT | 0x6e), depth - 1);
		emit_op(g, OP_extern_convert_any);
		return true;
	}
	if (dice < 30 && !g->body->counted && table_value(g, type, depth))
		return true;
	if (dice < 55)
		return value_select(g, type, depth);
	if (dice < 80 && !type_is_nullable(type)) {
		reference_checked(g, type, depth - 1);
		return true;
	}
	/* A subtype will do. */
	if (dice < 70 && type_is_nullable(type) && reference_function(g, type) >= 0)
		return value_emit(g, type & ~TYPE_NULLABLE, depth - 1);
	return value_leaf(g, type);
}

void reference_call(struct generator *g, unsigned type, int depth, enum op op)
{
	values_emit(g, g->types[type].parameters, g->types[type].parameter_count, depth);
	value_emit(g, TYPE_REF(random_chance(&g->random, 50), type), depth);
	emit_index(g, op, type);
}
