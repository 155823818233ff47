/*
 * exception.c: tags, throwing, and catching in either of the two ways; a module uses one of them.
 */
#include "tests/fuzz/generator.h"

/* Abstract heap type of exception references. */
#define TYPE_EXNREF TYPE_REF(1, TYPE_ABSTRACT | 0x69)

void tags_draw(struct generator *g)
{
	if (!g->profile.exceptions)
		return;
	g->tag_count = random_from(&g->random, 1, MAX_TAGS);
	for (unsigned i = 0; i < g->tag_count; i++) {
		struct function_type type = {0};
		type.parameter_count = (uint8_t)random_below(&g->random, 3);
		for (unsigned k = 0; k < type.parameter_count; k++)
			type.parameters[k] = type_random_number(g);
		g->tags[i] = type_intern(g, &type);
	}
}

static const struct function_type *tag_type(const struct generator *g, unsigned tag)
{
	return &g->types[g->tags[tag]];
}

bool exception_throw(struct generator *g, int depth)
{
	if (g->tag_count == 0)
		return false;
	unsigned tag = random_below(&g->random, g->tag_count);
	struct function_type type = *tag_type(g, tag);
	values_emit(g, type.parameters, type.parameter_count, depth);
	emit_index(g, OP_throw, tag);
	return true;
}

/* What a handler finds on the stack: to locals, or nowhere. */
static void handler_take(struct generator *g, const struct function_type *type)
{
	for (unsigned i = type->parameter_count; i > 0; i--) {
		int local = local_find(g, type->parameters[i - 1], true);
		if (local >= 0 && random_chance(&g->random, 70))
			emit_index(g, OP_local_set, (uint32_t)local);
		else
			emit_op(g, OP_drop);
	}
}

static void body_guarded(struct generator *g, uint32_t type, int depth)
{
	statements_emit(g, random_below(&g->random, 3), depth);
	if (random_chance(&g->random, 35))
		exception_throw(g, depth - 1);
	else
		value_emit(g, type, depth);
}

/* ---- try_table ---- */

/* Kinds of clauses, as they are encoded. */
enum { CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF };

/* Values that the handler's label takes: the tag's, and the exception. */
static struct label handler_label(const struct generator *g, unsigned kind, unsigned tag)
{
	struct label label = {0};
	if (kind == CATCH || kind == CATCH_REF) {
		const struct function_type *type = tag_type(g, tag);
		for (; label.count < type->parameter_count; label.count++)
			label.types[label.count] = type->parameters[label.count];
	}
	if (kind == CATCH_REF || kind == CATCH_ALL_REF)
		label.types[label.count++] = TYPE_EXNREF;
	return label;
}

static void label_type_put(struct generator *g, const struct label *label)
{
	struct function_type type = {.result_count = label->count};
	for (unsigned i = 0; i < label->count; i++)
		type.results[i] = label->types[i];
	put_signed(&g->body->code, type_intern(g, &type));
}

static void clause_put(struct generator *g, unsigned kind, unsigned tag, unsigned relative)
{
	put_byte(&g->body->code, kind);
	if (kind == CATCH || kind == CATCH_REF)
		put_unsigned(&g->body->code, tag);
	put_unsigned(&g->body->code, relative);
}

/* The exception is thrown again, or forgotten. */
static void handler_finish(struct generator *g, const struct label *label)
{
	unsigned count = label->count;
	if (count && label->types[count - 1] == TYPE_EXNREF) {
		count--;
		if (random_chance(&g->random, 25)) {
			emit_op(g, OP_throw_ref);
			return;
		}
		emit_op(g, OP_drop);
	}
	struct function_type type = {.parameter_count = (uint8_t)count};
	for (unsigned i = 0; i < count; i++)
		type.parameters[i] = label->types[i];
	handler_take(g, &type);
}

/* block $out (result t) block $handler (results h) try_table ... end br $out end, handle, t end */
static void exception_table(struct generator *g, uint32_t type, int depth)
{
	struct body *body = g->body;
	unsigned kind = random_below(&g->random, 4);
	unsigned tag = random_below(&g->random, g->tag_count);
	struct label handler = handler_label(g, kind, tag);
	emit_op(g, OP_block);
	put_type(&body->code, type);
	label_push(g, &type, 1, false);
	emit_op(g, OP_block);
	label_type_put(g, &handler);
	label_push(g, handler.types, handler.count, false);
	emit_op(g, OP_try_table);
	put_type(&body->code, type);
	put_unsigned(&body->code, 1);
	clause_put(g, kind, tag, 0);
	label_push(g, &type, 1, false);
	body_guarded(g, type, depth);
	emit_op(g, OP_end);
	body->label_count--;
	emit_index(g, OP_br, 1);
	emit_op(g, OP_end);
	body->label_count--;
	handler_finish(g, &handler);
	value_emit(g, type, depth - 1);
	emit_op(g, OP_end);
	body->label_count--;
}

/* ---- try, as it was before ---- */

static void legacy_handler(struct generator *g, uint32_t type, int depth)
{
	if (random_chance(&g->random, 15))
		emit_index(g, OP_rethrow, 0);
	else
		value_emit(g, type, depth - 1);
}

static void exception_legacy(struct generator *g, uint32_t type, int depth)
{
	struct body *body = g->body;
	unsigned clauses = random_from(&g->random, 0, 2);
	emit_op(g, OP_try);
	put_type(&body->code, type);
	label_push(g, &type, 1, false);
	body_guarded(g, type, depth);
	if (random_chance(&g->random, 15)) {
		body->label_count--;
		emit_index(g, OP_delegate, random_below(&g->random, body->label_count));
		return;
	}
	for (unsigned i = 0; i < clauses; i++) {
		unsigned tag = random_below(&g->random, g->tag_count);
		struct function_type payload = *tag_type(g, tag);
		emit_index(g, OP_catch, tag);
		handler_take(g, &payload);
		legacy_handler(g, type, depth);
	}
	if (random_chance(&g->random, 50)) {
		emit_op(g, OP_catch_all);
		legacy_handler(g, type, depth);
	}
	emit_op(g, OP_end);
	body->label_count--;
}

bool exception_value(struct generator *g, uint32_t type, int depth)
{
	if (g->tag_count == 0 || g->body->label_count + 4 > MAX_LABELS ||
			g->type_count + 4 > MAX_TYPES)
		return false;
	if (g->profile.is_legacy)
		exception_legacy(g, type, depth);
	else
		exception_table(g, type, depth);
	return true;
}
