/*
 * host_guest.h: a guest with all functions of a world, which calls those that the test says, with
 * what the test says, one after the other.
 */
#ifndef SELVAGE_TESTS_UNIT_HOST_GUEST_H
#define SELVAGE_TESTS_UNIT_HOST_GUEST_H

#include "tests/unit/host_worlds.h"
#include "tests/unit/runtime_fixture.h"

/* ---- tables ---- */

/* A function's number by its name, with its module and a dot in front or without. */
static inline int32_t row_find(const struct world *world, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : 0;
	for (size_t i = 0; i < world->count; i++) {
		const struct row *row = &world->rows[i];
		bool is_there = !dot || (strlen(row->module) == length &&
						memcmp(row->module, name, length) == 0);
		if (is_there && strcmp(row->name, dot ? dot + 1 : name) == 0)
			return (int32_t)i;
	}
	fixture_need(false, name);
	return -1;
}

/* What the tables say of a function; NULL: nothing. */
static inline const struct good *good_find(const struct world *world, const struct row *row)
{
	for (size_t i = 0; i < world->good_count; i++) {
		const struct good *good = &world->goods[i];
		if (strcmp(good->module, row->module) == 0 && strcmp(good->name, row->name) == 0)
			return good;
	}
	return NULL;
}

/* ---- the guest: takes functions and arguments from the test, one after the other ---- */

static inline void text_add(struct buffer *text, const char *piece)
{
	fixture_need(buffer_append(text, piece, strlen(piece), &error), "text");
}

/* A function that calls the host's with what the test says, and tells it the result. */
static inline void text_add_thunk(struct buffer *text, const struct row *row, size_t index)
{
	size_t count = strcspn(row->signature, ":");
	char result = row->signature[count + 1];
	const char *wide = result == 'I' ? "(call $result " : "(call $result (i64.extend_i32_u ";
	fixture_need(buffer_printf(text, &error, "(func $t%zu %s(call $f%zu", index,
				     result ? wide : "", index),
			"text");
	for (size_t i = 0; i < count; i++)
		fixture_need(buffer_printf(text, &error, " %s(call $argument (i32.const %zu))%s",
					     row->signature[i] == 'I' ? "" : "(i32.wrap_i64 ", i,
					     row->signature[i] == 'I' ? "" : ")"),
				"text");
	text_add(text, !result ? "))\n" : result == 'I' ? ")))\n" : "))))\n");
}

static inline void text_add_import(struct buffer *text, const struct row *row, size_t index)
{
	fixture_need(buffer_printf(text, &error, "(import \"%s\" \"%s\" (func $f%zu", row->module,
				     row->name, index),
			"text");
	const char *letter = row->signature;
	for (; *letter != ':'; letter++)
		fixture_need(buffer_printf(text, &error, " (param %s)",
					     *letter == 'I' ? "i64" : "i32"),
				"text");
	for (letter++; *letter; letter++)
		fixture_need(buffer_printf(text, &error, " (result %s)",
					     *letter == 'I' ? "i64" : "i32"),
				"text");
	fixture_need(buffer_printf(text, &error, "))\n"), "text");
}

static inline struct sv_artifact *world_load(const struct world *world)
{
	struct buffer text = {0};
	text_add(&text,
			"(module (import \"test\" \"next\" (func $next (result i32)))\n"
			"(import \"test\" \"argument\" (func $argument (param i32) (result i64)))\n"
			"(import \"test\" \"result\" (func $result (param i64)))\n");
	for (size_t i = 0; i < world->count; i++)
		text_add_import(&text, &world->rows[i], i);
	text_add(&text,
			"(memory (export \"memory\") 1 1)\n"
			"(table funcref (elem $allocate $release");
	for (size_t i = 0; i < world->count; i++)
		fixture_need(buffer_printf(&text, &error, " $t%zu", i), "text");
	/* What Terrarium's host gives always goes to the same place. */
	text_add(&text,
			"))\n"
			"(func $allocate (param i32) (result i32) (i32.const 32768))\n"
			"(func $release (param i32))\n(func (export \"");
	text_add(&text, world->entry);
	text_add(&text,
			"\") (local i32)\n"
			"  (loop $again (if (i32.ge_s (local.tee 0 (call $next)) (i32.const 0))\n"
			"    (then (call_indirect (i32.add (local.get 0) (i32.const 2)))\n"
			"      (br $again)))))\n");
	for (size_t i = 0; i < world->count; i++)
		text_add_thunk(&text, &world->rows[i], i);
	fixture_need(buffer_append(&text, ")", 2, &error), "text");
	struct sv_artifact *artifact = fixture_load_as((const char *)text.data, SV_BOUNDS_GUARD, 0);
	buffer_finish(&text);
	return artifact;
}

/* ---- the test's side ---- */

/* A call that is to be made. */
struct stage_call {
	int32_t row; /* negative: no other */
	int64_t arguments[MAX_PARAMETERS];
};

/* Tells the next one; the memory is that of the guest, who has just been told `last`'s result. */
typedef void (*stage_next)(uint8_t *memory, struct stage_call *next);

static struct {
	stage_next next;
	struct stage_call call;
	bool has_result;
	int64_t result; /* of the last call */
} told;

static inline enum sv_host_result test_next(struct sv_caller *caller, union sv_value *values)
{
	told.next(sv_caller_range(caller, 0, MEMORY), &told.call);
	values[0].i32 = told.call.row;
	return SV_HOST_OK;
}

static inline enum sv_host_result test_argument(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	values[0].i64 = told.call.arguments[values[0].i32];
	return SV_HOST_OK;
}

static inline enum sv_host_result test_result(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	told.result = values[0].i64;
	told.has_result = true;
	return SV_HOST_OK;
}

#endif
