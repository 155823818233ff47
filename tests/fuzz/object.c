/*
 * object.c: making and using structures, arrays and i31 references.
 */
#include "tests/fuzz/generator.h"

static bool field_is_packed(const struct field *field)
{
	return field->type == 'b' || field->type == 'h';
}

/* The type of values that a field takes and gives. */
static uint32_t field_value(const struct field *field)
{
	return field_is_packed(field) ? 'i' : field->type;
}

static void emit_pair(struct generator *g, enum op op, uint32_t first, uint32_t second)
{
	emit_index(g, op, first);
	put_unsigned(&g->body->code, second);
}

/* ---- making ---- */

static void object_i31(struct generator *g, int depth)
{
	value_emit(g, 'i', depth);
	emit_op(g, OP_ref_i31);
}

/* A length or index: small, and mostly in bounds. */
static void object_number(struct generator *g, unsigned most, int depth)
{
	if (random_below(&g->random, 100) < g->profile.traps / 2) {
		emit_i32(g, (int32_t)random_below(&g->random, 20) - 5);
		return;
	}
	if (depth <= 0 || random_chance(&g->random, 60)) {
		emit_i32(g, (int32_t)random_below(&g->random, most + 1));
		return;
	}
	value_emit(g, 'i', depth);
	emit_i32(g, most >= 3 ? 3 : 1);
	emit_op(g, OP_i32_and);
}

static void object_default(struct generator *g, unsigned index)
{
	if (!g->composites[index].is_array) {
		emit_index(g, OP_struct_new_default, index);
		return;
	}
	emit_i32(g, (int32_t)random_from(&g->random, 0, 6));
	emit_index(g, OP_array_new_default, index);
}

/* From a data or element segment; false if the element type has none. */
static bool array_from_segment(struct generator *g, unsigned index)
{
	const struct field *field = &g->composites[index].fields[0];
	if (type_is_reference(field->type)) {
		int segment = element_find(g, field->type);
		if (segment < 0)
			return false;
		object_number(g, g->elements[segment].count / 2, 0);
		object_number(g, g->elements[segment].count / 2, 0);
		emit_pair(g, OP_array_new_elem, index, (uint32_t)segment);
		return true;
	}
	/* Floats from bytes may be any NaN, and are what the bytes say. */
	if (g->data_count == 0)
		return false;
	unsigned segment = random_below(&g->random, g->data_count);
	object_number(g, g->data[segment].length / 2, 0);
	object_number(g, g->data[segment].length / 32, 0);
	emit_pair(g, OP_array_new_data, index, segment);
	return true;
}

static void array_make(struct generator *g, unsigned index, int depth)
{
	uint32_t type = field_value(&g->composites[index].fields[0]);
	unsigned dice = random_below(&g->random, 100);
	if (dice < 25 && array_from_segment(g, index))
		return;
	if (dice < 60) {
		unsigned count = random_below(&g->random, 5);
		for (unsigned i = 0; i < count; i++)
			value_emit(g, type, depth);
		emit_pair(g, OP_array_new_fixed, index, count);
		return;
	}
	value_emit(g, type, depth);
	emit_i32(g, (int32_t)random_below(&g->random, 8));
	emit_index(g, OP_array_new, index);
}

static void object_make(struct generator *g, unsigned index, int depth)
{
	const struct composite *composite = &g->composites[index];
	if (depth <= 0 || random_chance(&g->random, 25)) {
		object_default(g, index);
		return;
	}
	if (composite->is_array) {
		array_make(g, index, depth - 1);
		return;
	}
	for (unsigned i = 0; i < composite->field_count; i++)
		value_emit(g, field_value(&composite->fields[i]), depth - 1);
	emit_index(g, OP_struct_new, index);
}

void object_leaf(struct generator *g, uint32_t type)
{
	if (type_is_nullable(type) && random_chance(&g->random, 25)) {
		emit_op(g, OP_ref_null);
		if (random_chance(&g->random, 30))
			put_byte(&g->body->code, 0x71);
		else
			put_heap(&g->body->code, type);
		return;
	}
	int index = composite_for(g, type);
	if (index >= 0)
		object_default(g, (unsigned)index);
	else
		object_i31(g, 0);
}

/* ---- using ---- */

/* A reference to this type, mostly not null. */
static void object_reference(struct generator *g, unsigned index, int depth)
{
	bool is_null = random_below(&g->random, 100) < g->profile.traps;
	value_emit(g, TYPE_REF(is_null, index), depth);
}

static void field_get(struct generator *g, unsigned index, unsigned number, int depth)
{
	const struct composite *composite = &g->composites[index];
	bool is_packed = field_is_packed(&composite->fields[number]);
	bool is_signed = random_chance(&g->random, 50);
	object_reference(g, index, depth);
	if (!composite->is_array) {
		emit_pair(g,
				!is_packed ? OP_struct_get
						: is_signed ? OP_struct_get_s
							    : OP_struct_get_u,
				index, number);
		return;
	}
	object_number(g, 3, depth);
	emit_index(g,
			!is_packed ? OP_array_get
					: is_signed ? OP_array_get_s
						    : OP_array_get_u,
			index);
}

bool object_field(struct generator *g, uint32_t type, int depth)
{
	if (g->composite_count == 0)
		return false;
	unsigned start = random_below(&g->random, g->composite_count);
	for (unsigned i = 0; i < g->composite_count; i++) {
		unsigned index = (start + i) % g->composite_count;
		const struct composite *composite = &g->composites[index];
		for (unsigned k = 0; k < composite->field_count; k++) {
			if (field_value(&composite->fields[k]) != type)
				continue;
			field_get(g, index, k, depth - 1);
			return true;
		}
	}
	return false;
}

/* ref.test or ref.cast of a value of a wider type. */
static void object_cast(struct generator *g, enum op op, enum op op_null, uint32_t type, int depth)
{
	uint32_t from = TYPE_REF(1, TYPE_ABSTRACT | 0x6e);
	value_emit(g, random_chance(&g->random, 60) ? type | TYPE_NULLABLE : from, depth);
	emit_op(g, type_is_nullable(type) ? op_null : op);
	put_heap(&g->body->code, type);
}

static bool object_question(struct generator *g, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	uint32_t equal = TYPE_REF(1, TYPE_ABSTRACT | 0x6d);
	if (dice < 25) {
		value_emit(g, equal, depth);
		value_emit(g, equal, depth);
		emit_op(g, OP_ref_eq);
	} else if (dice < 50) {
		object_cast(g, OP_ref_test, OP_ref_test_null, composite_reference(g), depth);
	} else if (dice < 75) {
		bool is_null = random_below(&g->random, 100) < g->profile.traps;
		value_emit(g, TYPE_REF(is_null, TYPE_ABSTRACT | 0x6c), depth);
		emit_op(g, random_chance(&g->random, 50) ? OP_i31_get_s : OP_i31_get_u);
	} else {
		bool is_null = random_below(&g->random, 100) < g->profile.traps;
		value_emit(g, TYPE_REF(is_null, TYPE_ABSTRACT | 0x6a), depth);
		emit_op(g, OP_array_len);
	}
	return true;
}

bool object_numeric(struct generator *g, uint32_t type, int depth)
{
	if (g->composite_count == 0)
		return false;
	if (type == 'i' && random_chance(&g->random, 50))
		return object_question(g, depth - 1);
	return object_field(g, type, depth);
}

/* Cast from any: block (result to) value br_on_cast 0, something else end. */
static void object_branch(struct generator *g, uint32_t type, int depth)
{
	uint32_t any = TYPE_REF(1, TYPE_ABSTRACT | 0x6e);
	bool fails = type_is_nullable(type) && type >> TYPE_HEAP_SHIFT == any >> TYPE_HEAP_SHIFT;
	uint32_t to = fails ? composite_reference(g) : type;
	emit_op(g, OP_block);
	put_type(&g->body->code, type);
	label_push(g, &type, 1, false);
	value_emit(g, any, depth);
	emit_op(g, fails ? OP_br_on_cast_fail : OP_br_on_cast);
	put_byte(&g->body->code, 1 | (type_is_nullable(to) ? 2 : 0));
	put_unsigned(&g->body->code, 0);
	put_heap(&g->body->code, any);
	put_heap(&g->body->code, to);
	if (!fails) {
		emit_op(g, OP_drop);
		value_emit(g, type, depth);
	}
	emit_op(g, OP_end);
	g->body->label_count--;
}

/* Through externref and back; only any is the same afterwards. */
static void object_outside(struct generator *g, int depth)
{
	value_emit(g, TYPE_EXTERNREF, depth);
	emit_op(g, OP_any_convert_extern);
}

bool object_value(struct generator *g, uint32_t type, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	bool can_nest = !g->body->counted && g->body->label_count + 2 < MAX_LABELS;
	if (dice < 15)
		return value_select(g, type, depth);
	if (dice < 30)
		return value_leaf(g, type);
	if (dice < 40 && object_field(g, type, depth))
		return true;
	if (dice < 50 && can_nest) {
		object_branch(g, type, depth - 1);
		return true;
	}
	if (dice < 57) {
		object_cast(g, OP_ref_cast, OP_ref_cast_null, type, depth - 1);
		return true;
	}
	if (dice < 62 && type == TYPE_REF(1, TYPE_ABSTRACT | 0x6e)) {
		object_outside(g, depth - 1);
		return true;
	}
	if (dice < 68 && !type_is_nullable(type)) {
		reference_checked(g, type, depth - 1);
		return true;
	}
	int index = composite_for(g, type);
	if (index < 0)
		object_i31(g, depth - 1);
	else
		object_make(g, (unsigned)index, depth - 1);
	return true;
}

/* ---- statements ---- */

static int array_find(struct generator *g, bool numbers)
{
	unsigned start = random_below(&g->random, g->composite_count);
	for (unsigned i = 0; i < g->composite_count; i++) {
		unsigned index = (start + i) % g->composite_count;
		const struct composite *composite = &g->composites[index];
		if (composite->is_array && composite->fields[0].is_mutable &&
				!(numbers && type_is_reference(composite->fields[0].type)))
			return (int)index;
	}
	return -1;
}

static void array_copy(struct generator *g, unsigned index, int depth)
{
	object_reference(g, index, depth);
	object_number(g, 2, 0);
	object_reference(g, index, depth);
	object_number(g, 2, 0);
	object_number(g, 2, 0);
	emit_pair(g, OP_array_copy, index, index);
}

static void array_init(struct generator *g, unsigned index, int depth)
{
	uint32_t type = g->composites[index].fields[0].type;
	bool is_reference = type_is_reference(type);
	int segment = is_reference ? element_find(g, type)
				   : (int)random_below(&g->random, g->data_count + 1) - 1;
	if (segment < 0)
		return;
	object_reference(g, index, depth);
	object_number(g, 2, 0);
	object_number(g, 3, 0);
	object_number(g, 2, 0);
	emit_pair(g, is_reference ? OP_array_init_elem : OP_array_init_data, index,
			(uint32_t)segment);
}

static void array_statement(struct generator *g, unsigned index, int depth)
{
	uint32_t type = field_value(&g->composites[index].fields[0]);
	unsigned dice = random_below(&g->random, 100);
	if (dice < 25) {
		array_copy(g, index, depth);
		return;
	}
	if (dice < 50) {
		array_init(g, index, depth);
		return;
	}
	object_reference(g, index, depth);
	object_number(g, 3, depth);
	value_emit(g, type, depth);
	if (dice < 70)
		object_number(g, 2, 0);
	emit_index(g, dice < 70 ? OP_array_fill : OP_array_set, index);
}

static void struct_statement(struct generator *g, int depth)
{
	unsigned index = random_below(&g->random, g->composite_count);
	const struct composite *composite = &g->composites[index];
	if (composite->is_array || composite->field_count == 0)
		return;
	unsigned number = random_below(&g->random, composite->field_count);
	if (!composite->fields[number].is_mutable)
		return;
	object_reference(g, index, depth);
	value_emit(g, field_value(&composite->fields[number]), depth);
	emit_pair(g, OP_struct_set, index, number);
}

void object_statement(struct generator *g, int depth)
{
	if (g->composite_count == 0)
		return;
	int array = array_find(g, random_chance(&g->random, 50));
	if (array >= 0 && random_chance(&g->random, 50))
		array_statement(g, (unsigned)array, depth);
	else
		struct_statement(g, depth);
}

/* ---- telling the host ---- */

static void observe_struct(struct generator *g, unsigned index, unsigned local)
{
	const struct composite *composite = &g->composites[index];
	for (unsigned i = 0; i < composite->field_count; i++) {
		const struct field *field = &composite->fields[i];
		if (type_is_reference(field->type))
			continue;
		emit_index(g, OP_local_get, local);
		emit_pair(g, field_is_packed(field) ? OP_struct_get_u : OP_struct_get, index, i);
		record_emit(g, field_value(field));
	}
}

/* The length, and an element if there is one. */
static void observe_array(struct generator *g, unsigned index, unsigned local)
{
	const struct field *field = &g->composites[index].fields[0];
	emit_index(g, OP_local_get, local);
	emit_op(g, OP_array_len);
	record_emit(g, 'i');
	if (type_is_reference(field->type))
		return;
	emit_index(g, OP_local_get, local);
	emit_op(g, OP_array_len);
	emit_op(g, OP_if);
	put_byte(&g->body->code, 0x40);
	emit_index(g, OP_local_get, local);
	emit_i32(g, 0);
	emit_index(g, field_is_packed(field) ? OP_array_get_u : OP_array_get, index);
	record_emit(g, field_value(field));
	emit_op(g, OP_end);
}

void object_observe(struct generator *g, uint32_t type)
{
	const struct composite *composite = composite_of(g, type);
	if ((!composite && !type_is_i31(type)) || g->body->local_count + 2 > MAX_BODY_LOCALS)
		return;
	unsigned index = type >> TYPE_HEAP_SHIFT;
	unsigned local = local_add(g, type | TYPE_NULLABLE, true);
	g->body->locals[local].hidden = true;
	emit_index(g, OP_local_tee, local);
	emit_index(g, OP_local_get, local);
	emit_op(g, OP_ref_is_null);
	emit_op(g, OP_i32_eqz);
	emit_op(g, OP_if);
	put_byte(&g->body->code, 0x40);
	if (!composite) {
		emit_index(g, OP_local_get, local);
		emit_op(g, OP_i31_get_s);
		record_emit(g, 'i');
	} else if (composite->is_array) {
		observe_array(g, index, local);
	} else {
		observe_struct(g, index, local);
	}
	emit_op(g, OP_end);
}
