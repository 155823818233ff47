/*
 * runtime_order.c: what can be seen of memory and globals after an access out of bounds. Each
 * kernel, a loop or straight code, is written twice: as WebAssembly and as steps in C on a model.
 * Both run from the same state, in every mode, with each alignment; memory and global must then
 * be equal to the last byte: all stores before the trap, and none after it.
 */
#include "tests/unit/runtime_fixture.h"

enum { SIZE = 65536 };

struct model {
	uint8_t bytes[SIZE];
	int32_t global;
};

static bool model_load(const struct model *model, uint64_t at, void *value, uint64_t width)
{
	if (at + width > SIZE)
		return false;
	memcpy(value, model->bytes + at, width);
	return true;
}

static bool model_store(struct model *model, uint64_t at, const void *value, uint64_t width)
{
	if (at + width > SIZE)
		return false;
	memcpy(model->bytes + at, value, width);
	return true;
}

#define LOAD(place, offset, value) \
	if (!model_load(model, (uint64_t)(place) + (offset), &(value), sizeof(value))) \
	return false
#define STORE(place, offset, value) \
	if (!model_store(model, (uint64_t)(place) + (offset), &(value), sizeof(value))) \
	return false

/* One turn of a kernel: false if it traps. */
typedef bool (*kernel_step)(struct model *model, uint32_t a, uint32_t b);

static bool step_add_i32(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t x;
	LOAD(a, 0, x);
	x += 7;
	STORE(b, 0, x);
	return true;
}

static bool step_add_i64(struct model *model, uint32_t a, uint32_t b)
{
	uint64_t x;
	LOAD(a, 0, x);
	x += 7;
	STORE(b, 0, x);
	return true;
}

static bool step_add_i8(struct model *model, uint32_t a, uint32_t b)
{
	uint8_t x;
	LOAD(a, 0, x);
	x = (uint8_t)(x + 7);
	STORE(b, 0, x);
	return true;
}

static bool step_add_f32(struct model *model, uint32_t a, uint32_t b)
{
	float x;
	LOAD(a, 0, x);
	x += 7;
	STORE(b, 0, x);
	return true;
}

static bool step_count(struct model *model, uint32_t a, uint32_t b)
{
	model->global++;
	return step_add_i32(model, a, b);
}

static bool step_sum(struct model *model, uint32_t a, uint32_t b)
{
	int32_t x;
	(void)b;
	LOAD(a, 0, x);
	model->global = (int32_t)((uint32_t)model->global + (uint32_t)x);
	return true;
}

static bool step_store_first(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	STORE(b, 0, five);
	LOAD(a, 0, x);
	STORE(b, 4, x);
	return true;
}

static bool step_store_twice(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	STORE(b, 0, five);
	LOAD(a, 0, x);
	STORE(b, 0, x);
	return true;
}

static bool step_two_loads(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t x, y;
	LOAD(a, 0, x);
	LOAD(a, 64, y);
	x += y;
	STORE(b, 0, x);
	return true;
}

static bool step_fill(struct model *model, uint32_t a, uint32_t b)
{
	uint8_t nine = 9;
	STORE(b, 0, nine);
	return step_sum(model, a, b);
}

static bool step_in_place(struct model *model, uint32_t a, uint32_t b)
{
	TRY(step_add_i32(model, a, a));
	(void)b;
	model->global++;
	return true;
}

static bool step_sometimes(struct model *model, uint32_t a, uint32_t b)
{
	uint8_t x;
	LOAD(a, 0, x);
	return !(x & 1) || step_add_i32(model, a, b);
}

static bool step_straight(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t x;
	model->global = 1;
	LOAD(a, 0, x);
	model->global = 2;
	STORE(b, 0, x);
	STORE(b, 4, x);
	model->global = 3;
	return true;
}

/* Off one pointer the farthest access is the one that traps; those behind it may be combined. */
static bool step_fields(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, seven = 7, x;
	STORE(b, 12, five);
	LOAD(a, 0, x);
	STORE(b, 8, x);
	STORE(b, 4, five);
	STORE(b, 8, seven);
	STORE(b, 12, x);
	return true;
}

/* Farther and farther off two pointers: any of them can be the first to trap. */
static bool step_structure(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	STORE(b, 0, five);
	LOAD(a, 0, x);
	STORE(b, 4, x);
	LOAD(a, 12, x);
	model->global = (int32_t)x;
	STORE(b, 8, x);
	LOAD(a, 16, x);
	STORE(b, 12, x);
	return true;
}

/* The same with a trap of another kind between. */
static bool step_divided(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	STORE(b, 0, five);
	LOAD(a, 0, x);
	if (x % 8 == 0)
		return false;
	x = 1000 / (x % 8);
	STORE(b, 4, x);
	LOAD(b + 4, 0, x);
	x += 7;
	STORE(b, 12, x);
	return true;
}

/* What was loaded is needed for nothing in the end, but its trap. */
static bool step_replaced(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	LOAD(a, 0, x);
	STORE(b, 4, five);
	STORE(b, 0, x);
	STORE(b, 0, five);
	model->global = (int32_t)x;
	model->global = 3;
	return true;
}

/* The same, in blocks. */
static bool step_replaced_later(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t five = 5, x;
	uint8_t y;
	LOAD(a, 0, x);
	STORE(b, 4, five);
	LOAD(b, 3, y);
	if (!(y & 1))
		STORE(b, 0, x);
	STORE(b, 0, five);
	return true;
}

/* Several streams, at distances that are added in 32 bits: each may start again at 0. */
static bool step_neighbours(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t x, y, z;
	LOAD(a, 0, x);
	LOAD(a - 64, 0, y);
	LOAD(a + 60, 4, z);
	x += y + z;
	STORE(b, 0, x);
	STORE(b - 16, 0, y);
	return true;
}

/* Where to is in the memory, so that it is known only in what range. */
static bool step_tally(struct model *model, uint32_t a, uint32_t b)
{
	uint8_t x;
	uint32_t y;
	LOAD(a, 0, x);
	LOAD(b + x * 4u, 8, y);
	y++;
	STORE(b + x * 4u, 8, y);
	return true;
}

/* It is known to be in the memory. */
static bool step_table(struct model *model, uint32_t a, uint32_t b)
{
	uint8_t x;
	uint32_t y;
	LOAD(a, 0, x);
	STORE(b, 0, x);
	LOAD(x * 4u, 0x200, y);
	y++;
	STORE(x * 4u, 0x200, y);
	return true;
}

/* Nothing is known of where to. */
static bool step_scatter(struct model *model, uint32_t a, uint32_t b)
{
	uint32_t x;
	LOAD(a, 0, x);
	x &= 0x1ffff;
	STORE(b, 0, x);
	STORE(x, 0, x);
	return true;
}

/* The same in WebAssembly: $a, $b and $n, the number of turns that are left. */
struct kernel {
	const char *name;
	kernel_step step;
	int step_a, step_b;
	const char *text;
};

#define PLUS(type, load, store) \
	"(" store " (local.get $b) (" type ".add (" load " (local.get $a)) (" type ".const 7)))"
#define ADD_I32 PLUS("i32", "i32.load", "i32.store")
#define SUM "(global.set $g (i32.add (global.get $g) (i32.load (local.get $a))))"
#define COUNT "(global.set $g (i32.add (global.get $g) (i32.const 1)))"
#define FIVE "(i32.store (local.get $b) (i32.const 5))"
#define FIVE_NEXT "(i32.store offset=4 (local.get $b) (i32.const 5))"
#define LOAD_X "(local.set $x (i32.load (local.get $a)))"
#define STORE_X "(i32.store (local.get $b) (local.get $x))"
#define BYTE_X "(local.set $x (i32.load8_u (local.get $a)))"
#define FOURFOLD_X "(i32.shl (local.get $x) (i32.const 2))"
#define MORE(offset, place) \
	"(i32.store offset=" offset " " place " (i32.add (i32.load offset=" offset " " place \
	") (i32.const 1)))"
#define MOVE(offset) "(i32.store offset=" offset " (local.get $b) (i32.load (local.get $a)))"

#define STORE_AT(offset, value) "(i32.store offset=" offset " (local.get $b) " value ")"

#define NEIGHBOURS \
	"(local.set $x (i32.load (i32.add (local.get $a) (i32.const -64))))" \
	"(i32.store (local.get $b) (i32.add (local.get $x) (i32.add (i32.load (local.get $a))" \
	"  (i32.load offset=4 (i32.add (local.get $a) (i32.const 60))))))" \
	"(i32.store (i32.add (local.get $b) (i32.const -16)) (local.get $x))"

static const struct kernel kernels[] = {
		{"add_i32", step_add_i32, 4, 4, ADD_I32},
		{"add_i64", step_add_i64, 8, 8, PLUS("i64", "i64.load", "i64.store")},
		{"add_i8", step_add_i8, 1, 1, PLUS("i32", "i32.load8_u", "i32.store8")},
		{"add_f32", step_add_f32, 4, 4, PLUS("f32", "f32.load", "f32.store")},
		{"add_in_steps", step_add_i32, 12, 4, ADD_I32},
		{"add_down", step_add_i32, -4, -4, ADD_I32},
		{"add_towards", step_add_i32, -4, 4, ADD_I32},
		{"count", step_count, 4, 4, COUNT ADD_I32},
		{"sum", step_sum, 4, 4, SUM},
		{"store_first", step_store_first, 4, 8, FIVE MOVE("4")},
		{"store_twice", step_store_twice, 4, 4, FIVE MOVE("0")},
		{"two_loads", step_two_loads, 4, 4,
				"(i32.store (local.get $b) (i32.add (i32.load (local.get $a))"
				"  (i32.load offset=64 (local.get $a))))"},
		{"fill", step_fill, 4, 1, "(i32.store8 (local.get $b) (i32.const 9))" SUM},
		{"in_place", step_in_place, 4, 4,
				"(i32.store (local.get $a) (i32.add (i32.load (local.get $a)) "
				"(i32.const 7)))" COUNT},
		{"sometimes", step_sometimes, 4, 4,
				"(if (i32.and (i32.load8_u (local.get $a)) (i32.const 1)) "
				"(then " ADD_I32 "))"},
		{"straight", step_straight, 4, 4,
				"(global.set $g (i32.const 1)) (local.set $x (i32.load (local.get "
				"$a)))"
				"(global.set $g (i32.const 2)) (i32.store (local.get $b) "
				"(local.get $x))"
				"(i32.store offset=4 (local.get $b) (local.get $x)) (global.set $g "
				"(i32.const 3))"},
		{"fields", step_fields, 4, 16,
				"(i32.store offset=12 (local.get $b) (i32.const 5))" LOAD_X
				"(i32.store offset=8 (local.get $b) (local.get $x))"
				"(i32.store offset=4 (local.get $b) (i32.const 5))"
				"(i32.store offset=8 (local.get $b) (i32.const 7))"
				"(i32.store offset=12 (local.get $b) (local.get $x))"},
		{"structure", step_structure, 4, 4,
				FIVE MOVE("4") "(global.set $g (i32.load offset=12 (local.get $a)))"
				STORE_AT("8", "(global.get $g)")
				STORE_AT("12", "(i32.load offset=16 (local.get $a))")},
		{"divided", step_divided, 4, 4,
				FIVE STORE_AT("4", "(i32.div_u (i32.const 1000)"
				"  (i32.and (i32.load (local.get $a)) (i32.const 7)))")
				STORE_AT("12", "(i32.add (i32.const 7)"
				"  (i32.load (i32.add (local.get $b) (i32.const 4))))")},
		{"replaced", step_replaced, 4, 8,
				LOAD_X FIVE_NEXT STORE_X FIVE "(global.set $g (local.get $x))"
							      "(global.set $g (i32.const 3))"},
		{"replaced_later", step_replaced_later, 4, 8,
				LOAD_X FIVE_NEXT "(if (i32.eqz (i32.and (i32.const 1)"
						 "    (i32.load8_u offset=3 (local.get $b))))"
						 "  (then " STORE_X "))" FIVE},
		{"neighbours", step_neighbours, 4, 4, NEIGHBOURS},
		{"neighbours_down", step_neighbours, -8, -8, NEIGHBOURS},
		{"tally", step_tally, 1, 0,
				BYTE_X MORE("8", "(i32.add (local.get $b) " FOURFOLD_X ")")},
		{"table", step_table, 1, 1,
				BYTE_X "(i32.store8 (local.get $b) (local.get $x))" MORE("0x200",
						FOURFOLD_X)},
		{"scatter", step_scatter, 4, 4,
				"(local.set $x (i32.and (i32.load (local.get $a))"
				" (i32.const 0x1ffff))) " STORE_X
				" (i32.store (local.get $x) (local.get $x))"},
};

/* Each kernel as a loop that tests at its end, one that tests at its head, and as one turn. */
static void text_add(char *text, size_t size, const struct kernel *kernel)
{
	const char *forms[] = {"(func (export \"%s.bottom\") (param $a i32) (param $b i32) (param "
			       "$n i32) (local $x i32)\n"
			       "  (if (local.get $n) (then (loop $next %s\n"
			       "    (local.set $a (i32.add (local.get $a) (i32.const %d)))\n"
			       "    (local.set $b (i32.add (local.get $b) (i32.const %d)))\n"
			       "    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const "
			       "1))))))))\n",
			"(func (export \"%s.head\") (param $a i32) (param $b i32) (param $n i32) "
			"(local $x i32)\n"
			"  (block $out (loop $next (br_if $out (i32.eqz (local.get $n))) %s\n"
			"    (local.set $a (i32.add (local.get $a) (i32.const %d)))\n"
			"    (local.set $b (i32.add (local.get $b) (i32.const %d)))\n"
			"    (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $next))))\n",
			"(func (export \"%s.once\") (param $a i32) (param $b i32) (param $n i32) "
			"(local $x i32)\n"
			"  %s)\n"};
	for (unsigned i = 0; i < ARRAY_LENGTH(forms); i++) {
		size_t length = strlen(text);
		snprintf(text + length, size - length, forms[i], kernel->name, kernel->text,
				kernel->step_a, kernel->step_b);
	}
}

static const char *module_text(void)
{
	static char text[65536];
	snprintf(text, sizeof text,
			"(module (memory 1) (global $g (export \"g\") (mut i32)"
			" (i32.const 0))\n");
	for (unsigned i = 0; i < ARRAY_LENGTH(kernels); i++)
		text_add(text, sizeof text, &kernels[i]);
	size_t length = strlen(text);
	snprintf(text + length, sizeof text - length,
			"(func (export \"set\") (param i32) (result i32) (global.set $g"
			" (local.get 0)) (i32.const 0)))");
	return text;
}

/* Where a run starts. */
struct start {
	uint32_t a, b, turns;
};

static bool model_run(struct model *model, const struct kernel *kernel, struct start start)
{
	for (uint32_t i = 0; i < start.turns; i++) {
		TRY(kernel->step(model, start.a + i * (uint32_t)kernel->step_a,
				start.b + i * (uint32_t)kernel->step_b));
	}
	return true;
}

/* The state that all runs start from; made once. */
static const struct model *model_start(void)
{
	static struct model model;
	for (unsigned i = 0; i < SIZE && model.global == 0; i++)
		model.bytes[i] = (uint8_t)(i * 37 + (i >> 8) * 11);
	model.global = 40;
	return &model;
}

static int32_t guest_global(struct guest *guest)
{
	struct sv_extern found;
	fixture_need(sv_instance_export(guest->instance, "g", 1, &found), "g");
	return sv_global_get(found.global).i32;
}

static void run_compare(struct guest *guest, const struct kernel *kernel, const char *form,
		struct start start)
{
	static struct model model;
	char name[64];
	uint8_t *bytes = sv_memory_data(sv_instance_memory(guest->instance, 0));
	if (strcmp(form, "once") == 0)
		start.turns = 1;
	model = *model_start();
	memcpy(bytes, model.bytes, SIZE);
	CHECK_EQ(guest_number(guest, "set", model.global), 0);
	snprintf(name, sizeof name, "%s.%s", kernel->name, form);
	union sv_value values[] = {{.i32 = (int32_t)start.a}, {.i32 = (int32_t)start.b},
			{.i32 = (int32_t)start.turns}};
	enum sv_outcome outcome = guest_call(guest, name, values);
	enum sv_outcome wanted = model_run(&model, kernel, start) ? SV_RETURNED : SV_TRAPPED;
	CHECK_MSG(outcome == wanted && guest_global(guest) == model.global &&
					memcmp(bytes, model.bytes, SIZE) == 0,
			"%s(%u, %u, %u): outcome %d, not %d; global %d, not %d", name, start.a,
			start.b, start.turns, (int)outcome, (int)wanted, guest_global(guest),
			model.global);
}

/* Out of bounds by a, by b, by both, at once, by nothing; below the start; more turns than 2^30. */
static void run_kernel(struct guest *guest, const struct kernel *kernel, const char *form,
		uint32_t shift)
{
	const struct start starts[] = {
			{SIZE - 200 - shift, 1000 + shift % 5, 300},
			{1000 + shift % 5, SIZE - 200 - shift, 300},
			{SIZE - 200 - shift, SIZE - 180 - shift, 300},
			{SIZE - 164 - shift, SIZE - 200 - shift, 0x40000001},
			{SIZE - 8 + shift, 1000, 300},
			{1001, SIZE - 20 + shift, 300},
			{20000 + shift, 40000, 300},
			{200 + shift, 30000, 300},
			{30000, 200 + shift, UINT32_MAX},
			{UINT32_MAX - 200 - shift, 30000, 300},
	};
	for (unsigned i = 0; i < ARRAY_LENGTH(starts) && !test_failed; i++)
		run_compare(guest, kernel, form, starts[i]);
}

static void run_mode(enum sv_bounds bounds, unsigned level, bool strict)
{
	static const char *const forms[] = {"bottom", "head", "once"};
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.bounds = bounds;
	options.level = level;
	options.strict_traps = strict;
	struct guest guest = {fixture_load_with(module_text(), options), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	for (unsigned i = 0; i < ARRAY_LENGTH(kernels) * ARRAY_LENGTH(forms); i++) {
		unsigned form = i % ARRAY_LENGTH(forms);
		/* Every alignment once is enough. */
		for (uint32_t shift = 0; shift < 32; shift += form == 0 ? 1 : 7)
			run_kernel(&guest, &kernels[i / ARRAY_LENGTH(forms)], forms[form], shift);
	}
	guest_close(&guest);
}

static void run_levels(enum sv_bounds bounds, bool strict)
{
	for (unsigned level = 0; level <= 3; level += test_is_quick() ? 2 : 1) {
		run_mode(bounds, level, strict);
		CHECK_MSG(!test_failed, "that was -O%u", level);
	}
}

TEST(under_guard_exactly_the_stores_before_a_trap_are_seen)
{
	run_levels(SV_BOUNDS_GUARD, false);
}

TEST(under_guard_with_strict_traps_too)
{
	run_levels(SV_BOUNDS_GUARD, true);
}

TEST(with_checks_too)
{
	run_levels(SV_BOUNDS_CHECK, false);
}

TEST(with_checks_and_strict_traps_too)
{
	run_levels(SV_BOUNDS_CHECK, true);
}

RUNTIME_TEST_MAIN(NULL)
