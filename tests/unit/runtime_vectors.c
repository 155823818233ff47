/*
 * runtime_vectors.c: v128 across the border: arguments, results, host functions, globals.
 */
#include "tests/unit/runtime_fixture.h"

#include <string.h>

static const char vectors_text[] =
		"(module\n"
		"(import \"host\" \"swap\" (func $swap (param v128 i32 v128) (result v128 i32 "
                "v128)))\n"
		"(import \"host\" \"fixed\" (global $fixed v128))\n"
		"(import \"host\" \"changing\" (global $changing (mut v128)))\n"
		"(global $copy (export \"copy\") v128 (global.get $fixed))\n"
		"(global (export \"own\") v128 (v128.const i32x4 5 6 7 8))\n"
		"(func (export \"swap\") (param v128 i32 v128) (result v128 i32 v128)\n"
		"  (call $swap (local.get 0) (local.get 1) (local.get 2)))\n"
		"(func (export \"globals\") (param v128) (result v128)\n"
		"  (global.set $changing (i32x4.add (global.get $changing) (local.get 0)))\n"
		"  (i32x4.add (global.get $changing) (global.get $copy))))";

static union sv_value vector_of(uint32_t first)
{
	uint32_t lanes[4] = {first, first + 1, first + 2, first + 3};
	union sv_value value;
	memcpy(value.v128, lanes, sizeof lanes);
	return value;
}

static uint32_t lane_of(union sv_value value, unsigned lane)
{
	uint32_t lanes[4];
	memcpy(lanes, value.v128, sizeof lanes);
	return lanes[lane];
}

/* The two vectors change places; the number between them tells that nothing else moved. */
static enum sv_host_result host_swap(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	union sv_value first = values[0];
	values[0] = values[2];
	values[1].i32++;
	values[2] = first;
	return SV_HOST_OK;
}

static struct guest vectors_open(struct sv_linker *linker, struct sv_global **changing)
{
	struct guest guest = {fixture_load(vectors_text), fixture_store(), NULL};
	struct sv_global *fixed =
			sv_global_new(guest.store, SV_TYPE_V128, false, vector_of(100), &error);
	*changing = sv_global_new(guest.store, SV_TYPE_V128, true, vector_of(1), &error);
	fixture_need(fixed && *changing, "globals");
	struct sv_extern first = {.kind = SV_EXTERN_GLOBAL, .global = fixed};
	struct sv_extern second = {.kind = SV_EXTERN_GLOBAL, .global = *changing};
	fixture_need(sv_linker_define_function(linker, "host", "swap", "viv:viv", host_swap, NULL,
				     &error) &&
					sv_linker_define(linker, "host", "fixed", first, &error) &&
					sv_linker_define(linker, "host", "changing", second,
							&error),
			"linker");
	guest.instance = sv_instance_new(guest.store, guest.artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

TEST(vectors_cross_to_the_host_and_back)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_global *changing;
	struct guest guest = vectors_open(linker, &changing);
	union sv_value values[3] = {vector_of(10), {.i32 = 41}, vector_of(20)};
	CHECK_EQ(guest_call(&guest, "swap", values), SV_RETURNED);
	for (unsigned lane = 0; lane < 4; lane++) {
		CHECK_EQ(lane_of(values[0], lane), 20 + lane);
		CHECK_EQ(lane_of(values[2], lane), 10 + lane);
	}
	CHECK_EQ(values[1].i32, 42);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(globals_hold_vectors)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_global *changing;
	struct guest guest = vectors_open(linker, &changing);
	union sv_value value = vector_of(1000);
	struct sv_extern own, copy;
	CHECK_EQ(guest_call(&guest, "globals", &value), SV_RETURNED);
	CHECK(sv_instance_export(guest.instance, "own", 3, &own));
	CHECK(sv_instance_export(guest.instance, "copy", 4, &copy));
	CHECK_EQ(sv_global_type(own.global), SV_TYPE_V128);
	for (unsigned lane = 0; lane < 4; lane++) {
		CHECK_EQ(lane_of(value, lane), 1101 + 3 * lane);
		CHECK_EQ(lane_of(sv_global_get(changing), lane), 1001 + 2 * lane);
		CHECK_EQ(lane_of(sv_global_get(own.global), lane), 5 + lane);
		CHECK_EQ(lane_of(sv_global_get(copy.global), lane), 100 + lane);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

RUNTIME_TEST_MAIN(NULL)
