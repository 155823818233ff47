/*
 * runtime_stack.c: code compiled with --bounds=check ends at the limit of its stack without a
 * guard below it: stores here have a stack with ordinary memory below, in which no byte may
 * change, whatever guests do.
 */
#include <stdarg.h>

#include "abi/limits.h"
#include "runtime/stack.h"
#include "runtime/store.h"
#include "tests/unit/runtime_fixture.h"

enum {
	STACK_SIZE = 256 * 1024,
	BELOW = 1024 * 1024, /* more than any frame here */
	CANARY = 0xa5
};

/* ---- text ---- */

struct text {
	char *data;
	size_t length, capacity;
};

static void text_add(struct text *text, const char *format, ...)
{
	va_list arguments;
	if (text->capacity - text->length < 4096) {
		text->capacity = text->capacity * 2 + 65536;
		text->data = realloc(text->data, text->capacity);
		fixture_need(text->data != NULL, "memory");
	}
	va_start(arguments, format);
	text->length += (size_t)vsnprintf(text->data + text->length, 4096, format, arguments);
	va_end(arguments);
}

/* `count` values of 8 bytes out of memory into locals from 1 on, and back in reverse. */
static void text_hold(struct text *text, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		text_add(text, "(local.set %u (i64.load offset=%u (i32.const 0)))\n", i + 1,
				i * 8);
}

static void text_release(struct text *text, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		text_add(text, "(i64.store offset=%u (i32.const 0) (local.get %u))\n", i * 8,
				count - i);
}

static void text_locals(struct text *text, unsigned count)
{
	text_add(text, "(local");
	for (unsigned i = 0; i < count; i++)
		text_add(text, " i64");
	text_add(text, ")\n");
}

/* Values that functions hold: frames around the size from which LLVM probes, and far above. */
static const unsigned held[] = {0, 40, 104, 120, 128, 136, 150, 300};

#define COUNT ((unsigned)ARRAY_LENGTH(held))

/* One of `count` functions from table place `first` on: as far from the i-th as a global says. */
static void text_call(struct text *text, const char *how, unsigned first, unsigned i,
		const char *global)
{
	text_add(text, "(%s (type $t) (local.get 0) (i32.add (i32.const %u)\n"
		       "  (i32.rem_u (i32.add (i32.const %u) (global.get $%s)) (i32.const %u))))\n",
			how, first, i, global, COUNT);
}

static void text_function(struct text *text, const char *name, unsigned i)
{
	text_add(text, "(func $%s%u (type $t) ", name, i);
	text_locals(text, held[i]);
	text_hold(text, held[i]);
}

/*
 * Function i holds values across calls of a leaf, of the runtime, of the host and of a tail, which
 * calls another function in its place.
 */
static void text_functions(struct text *text, unsigned i)
{
	text_function(text, "f", i);
	text_call(text, "call_indirect", COUNT, i, "leaf");
	text_add(text, "(if (global.get $helps) (then (drop (memory.grow (i32.const 0)))\n"
		       "  (call $host (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4)\n"
		       "    (i32.const 5) (i64.const 6) (i32.const 7) (i64.const 8))))\n");
	text_call(text, "call_indirect", 2 * COUNT, i, "tail");
	text_release(text, held[i]);
	text_add(text, ")\n");
	text_function(text, "leaf", i);
	text_release(text, held[i]);
	text_add(text, ")\n");
	text_function(text, "tail", i);
	text_release(text, held[i]);
	text_call(text, "return_call_indirect", 0, i, "step");
	text_add(text, ")\n");
}

static struct text text_chains(void)
{
	struct text text = {0};
	text_add(&text, "(module (type $t (func (param i32)))\n"
			"(import \"host\" \"wide\" (func $host (param i32 i64 i32 i64 i32 i64 i32\n"
			"  i64)))\n"
			"(memory 8) (table %u funcref)\n"
			"(global $leaf (mut i32) (i32.const 0))\n"
			"(global $tail (mut i32) (i32.const 0))\n"
			"(global $step (mut i32) (i32.const 0))\n"
			"(global $helps (mut i32) (i32.const 0))\n", 3 * COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		text_functions(&text, i);
	static const char *const names[] = {"f", "leaf", "tail"};
	text_add(&text, "(elem (i32.const 0)");
	for (unsigned i = 0; i < 3 * COUNT; i++)
		text_add(&text, " $%s%u", names[i / COUNT], i % COUNT);
	text_add(&text, ")\n(func (export \"run\") (param i32 i32 i32 i32 i32)\n"
			"(global.set $leaf (local.get 1)) (global.set $tail (local.get 2))\n"
			"(global.set $step (local.get 3)) (global.set $helps (local.get 4))\n"
			"(call_indirect (type $t) (i32.const 0) (local.get 0))))");
	return text;
}

/* ---- stacks with canaries ---- */

static enum sv_host_result host_wide(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	return values[7].i64 == 8 ? SV_HOST_OK : SV_HOST_TRAP;
}

/* Takes the artifact. */
static struct guest pen_open(struct sv_artifact *artifact, struct sv_linker *linker)
{
	struct guest guest = {artifact, fixture_store(), NULL};
	struct stack *stack = &guest.store->stack;
	munmap(stack->guard, (size_t)(stack->top - stack->guard));
	uint8_t *mapping = mmap(NULL, BELOW + STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fixture_need(mapping != MAP_FAILED, "stack");
	memset(mapping, CANARY, BELOW + STACK_SIZE);
	*stack = (struct stack){.guard = mapping,
			.low = mapping + BELOW,
			.open = mapping + BELOW,
			.top = mapping + BELOW + STACK_SIZE};
	guest.instance = sv_instance_new(guest.store, guest.artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

static struct guest pen_open_text(const struct text *text, unsigned level)
{
	return pen_open(fixture_load_as(text->data, SV_BOUNDS_CHECK, level), NULL);
}

/* The chains, compiled once at each level. */
static struct guest pen_open_chains(unsigned level, struct sv_linker *linker)
{
	static struct buffer compiled[4];
	struct buffer copy = {0};
	if (!compiled[level].data) {
		struct text text = text_chains();
		compiled[level] = fixture_compile(text.data, SV_BOUNDS_CHECK, level);
		free(text.data);
	}
	fixture_need(buffer_append(&copy, compiled[level].data, compiled[level].length, &error),
			"memory");
	return pen_open(fixture_load_bytes(copy), linker);
}

/* Bytes of the margin that were used. */
static size_t pen_used(const struct guest *guest)
{
	const uint8_t *low = guest->store->stack.low;
	size_t untouched = 0;
	while (untouched < SV_STACK_MARGIN && low[untouched] == CANARY)
		untouched++;
	return SV_STACK_MARGIN - untouched;
}

static bool pen_is_whole(const struct guest *guest)
{
	const uint8_t *at = guest->store->stack.guard;
	return at[0] == CANARY && memcmp(at, at + 1, BELOW - 1) == 0;
}

/* Call until the stack is exhausted, from `shift` bytes below its top. */
static void pen_exhaust(struct guest *guest, const char *name, const union sv_value *arguments,
		unsigned count, size_t shift)
{
	union sv_value values[5] = {0};
	for (unsigned i = 0; i < count; i++)
		values[i] = arguments[i];
	guest->store->stack.top -= shift;
	enum sv_outcome outcome = guest_call(guest, name, values);
	guest->store->stack.top += shift;
	const struct sv_trap_info *trap = sv_store_trap(guest->store);
	CHECK_EQ(outcome, SV_TRAPPED);
	CHECK_EQ(trap->kind, SV_TRAP_STACK);
	CHECK_STR(trap->text, "call stack exhausted");
	CHECK(trap->frame_count > 0);
	CHECK_MSG(pen_is_whole(guest), "%s wrote below its stack", name);
	/* Room for what stubs will save some day. */
	CHECK_MSG(pen_used(guest) <= SV_STACK_MARGIN / 2, "%s used %zu bytes of the margin", name,
			pen_used(guest));
}

static struct sv_linker *pen_linker(sv_host_function function)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker && sv_linker_define_function(linker, "host", "wide", "iIiIiIiI:",
					function, NULL, &error), "linker");
	return linker;
}

static void check_chains(unsigned level)
{
	struct sv_linker *linker = pen_linker(host_wide);
	struct guest guest = pen_open_chains(level, linker);
	for (unsigned i = 0; i < COUNT * COUNT * 3 * 2 && !test_failed; i++) {
		int32_t step = (int32_t)(i / COUNT / COUNT % 3);
		union sv_value arguments[] = {{.i32 = (int32_t)(i % COUNT)},
				{.i32 = (int32_t)(i / COUNT % COUNT)}, {.i32 = step},
				{.i32 = 2 * step}, {.i32 = i / COUNT / COUNT / 3 > 0}};
		pen_exhaust(&guest, "run", arguments, 5, i * 80 % 2048);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(no_chain_of_calls_writes_below_the_stack_unoptimised)
{
	check_chains(0);
}

TEST(no_chain_of_calls_writes_below_the_stack_at_level_1)
{
	if (test_is_quick())
		SKIP("levels 0 and 2 in a quick run");
	check_chains(1);
}

TEST(no_chain_of_calls_writes_below_the_stack_at_level_2)
{
	check_chains(2);
}

TEST(no_chain_of_calls_writes_below_the_stack_at_level_3)
{
	if (test_is_quick())
		SKIP("levels 0 and 2 in a quick run");
	check_chains(3);
}

TEST(a_frame_larger_than_the_stack_is_never_made)
{
	struct text text = {0};
	text_add(&text, "(module (memory 8) (func $f (export \"f\") (param i32) ");
	text_locals(&text, SV_MAX_LOCALS - 1);
	text_hold(&text, 9);
	text_add(&text, "(call $f (local.get 0))");
	text_release(&text, 9);
	text_add(&text, ") (func (export \"leaf\") (param i32) ");
	text_locals(&text, SV_MAX_LOCALS - 1);
	text_hold(&text, 9);
	text_release(&text, 9);
	text_add(&text, "))");
	for (unsigned level = 0; level < 4 && !test_failed; level += 3) {
		struct guest guest = pen_open_text(&text, level);
		union sv_value argument = {.i32 = 0};
		pen_exhaust(&guest, "f", &argument, 1, 0);
		if (!test_failed)
			pen_exhaust(&guest, "leaf", &argument, 1, 0);
		CHECK_EQ(sv_store_trap(guest.store)->frames[0].function, 1);
		guest_close(&guest);
	}
	free(text.data);
}

/* Vectors are kept aligned, in more of the stack. */
TEST(vectors_and_parameters_in_frames_stay_above_the_limit)
{
	struct text text = {0};
	text_add(&text, "(module (memory 1) (func $f (export \"f\") (param i32) (local");
	for (unsigned i = 0; i < 60; i++)
		text_add(&text, " v128");
	text_add(&text, ")");
	for (unsigned i = 1; i <= 60; i++)
		text_add(&text, "(local.set %u (v128.load offset=%u (i32.const 0)))", i, i * 16);
	text_add(&text, "(call $g (local.get 0)");
	for (unsigned i = 1; i < 300; i++)
		text_add(&text, "(i64.const %u)", i);
	text_add(&text, ")");
	for (unsigned i = 1; i <= 60; i++)
		text_add(&text, "(v128.store offset=%u (i32.const 0) (local.get %u))", i * 16,
				61 - i);
	text_add(&text, ") (func $g (param i32");
	for (unsigned i = 1; i < 300; i++)
		text_add(&text, " i64");
	text_add(&text, ") (call $f (local.get 0))");
	for (unsigned i = 1; i < 300; i++)
		text_add(&text, "(i64.store offset=%u (i32.const 0) (local.get %u))", i * 8, i);
	text_add(&text, "))");
	for (unsigned level = 0; level < 4 && !test_failed; level++) {
		struct guest guest = pen_open_text(&text, level);
		union sv_value argument = {.i32 = 0};
		for (size_t shift = 0; shift < 4096 && !test_failed; shift += 48)
			pen_exhaust(&guest, "f", &argument, 1, shift);
		guest_close(&guest);
	}
	free(text.data);
}

/* Each call begins a recursion further down, until the host is refused another. */
static enum sv_host_result host_nest(struct sv_caller *caller, union sv_value *values)
{
	union sv_value arguments[] = {values[4], {.i32 = 5}, {.i32 = 1}, {.i32 = 0},
			{.i32 = 1}};
	struct sv_funcref *run = sv_instance_function(sv_caller_instance(caller), "run");
	enum sv_outcome outcome = sv_call(sv_caller_store(caller), run, NULL, arguments, &error);
	if (outcome != SV_REFUSED)
		return SV_HOST_TRAP;
	sv_error_clear(&error);
	return SV_HOST_OK;
}

TEST(nested_calls_stay_above_the_limit)
{
	struct sv_linker *linker = pen_linker(host_nest);
	struct guest guest = pen_open_chains(2, linker);
	for (int32_t i = 0; i < (int32_t)COUNT && !test_failed; i++) {
		union sv_value values[5] = {{.i32 = i}, {.i32 = i}, {.i32 = 1}, {.i32 = 1},
				{.i32 = 1}};
		CHECK_EQ(guest_call(&guest, "run", values), SV_TRAPPED);
		CHECK(pen_is_whole(&guest));
		CHECK(pen_used(&guest) <= SV_STACK_MARGIN / 2);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

/* The same frames as behind a guard: the function that had no room first, then its callers. */
TEST(frames_of_an_exhausted_stack_are_those_of_the_recursion)
{
	struct text text = {0};
	text_add(&text, "(module (memory 1) (func $small (export \"small\") (param i32)\n"
			"(call $small (local.get 0)) (drop (memory.grow (i32.const 0))))\n"
			"(func $large (export \"large\") (param i32) ");
	text_locals(&text, 400);
	text_hold(&text, 400);
	text_add(&text, "(call $large (local.get 0))");
	text_release(&text, 400);
	text_add(&text, "))");
	for (unsigned level = 0; level < 4; level++) {
		struct guest guest = pen_open_text(&text, level);
		for (uint32_t function = 0; function < 2; function++) {
			union sv_value argument = {.i32 = 0};
			pen_exhaust(&guest, function ? "large" : "small", &argument, 1, 0);
			if (test_failed)
				return;
			const struct sv_trap_info *trap = sv_store_trap(guest.store);
			CHECK_EQ(trap->frame_count, SV_MAX_FRAMES);
			CHECK(trap->more_frames);
			CHECK(trap->frames[0].wasm_offset > 0);
			for (uint32_t i = 0; i < SV_MAX_FRAMES; i++)
				CHECK_EQ(trap->frames[i].function, function);
			for (uint32_t i = 1; i < SV_MAX_FRAMES; i++)
				CHECK_EQ(trap->frames[i].wasm_offset, trap->frames[1].wasm_offset);
			CHECK(trap->frames[1].wasm_offset > trap->frames[0].wasm_offset);
		}
		guest_close(&guest);
	}
	free(text.data);
}

RUNTIME_TEST_MAIN(NULL)
