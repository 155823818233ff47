/*
 * runtime_fuel.c: code that counts its operators uses the same fuel at every level and with
 * both strategies, at every call of the host, return and trap, and ends at the same place.
 */
#include "abi/artifact.h"
#include "runtime/helpers.h"
#include "tests/unit/runtime_fixture.h"

static const char ways_text[] =
		"(module (type $ii (func (param i32) (result i32))) (type $v (func))\n"
		"(import \"host\" \"look\" (func $look (param i32) (result i32)))\n"
		"(memory (export \"memory\") 2) (table $t 24 funcref) (elem (i32.const 0) $leaf)\n"
		"(table $u 16 funcref) (data $d \"abcdefghijklmnopqrstuvwxyz0123456789\")\n"
		"(elem $e funcref (ref.func $leaf) (ref.func $leaf) (ref.func $leaf))\n"
		"(tag $tag (param i32)) (global $g (mut i32) (i32.const 0))\n"
		"(func $leaf (type $ii) (i32.add (local.get 0) (i32.const 1)))\n"
		"(func $empty)\n"
		"(func (export \"straight\") (type $ii) (call $empty)\n"
		"  (i32.mul (local.get 0) (i32.const 3)))\n"
		"(func (export \"branches\") (type $ii)\n"
		"  (block $a (block $b (block $c\n"
		"    (br_table $a $b $c (i32.and (local.get 0) (i32.const 3))))\n"
		"    (return (call $look (i32.const 1))))\n"
		"   (if (i32.gt_u (local.get 0) (i32.const 8)) (then (return (i32.const 4))))\n"
		"   (br_if $a (i32.eqz (local.get 0))) (drop (call $look (i32.const 2))))\n"
		"  (if (result i32) (i32.and (local.get 0) (i32.const 4))\n"
		"    (then (i32.add (local.get 0) (call $look (i32.const 3))))\n"
		"    (else (nop) (call_indirect $t (type $ii) (local.get 0) (i32.const 0)))))\n"
		"(func (export \"loops\") (type $ii) (local $i i32) (local $j i32)\n"
		"  (loop $outer (local.set $j (i32.const 0))\n"
		"    (loop $inner\n"
		"      (i32.store (i32.shl (local.get $j) (i32.const 2))\n"
		"        (i32.add (local.get $i) (i32.load (i32.shl (local.get $j) (i32.const "
		"2)))))\n"
		"      (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const "
		"1)))\n"
		"        (local.get 0))))\n"
		"    (if (i32.and (local.get $i) (i32.const 1)) (then (drop (call $look (local.get "
		"$i)))))\n"
		"    (br_if $outer (i32.lt_u\n"
		"      (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))\n"
		"  (i32.load (i32.const 4)))\n"
		"(func $fib (export \"recursion\") (type $ii)\n"
		"  (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))\n"
		"    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))\n"
		"      (call $fib (i32.sub (local.get 0) (i32.const 2)))))))\n"
		"(func $tail (export \"tails\") (type $ii)\n"
		"  (if (i32.eqz (local.get 0)) (then (return (call $look (i32.const 7)))))\n"
		"  (return_call $tail (i32.sub (local.get 0) (i32.const 1))))\n"
		"(func $throws (param i32) (if (i32.and (local.get 0) (i32.const 1))\n"
		"  (then (throw $tag (local.get 0)))) (global.set $g (local.get 0)))\n"
		"(func (export \"catches\") (type $ii)\n"
		"  (try (result i32) (do (call $throws (local.get 0))\n"
		"    (drop (call $look (i32.const 9))) (i32.const 50)) (catch $tag (nop)))\n"
		"  (drop (call $look (i32.const 10))))\n"
		"(func (export \"bytes\") (type $ii)\n"
		"  (memory.fill (i32.const 100) (i32.const 1) (local.get 0))\n"
		"  (drop (call $look (i32.const 11)))\n"
		"  (memory.copy (i32.const 4000) (i32.const 100) (local.get 0))\n"
		"  (drop (call $look (i32.const 12)))\n"
		"  (memory.init $d (i32.const 50) (i32.const 0) (i32.const 36))\n"
		"  (drop (memory.grow (i32.const 0))) (i32.load (i32.const 4001)))\n"
		"(func (export \"elements\") (type $ii)\n"
		"  (table.fill $u (i32.const 1) (ref.func $leaf) (i32.and (local.get 0) (i32.const "
		"7)))\n"
		"  (table.copy $t $u (i32.const 2) (i32.const 1) (i32.const 8))\n"
		"  (table.init $t $e (i32.const 3) (i32.const 0) (i32.const 3))\n"
		"  (drop (table.grow $u (ref.null func) (local.get 0)))\n"
		"  (table.set $u (i32.const 0) (table.get $t (i32.const 3)))\n"
		"  (table.size $u))\n"
		"(func (export \"divides\") (type $ii) (local $i i32)\n"
		"  (loop $l (i32.store (local.get $i) (i32.div_u (i32.const 100)\n"
		"    (i32.sub (local.get 0) (local.get $i))))\n"
		"    (local.set $i (i32.add (local.get $i) (i32.const 1)))\n"
		"    (br_if $l (i32.lt_u (local.get $i) (i32.const 100)))) (i32.const 0))\n"
		"(func (export \"runs_out\") (type $ii) (local $i i32)\n"
		"  (local.set $i (i32.const 131000))\n"
		"  (loop $l (i32.store (local.get $i) (i32.load (i32.add (local.get 0) (local.get "
		"$i))))\n"
		"    (local.set $i (i32.add (local.get $i) (i32.const 4))) (br $l)) (i32.const "
		"0)))";

static const char *const ways[] = {"straight", "branches", "loops", "recursion", "tails", "catches",
		"bytes", "elements", "divides", "runs_out"};

enum {
	PLENTY = 1000000,
	NOTES = 20000
};

/* What was left whenever somebody looked, and what came out. */
struct notes {
	int64_t numbers[NOTES];
	unsigned count;
};

static void note(struct notes *notes, int64_t number)
{
	fixture_need(notes->count < NOTES, "room for notes");
	notes->numbers[notes->count++] = number;
}

static enum sv_host_result host_look(struct sv_caller *caller, union sv_value *values)
{
	note(sv_caller_data(caller), (int64_t)sv_store_fuel(sv_caller_store(caller)));
	(void)values;
	return SV_HOST_OK;
}

static struct sv_artifact *fuel_compile(const char *text, enum sv_bounds bounds, unsigned level)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.bounds = bounds;
	options.level = level;
	options.fuel = true;
	return fixture_load_with(text, options);
}

/* A store of its own for each call, so that one that ends early changes nothing for the next. */
static void fuel_call(struct notes *notes, struct sv_artifact *artifact, const char *name,
		int32_t argument, uint64_t fuel)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker && sv_linker_define_function(linker, "host", "look", "i:i", host_look,
					notes, &error), "linker");
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	sv_store_set_fuel(guest.store, fuel);
	union sv_value value = {.i32 = argument};
	enum sv_outcome outcome = guest_call(&guest, name, &value);
	note(notes, outcome);
	note(notes, outcome == SV_RETURNED ? value.i32 : (int64_t)sv_store_trap(guest.store)->kind);
	note(notes, (int64_t)sv_store_fuel(guest.store));
	struct sv_memory *memory = sv_instance_memory(guest.instance, 0);
	uint32_t sum = 0;
	for (size_t i = 0; i < sv_memory_size(memory); i++)
		sum = sum * 31 + sv_memory_data(memory)[i];
	note(notes, sum);
	sv_store_free(guest.store);
	sv_linker_free(linker);
}

static void fuel_run(struct notes *notes, enum sv_bounds bounds, unsigned level)
{
	struct sv_artifact *artifact = fuel_compile(ways_text, bounds, level);
	notes->count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		for (int32_t argument = 1; argument < 12; argument++)
			fuel_call(notes, artifact, ways[i], argument, PLENTY);
		for (uint64_t fuel = 0; fuel < 240; fuel += 3)
			fuel_call(notes, artifact, ways[i], 5, fuel);
	}
	sv_artifact_free(artifact);
}

TEST(every_level_and_strategy_uses_the_same_fuel_and_ends_at_the_same_place)
{
	static struct notes first, other;
	fuel_run(&first, SV_BOUNDS_GUARD, 0);
	for (unsigned i = 1; i < 8; i++) {
		fuel_run(&other, i & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD, i / 2);
		CHECK_EQ(other.count, first.count);
		for (unsigned k = 0; k < first.count; k++)
			CHECK_MSG(first.numbers[k] == other.numbers[k],
					"note %u at -O%u, %s, is %" PRId64 ", not %" PRId64, k,
					i / 2, i & 1 ? "check" : "guard", other.numbers[k],
					first.numbers[k]);
	}
}

static int64_t fuel_used(struct guest *guest, const char *name, int32_t argument)
{
	sv_store_set_fuel(guest->store, PLENTY);
	return guest_number(guest, name, argument) < 0
			? -1 : PLENTY - (int64_t)sv_store_fuel(guest->store);
}

static const char costs_text[] =
		"(module (memory 2)\n"
		"(func (export \"add\") (param i32) (result i32)\n"
		"  (i32.add (local.get 0) (i32.const 1)))\n"
		"(func (export \"blocks\") (param i32) (result i32)\n"
		"  (block (loop (nop)) (block)) (local.get 0))\n"
		"(func (export \"if\") (param i32) (result i32)\n"
		"  (if (local.get 0) (then (nop) (nop)) (else (nop))) (i32.const 0))\n"
		"(func (export \"loop\") (param i32) (result i32)\n"
		"  (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n"
		"  (i32.const 0))\n"
		"(func (export \"fill\") (param i32) (result i32)\n"
		"  (memory.fill (i32.const 0) (i32.const 1) (local.get 0)) (i32.const 0))\n"
		"(func $never (export \"never\") (param i32) (result i32)\n"
		"  (call $never (local.get 0)))\n"
		"(func (export \"spin\") (param i32) (result i32)\n"
		"  (loop $l (br $l)) (i32.const 0)))";

TEST(operators_cost_one_unit_and_bytes_a_sixteenth)
{
	struct guest guest = {fuel_compile(costs_text, SV_BOUNDS_GUARD, 2), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	CHECK_OK(guest.instance);
	CHECK(sv_artifact_header(guest.artifact)->flags & SV_ARTIFACT_FUEL);
	CHECK_EQ(fuel_used(&guest, "add", 1), 3);
	CHECK_EQ(fuel_used(&guest, "blocks", 1), 2);
	CHECK_EQ(fuel_used(&guest, "if", 1), 2 + 2 + 1);
	CHECK_EQ(fuel_used(&guest, "if", 0), 2 + 1 + 1);
	CHECK_EQ(fuel_used(&guest, "loop", 10), 5 * 10 + 1);
	CHECK_EQ(fuel_used(&guest, "fill", 15), 5);
	CHECK_EQ(fuel_used(&guest, "fill", 100000), 5 + 100000 / HELPER_FUEL_BYTES);
	guest_close(&guest);
}

/* The text format here knows no arrays: of 200 bytes, then filled, then copied, then 0. */
static const char array_module[] =
		"\0asm\1\0\0\0" "\1\x08\2\x60\0\1\x7f\x5e\x78\1" "\3\2\1\0"
		"\7\5\1\1f\0\0" "\x0a\x2e\1\x2c\1\1\x63\1"
		"\x41\3\x41\xc8\1\xfb\6\1\x21\0"
		"\x20\0\x41\x08\x41\x09\x41\xa0\1\xfb\x10\1"
		"\x20\0\x41\0\x20\0\x41\x21\x41\xc0\0\xfb\x11\1\1"
		"\x41\0\x0b";

TEST(arrays_cost_by_their_bytes)
{
	for (unsigned level = 0; level < 3; level += 2) {
		struct sv_compile_options options;
		struct buffer bytes = {0};
		sv_compile_options_init(&options);
		options.level = level;
		options.fuel = true;
		CHECK_OK(sv_compile((struct sv_bytes){(const uint8_t *)array_module,
						    sizeof array_module - 1}, &options, &bytes,
				&error));
		struct guest guest = {fixture_load_bytes(bytes), fixture_store(), NULL};
		guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
		CHECK_OK(guest.instance);
		/* 16 operators; array.new makes and fills. */
		CHECK_EQ(fuel_used(&guest, "f", 0), 16 + 2 * (200 / 16) + 160 / 16 + 64 / 16);
		guest_close(&guest);
	}
}

TEST(what_is_enough_is_told_to_the_unit)
{
	struct guest guest = {fuel_compile(costs_text, SV_BOUNDS_CHECK, 1), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	CHECK_OK(guest.instance);
	sv_store_set_fuel(guest.store, 3);
	CHECK_EQ(guest_number(&guest, "add", 1), 2);
	CHECK_EQ(sv_store_fuel(guest.store), 0);
	sv_store_set_fuel(guest.store, 2);
	CHECK_EQ(guest_number(&guest, "add", 1), -1);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_FUEL);
	CHECK_STR(sv_store_trap(guest.store)->text, "all fuel is used up");
	CHECK_EQ(sv_store_fuel(guest.store), 0);
	/* More than is left: nothing is filled. */
	sv_store_set_fuel(guest.store, 1000);
	CHECK_EQ(guest_number(&guest, "fill", 100000), -1);
	CHECK_EQ(sv_memory_data(sv_instance_memory(guest.instance, 0))[0], 0);
	guest_close(&guest);
}

TEST(neither_loops_nor_recursion_outlast_the_fuel)
{
	struct guest guest = {fuel_compile(costs_text, SV_BOUNDS_GUARD, 3), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	CHECK_OK(guest.instance);
	sv_store_set_fuel(guest.store, PLENTY);
	CHECK_EQ(guest_number(&guest, "spin", 0), -1);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_FUEL);
	sv_store_set_fuel(guest.store, 2000);
	CHECK_EQ(guest_number(&guest, "never", 0), -1);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_FUEL);
	guest_close(&guest);
}

TEST(a_store_has_plenty_at_first_and_when_it_is_leased_again)
{
	struct sv_artifact *artifact = fuel_compile(costs_text, SV_BOUNDS_GUARD, 2);
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 3; i++) {
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK_OK(store);
		CHECK_EQ(sv_store_fuel(store), INT64_MAX);
		CHECK_EQ(sv_pool_start(store, &error), SV_RETURNED);
		sv_store_set_fuel(store, UINT64_MAX);
		CHECK_EQ(sv_store_fuel(store), INT64_MAX);
		sv_store_set_fuel(store, 1);
		sv_pool_return(pool, store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(code_without_the_option_uses_none)
{
	struct guest guest = guest_open(costs_text);
	CHECK_EQ(sv_artifact_header(guest.artifact)->flags & SV_ARTIFACT_FUEL, 0);
	sv_store_set_fuel(guest.store, 0);
	CHECK_EQ(guest_number(&guest, "fill", 100000), 0);
	CHECK_EQ(guest_number(&guest, "loop", 100000), 0);
	guest_close(&guest);
}

RUNTIME_TEST_MAIN(NULL)
