/*
 * favourite.c: operators that a module has for certain; they go round by its number, so that
 * some hundred modules have all there are.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

static bool name_begins(enum op op, const char *prefix)
{
	return strncmp(op_info(op)->name, prefix, strlen(prefix)) == 0;
}

static bool favourite_is_table(enum op op)
{
	return name_begins(op, "table.") || name_begins(op, "elem.") || name_begins(op, "ref.") ||
			strstr(op_info(op)->name, "call_") || strstr(op_info(op)->name, "null");
}

static bool favourite_is_exception(enum op op)
{
	int feature = op_info(op)->feature;
	return feature == SV_FEATURE_EXCEPTIONS || feature == SV_FEATURE_LEGACY_EXCEPTIONS;
}

static bool favourite_is_object(enum op op)
{
	return op_info(op)->code >> 12 == 0xfb || op == OP_ref_eq;
}

void favourites_draw(struct generator *g, uint64_t number)
{
	for (unsigned i = 0; i < FAVOURITES; i++) {
		enum op op = 1 + (enum op)((number * FAVOURITES + i) % (OP_COUNT - 1));
		g->favourites[i] = op;
		operator_allow(g, op);
		if (favourite_is_object(op) && g->profile.objects == 0)
			g->profile.objects = 25;
		if (favourite_is_exception(op)) {
			g->profile.exceptions = 20;
			g->profile.is_legacy = op_info(op)->feature == SV_FEATURE_LEGACY_EXCEPTIONS;
		}
		if (favourite_is_table(op) && g->profile.references < 15)
			g->profile.references = 15;
	}
}

static void favourite_call(struct generator *g, enum op op, int depth)
{
	if (!name_begins(op, "return")) {
		control_call_statement(g, depth);
		return;
	}
	emit_op(g, OP_block);
	put_byte(&g->body->code, 0x40);
	label_push(g, NULL, 0, false);
	control_leave(g, depth);
	emit_op(g, OP_end);
	g->body->label_count--;
}

/* Statements of the kind that may have it, until one does; it is not there to be asked for. */
static void favourite_try(struct generator *g, enum op op, int depth)
{
	uint32_t before = g->coverage[op];
	for (unsigned tries = 0; tries < 8 && g->coverage[op] == before; tries++) {
		g->body->budget += 5;
		if (strstr(op_info(op)->name, "call")) {
			favourite_call(g, op, depth);
		} else if (favourite_is_exception(op)) {
			if (exception_value(g, 'i', depth + 1))
				emit_op(g, OP_drop);
		} else if (favourite_is_object(op) && random_chance(&g->random, 30)) {
			object_statement(g, depth);
		} else if (favourite_is_object(op)) {
			value_emit(g, random_chance(&g->random, 50) ? 'i' : composite_reference(g),
					depth + 2);
			emit_op(g, OP_drop);
		} else if (favourite_is_table(op) && random_chance(&g->random, 60))
			table_statement(g, depth);
		else if (name_begins(op, "memory.") || name_begins(op, "data."))
			memory_statement(g, depth);
		else
			statement_emit(g, depth + 1);
	}
}

void favourite_emit(struct generator *g, enum op op, int depth)
{
	if (!op_info(op)->signature) {
		favourite_try(g, op, depth);
		return;
	}
	if (!operator_fits(g, op))
		return;
	const char *results = strchr(op_info(op)->signature, ':') + 1;
	operator_emit(g, op, depth);
	if (!*results)
		return;
	if (random_chance(&g->random, 20))
		emit_op(g, OP_drop);
	else
		record_emit(g, type_of_letter(results[strlen(results) - 1]));
}
