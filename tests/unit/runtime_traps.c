/*
 * runtime_traps.c: every kind of trap ends the call with its kind, place and frames, and
 * leaves host and store fit for the next call.
 */
#include <fenv.h>
#include <xmmintrin.h>

#include "tests/unit/runtime_fixture.h"

static const char traps_text[] =
		"(module $traps (type $ii (func (param i32) (result i32)))\n"
		"(memory 1 2) (table $t 3 funcref) (elem (i32.const 0) $id $none)\n"
		"(data $d \"abc\") (elem $e funcref (ref.func $id))\n"
		"(func $id (type $ii) (local.get 0)) (func $none)\n"
		"(func (export \"unreachable\") (type $ii) (unreachable))\n"
		"(func (export \"load\") (type $ii) (i32.load (local.get 0)))\n"
		"(func (export \"load_far\") (type $ii) (i32.load offset=0xfffffffc (local.get "
                "0)))\n"
		"(func (export \"store8\") (type $ii) (i32.store8 (local.get 0) (i32.const 1)) "
                "(i32.const 0))\n"
		"(func (export \"div\") (type $ii) (i32.div_s (i32.const 0x80000000) (local.get "
                "0)))\n"
		"(func (export \"rem\") (type $ii) (i32.rem_u (i32.const 8) (local.get 0)))\n"
		"(func (export \"trunc\") (type $ii)\n"
		"  (i32.trunc_f64_s (f64.div (f64.convert_i32_s (local.get 0)) (f64.const 0))))\n"
		"(func (export \"indirect\") (type $ii)\n"
		"  (call_indirect (type $ii) (i32.const 5) (local.get 0)))\n"
		"(func (export \"table_get\") (type $ii) (ref.is_null (table.get $t (local.get "
                "0))))\n"
		"(func (export \"table_set\") (type $ii)\n"
		"  (table.set $t (local.get 0) (ref.null func)) (i32.const 0))\n"
		"(func (export \"table_init\") (type $ii)\n"
		"  (table.init $t $e (local.get 0) (i32.const 0) (i32.const 1)) (i32.const 0))\n"
		"(func (export \"fill\") (type $ii)\n"
		"  (memory.fill (local.get 0) (i32.const 1) (i32.const 65530)) (i32.const 0))\n"
		"(func (export \"copy\") (type $ii)\n"
		"  (memory.copy (local.get 0) (i32.const 0) (i32.const 65530)) (i32.const 0))\n"
		"(func (export \"init\") (type $ii)\n"
		"  (memory.init $d (i32.const 0) (local.get 0) (i32.const 2)) (i32.const 0))\n"
		"(func $inner (param i32) (result i32) (call_indirect (type $ii)\n"
		"  (i32.div_u (i32.const 9) (local.get 0)) (i32.const 0)))\n"
		"(func (export \"nested\") (type $ii) (i32.add (call $inner (local.get 0)) "
                "(i32.const 1)))\n"
		"(func $deep (export \"deep\") (type $ii)\n"
		"  (if (result i32) (local.get 0) (then (i32.add (i32.const 1)\n"
		"    (call $deep (i32.add (local.get 0) (i32.const 1))))) (else (i32.const 0))))\n"
		"(func $deep_grow (export \"deep_grow\") (type $ii)\n"
		"  (drop (memory.grow (i32.const 0)))\n"
		"  (i32.add (i32.const 1) (call $deep_grow (local.get 0)))))";

struct trap_case {
	const char *function;
	int32_t argument;
	enum sv_trap kind; /* SV_TRAP_NONE: returns */
	int64_t address;   /* -1: none */
};

static const struct trap_case trap_cases[] = {
		{"unreachable", 0, SV_TRAP_UNREACHABLE, -1},
		{"load", 65532, SV_TRAP_NONE, -1},
		{"load", 65533, SV_TRAP_MEMORY_BOUNDS, -2},
		{"load", 65536, SV_TRAP_MEMORY_BOUNDS, 65536},
		{"load", -1, SV_TRAP_MEMORY_BOUNDS, 0xffffffff},
		{"load_far", -1, SV_TRAP_MEMORY_BOUNDS, 0x1fffffffb},
		{"store8", 65535, SV_TRAP_NONE, -1},
		{"store8", 65536, SV_TRAP_MEMORY_BOUNDS, 65536},
		{"div", 0, SV_TRAP_DIVIDE_BY_ZERO, -1},
		{"div", -1, SV_TRAP_INTEGER_OVERFLOW, -1},
		{"rem", 0, SV_TRAP_DIVIDE_BY_ZERO, -1},
		{"trunc", 0, SV_TRAP_CONVERSION, -1},
		{"trunc", 1, SV_TRAP_INTEGER_OVERFLOW, -1},
		{"indirect", 0, SV_TRAP_NONE, -1},
		{"indirect", 1, SV_TRAP_CALL_TYPE, -1},
		{"indirect", 2, SV_TRAP_NULL_ELEMENT, -1},
		{"indirect", 3, SV_TRAP_UNDEFINED_ELEMENT, -1},
		{"table_get", 2, SV_TRAP_NONE, -1},
		{"table_get", 3, SV_TRAP_TABLE_BOUNDS, -1},
		{"table_set", -1, SV_TRAP_TABLE_BOUNDS, -1},
		{"table_init", 3, SV_TRAP_TABLE_BOUNDS, -1},
		{"fill", 6, SV_TRAP_NONE, -1},
		{"fill", 7, SV_TRAP_MEMORY_BOUNDS, -1},
		{"copy", -1, SV_TRAP_MEMORY_BOUNDS, -1},
		{"init", 2, SV_TRAP_MEMORY_BOUNDS, -1},
		{"deep", 1, SV_TRAP_STACK, -1},
		{"deep_grow", 1, SV_TRAP_STACK, -1},
		{"nested", 0, SV_TRAP_DIVIDE_BY_ZERO, -1},
};

/* Under guard the address is the one that was hit; checks in code know none. */
static void check_case(struct guest *guest, const struct trap_case *row, enum sv_bounds bounds)
{
	union sv_value value = {.i32 = row->argument};
	enum sv_outcome outcome = guest_call(guest, row->function, &value);
	const struct sv_trap_info *trap = sv_store_trap(guest->store);
	if (row->kind == SV_TRAP_NONE) {
		CHECK_MSG(outcome == SV_RETURNED && !trap, "%s(%d) trapped", row->function,
				row->argument);
		return;
	}
	CHECK_MSG(outcome == SV_TRAPPED && trap, "%s(%d) did not trap", row->function,
			row->argument);
	CHECK_MSG(trap->kind == row->kind, "%s(%d): trap %d (%s), not %d", row->function,
			row->argument, trap->kind, trap->text, row->kind);
	CHECK_STR(trap->text, sv_trap_text(row->kind));
	CHECK_MSG(trap->frame_count > 0, "%s(%d) has no frames", row->function, row->argument);
	CHECK_EQ(trap->more_frames, row->kind == SV_TRAP_STACK);
	if (bounds == SV_BOUNDS_GUARD && row->address != -2) {
		CHECK_EQ(trap->has_address, row->address >= 0);
		if (row->address >= 0)
			CHECK_EQ(trap->address, row->address);
	}
}

static void check_all_cases(enum sv_bounds bounds, unsigned level)
{
	struct guest guest = {fixture_load_as(traps_text, bounds, level), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	CHECK_OK(guest.instance);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_LENGTH(trap_cases) && !test_failed; i++)
			check_case(&guest, &trap_cases[i], bounds);
	}
	guest_close(&guest);
}

TEST(every_trap_has_its_kind_with_guard_pages)
{
	check_all_cases(SV_BOUNDS_GUARD, 2);
}

TEST(every_trap_has_its_kind_with_guard_pages_unoptimised)
{
	check_all_cases(SV_BOUNDS_GUARD, 0);
}

TEST(every_trap_has_its_kind_with_checks)
{
	check_all_cases(SV_BOUNDS_CHECK, 2);
}

TEST(every_trap_has_its_kind_with_checks_unoptimised)
{
	check_all_cases(SV_BOUNDS_CHECK, 0);
}

TEST(frames_name_functions_and_offsets_through_inlining_too)
{
	struct guest guest = guest_open(traps_text);
	CHECK_EQ(guest_number(&guest, "nested", 0), -1);
	const struct sv_trap_info *trap = sv_store_trap(guest.store);
	CHECK_EQ(trap->frame_count, 2);
	CHECK_EQ(trap->frames[0].function, 16);
	CHECK(trap->frames[0].name_length == 5 && memcmp(trap->frames[0].name, "inner", 5) == 0);
	CHECK_EQ(trap->frames[1].function, 17);
	CHECK(trap->frames[1].name_length == 6 && memcmp(trap->frames[1].name, "nested", 6) == 0);
	CHECK(trap->frames[0].module_length == 5 &&
			memcmp(trap->frames[0].module, "traps", 5) == 0);
	CHECK(trap->frames[0].wasm_offset > 0);
	CHECK(trap->frames[1].wasm_offset > trap->frames[0].wasm_offset);
	guest_close(&guest);
}

/* What was written before a trap stays written, though the same place is written after it. */
TEST(stores_before_a_trap_are_seen_after_it)
{
	struct guest guest = guest_open(
			"(module (memory 1) (global $g (mut i32) (i32.const 1))\n"
			"(func (export \"write\") (param i32) (result i32)\n"
			"  (global.set $g (i32.const 2)) (i32.store (i32.const 0) (i32.const 3))\n"
			"  (if (local.get 0) (then (unreachable)))\n"
			"  (global.set $g (i32.const 4)) (i32.store (i32.const 0) (i32.const 5))\n"
			"  (i32.const 0))\n"
			"(func (export \"read\") (param i32) (result i32) (i32.add\n"
			"  (global.get $g) (i32.mul (i32.const 10) (i32.load (i32.const 0))))))");
	CHECK_EQ(guest_number(&guest, "write", 1), -1);
	CHECK_EQ(guest_number(&guest, "read", 0), 32);
	CHECK_EQ(guest_number(&guest, "write", 0), 0);
	CHECK_EQ(guest_number(&guest, "read", 0), 54);
	guest_close(&guest);
}

TEST(a_return_after_a_trap_leaves_no_trap)
{
	struct guest guest = guest_open(traps_text);
	CHECK_EQ(guest_number(&guest, "load", -1), -1);
	CHECK(sv_store_trap(guest.store));
	CHECK_EQ(guest_number(&guest, "indirect", 0), 5);
	CHECK(!sv_store_trap(guest.store));
	guest_close(&guest);
}

TEST(the_hosts_rounding_survives_and_the_guest_does_not_see_it)
{
	struct guest guest = guest_open(
			"(module (func (export \"f\") (param i32) (result i32)\n"
			"(i32.reinterpret_f32 (f32.div (f32.const 1) (f32.convert_i32_s (local.get "
	                "0)))))\n"
			"(func (export \"trap\") (param i32) (result i32) unreachable))");
	int64_t nearest = guest_number(&guest, "f", 3);
	CHECK_EQ(nearest, 0x3eaaaaab);
	fesetround(FE_DOWNWARD);
	unsigned control = _mm_getcsr() & 0xffc0;
	int64_t down = guest_number(&guest, "f", 3);
	unsigned after_return = _mm_getcsr() & 0xffc0;
	int64_t trapped = guest_number(&guest, "trap", 0);
	unsigned after_trap = _mm_getcsr() & 0xffc0;
	int mode = fegetround();
	fesetround(FE_TONEAREST);
	CHECK_EQ(down, nearest);
	CHECK_EQ(trapped, -1);
	CHECK_EQ(after_return, control);
	CHECK_EQ(after_trap, control);
	CHECK_EQ(mode, FE_DOWNWARD);
	guest_close(&guest);
}

TEST(callee_saved_registers_survive_a_trap)
{
	struct guest guest = guest_open(traps_text);
	struct sv_funcref *function = sv_instance_function(guest.instance, "load");
	union sv_value value = {.i32 = -1};
	uint64_t kept[5];
	register uint64_t b __asm__("rbx") = 11, c __asm__("r12") = 12, d __asm__("r13") = 13;
	register uint64_t e __asm__("r14") = 14, f __asm__("r15") = 15;
	__asm__ volatile("" : "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	enum sv_outcome outcome = sv_call(guest.store, function, "i:i", &value, &error);
	__asm__ volatile("" : "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	kept[0] = b, kept[1] = c, kept[2] = d, kept[3] = e, kept[4] = f;
	CHECK_EQ(outcome, SV_TRAPPED);
	for (uint64_t i = 0; i < 5; i++)
		CHECK_EQ(kept[i], 11 + i);
	guest_close(&guest);
}

TEST(ten_thousand_traps_use_up_nothing)
{
	struct guest guest = guest_open(traps_text);
	for (int i = 0; i < 10000; i++) {
		CHECK_EQ(guest_number(&guest, i & 1 ? "load" : "div", i & 1 ? -1 : 0), -1);
		CHECK_EQ(sv_store_trap(guest.store)->kind,
				i & 1 ? SV_TRAP_MEMORY_BOUNDS : SV_TRAP_DIVIDE_BY_ZERO);
	}
	guest_close(&guest);
}

TEST(segments_and_start_functions_that_trap_fail_the_instantiation)
{
	static const char *const texts[] = {
			"(module (func) (memory 1) (data (i32.const 65536) \"a\"))",
			"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
			"(module (func $s unreachable) (start $s))",
	};
	static const enum sv_trap kinds[] = {
			SV_TRAP_MEMORY_BOUNDS, SV_TRAP_TABLE_BOUNDS, SV_TRAP_UNREACHABLE};
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		enum sv_outcome outcome;
		struct sv_artifact *artifact = fixture_load(texts[i]);
		struct sv_store *store = fixture_store();
		CHECK_ERROR(sv_instance_new(store, artifact, NULL, &outcome, &error), SV_ERROR_TRAP,
				sv_trap_text(kinds[i]));
		CHECK_EQ(outcome, SV_TRAPPED);
		CHECK_EQ(sv_store_trap(store)->kind, kinds[i]);
		sv_store_free(store);
		sv_artifact_free(artifact);
	}
}

RUNTIME_TEST_MAIN(NULL)
