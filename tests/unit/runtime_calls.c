/*
 * runtime_calls.c: the border between host and guest: values, nested calls, refusals, and
 * the way host functions end a guest.
 */
#include "tests/unit/runtime_fixture.h"

static const char border_text[] =
		"(module\n"
		"(import \"host\" \"end\" (func $end (param i32) (result i32)))\n"
		"(import \"host\" \"again\" (func $again (param i32) (result i32)))\n"
		"(import \"host\" \"mix\" (func $mix (param i32 i64 f32 f64 i64 i64 i64 i64)\n"
		"  (result f64 i64 f32 i32)))\n"
		"(import \"host\" \"refs\" (func $refs (param funcref externref) (result externref "
                "funcref)))\n"
		"(memory (export \"memory\") 1) (type $ii (func (param i32) (result i32)))\n"
		"(func $id (export \"id\") (type $ii) (local.get 0))\n"
		"(func (export \"end\") (type $ii) (call $end (local.get 0)))\n"
		"(func (export \"again\") (type $ii) (i32.add (i32.const 1) (call $again "
                "(local.get 0))))\n"
		"(func (export \"trap\") (type $ii) (i32.div_u (i32.const 1) (i32.const 0)))\n"
		"(func (export \"mix\") (param i32 i64 f32 f64) (result f64 i64 f32 i32)\n"
		"  (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)\n"
		"    (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))\n"
		"(func (export \"refs\") (param funcref externref) (result externref funcref)\n"
		"  (call $refs (local.get 0) (local.get 1)))\n"
		"(elem declare func $id)\n"
		"(func (export \"own\") (result funcref) (ref.func $id)))";

static enum sv_host_result host_end(struct sv_caller *caller, union sv_value *values)
{
	switch (values[0].i32) {
	case 0:
		return SV_HOST_OK;
	case 1:
		return SV_HOST_TRAP;
	case 2:
		sv_caller_set_trap(caller, SV_TRAP_HOST, "the %s is empty", "cupboard");
		return SV_HOST_TRAP;
	default:
		sv_caller_set_exit(caller, values[0].i32);
		return SV_HOST_EXIT;
	}
}

/* Nested until the number is 0; -1: until refused; -2: nested guest traps, which is swallowed. */
static enum sv_host_result host_again(struct sv_caller *caller, union sv_value *values)
{
	struct sv_store *store = sv_caller_store(caller);
	struct sv_instance *instance = sv_caller_instance(caller);
	struct sv_error refusal = SV_ERROR_INIT;
	union sv_value inner = {.i32 = values[0].i32 > 0 ? values[0].i32 - 1 : values[0].i32};
	if (values[0].i32 == 0)
		return SV_HOST_OK;
	const char *name = values[0].i32 == -2 ? "trap" : "again";
	enum sv_outcome outcome = sv_call(store, sv_instance_function(instance, name), "i:i",
			&inner, &refusal);
	values[0].i32 = inner.i32;
	if (outcome == SV_REFUSED)
		values[0].i32 = refusal.code == SV_ERROR_LIMIT ? 1000 : -1;
	if (outcome == SV_TRAPPED)
		values[0].i32 = sv_store_trap(store)->frame_count == 2 ? 2000 : -2;
	return SV_HOST_OK;
}

static enum sv_host_result host_mix(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	double d = values[3].f64 + (double)values[4].i64 + (double)values[7].i64;
	int64_t l = values[1].i64 + values[5].i64;
	float f = values[2].f32 * 2;
	int32_t i = values[0].i32 - (int32_t)values[6].i64;
	values[0].f64 = d;
	values[1].i64 = l;
	values[2].f32 = f;
	values[3].i32 = i;
	return SV_HOST_OK;
}

static enum sv_host_result host_refs(struct sv_caller *caller, union sv_value *values)
{
	union sv_value first = values[0];
	struct sv_funcref **forced = sv_caller_data(caller);
	values[0] = values[1];
	values[1] = first;
	if (*forced)
		values[1].ref = *forced;
	return SV_HOST_OK;
}

static struct sv_funcref *forced_result;

static struct sv_linker *border_linker(void)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(sv_linker_define_function(linker, "host", "end", "i:i", host_end, NULL,
				     &error) &&
					sv_linker_define_function(linker, "host", "again", "i:i",
							host_again, NULL, &error) &&
					sv_linker_define_function(linker, "host", "mix",
							"iIfFIIII:FIfi", host_mix, NULL, &error) &&
					sv_linker_define_function(linker, "host", "refs", "re:er",
							host_refs, &forced_result, &error),
			"linker");
	return linker;
}

TEST(host_functions_return_trap_and_exit)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	CHECK_EQ(guest_number(&guest, "end", 0), 0);
	CHECK_EQ(guest_number(&guest, "end", 1), -1);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_HOST);
	CHECK_STR(sv_store_trap(guest.store)->text, "host function failed");
	CHECK_EQ(sv_store_trap(guest.store)->frame_count, 1);
	CHECK_EQ(guest_number(&guest, "end", 2), -1);
	CHECK_STR(sv_store_trap(guest.store)->text, "the cupboard is empty");
	union sv_value value = {.i32 = 42};
	CHECK_EQ(guest_call(&guest, "end", &value), SV_EXITED);
	CHECK_EQ(sv_store_exit_code(guest.store), 42);
	CHECK(!sv_store_trap(guest.store));
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(all_kinds_of_values_cross_in_both_directions)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	union sv_value values[4] = {{.i32 = 100}, {.i64 = -1}, {.f32 = 1.5f}, {.f64 = 0.25}};
	CHECK_EQ(guest_call(&guest, "mix", values), SV_RETURNED);
	CHECK_DOUBLE(values[0].f64, 13.25);
	CHECK_EQ(values[1].i64, 5);
	CHECK_DOUBLE((double)values[2].f32, 3.0);
	CHECK_EQ(values[3].i32, 93);
	union sv_value refs[2] = {
			{.ref = sv_instance_function(guest.instance, "id")}, {.ref = &refs}};
	CHECK_EQ(guest_call(&guest, "refs", refs), SV_RETURNED);
	CHECK(refs[0].ref == &refs && refs[1].ref == sv_instance_function(guest.instance, "id"));
	union sv_value own;
	CHECK_EQ(guest_call(&guest, "own", &own), SV_RETURNED);
	CHECK(own.ref == sv_instance_function(guest.instance, "id"));
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(calls_nest_and_are_refused_when_the_stack_is_short)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(guest_number(&guest, "again", 100), 101);
	CHECK(guest_number(&guest, "again", -1) > 1001);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_nested_trap_ends_only_the_inner_call)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	CHECK_EQ(guest_number(&guest, "again", -2), 2001);
	CHECK(!sv_store_trap(guest.store));
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(wrong_types_stores_and_threads_are_refused)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	struct guest other = guest_open_linked(border_text, linker);
	struct sv_funcref *id = sv_instance_function(guest.instance, "id");
	struct sv_funcref *foreign = sv_instance_function(other.instance, "id");
	union sv_value values[2] = {{.i32 = 1}};
	CHECK_ERROR(sv_call(guest.store, id, "I:i", values, &error) != SV_REFUSED, SV_ERROR_USAGE,
			"\"i:i\"");
	CHECK_ERROR(sv_call(guest.store, foreign, NULL, values, &error) != SV_REFUSED,
			SV_ERROR_USAGE, "another store");
	values[0].ref = foreign;
	CHECK_ERROR(guest_call(&guest, "refs", values) != SV_REFUSED, SV_ERROR_USAGE,
			"another store");
	values[0].ref = NULL;
	forced_result = foreign;
	CHECK_EQ(guest_call(&guest, "refs", values), SV_TRAPPED);
	forced_result = NULL;
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_HOST);
	sv_thread_leave(engine);
	CHECK_ERROR(sv_call(guest.store, id, NULL, values, &error) != SV_REFUSED, SV_ERROR_USAGE,
			"sv_thread_enter");
	CHECK_OK(sv_thread_enter(engine, &error));
	guest_close(&guest);
	guest_close(&other);
	sv_linker_free(linker);
}

TEST(ranges_of_guest_memory_are_checked_in_64_bits)
{
	struct sv_linker *linker = border_linker();
	struct guest guest = guest_open_linked(border_text, linker);
	struct sv_memory *memory = sv_instance_memory(guest.instance, 0);
	CHECK_EQ(sv_memory_size(memory), 65536);
	CHECK(sv_memory_data(memory) != NULL);
	CHECK(!sv_instance_memory(guest.instance, 1));
	CHECK(!sv_instance_function(guest.instance, "memory"));
	CHECK(!sv_instance_function(guest.instance, "none"));
	char signature[20];
	struct sv_funcref *mix = sv_instance_function(guest.instance, "mix");
	CHECK(sv_function_signature(engine, mix, signature, sizeof signature));
	CHECK_STR(signature, "iIfF:FIfi");
	CHECK(!sv_function_signature(engine, mix, signature, 4));
	guest_close(&guest);
	sv_linker_free(linker);
}

/* Call the peer's "again" with one less, or its "loop" when -3 is left. */
static enum sv_host_result host_cross(struct sv_caller *caller, union sv_value *values)
{
	struct guest *peer = sv_caller_data(caller);
	struct sv_error refusal = SV_ERROR_INIT;
	union sv_value inner = {.i32 = values[0].i32 - 1};
	if (values[0].i32 == 0)
		return SV_HOST_OK;
	const char *name = values[0].i32 == -3 ? "loop" : "again";
	enum sv_outcome outcome = sv_call(peer->store, sv_instance_function(peer->instance, name),
			"i:i", &inner, &refusal);
	values[0].i32 = outcome == SV_RETURNED ? inner.i32 : -(int32_t)outcome;
	return SV_HOST_OK;
}

static void open_peers(struct guest *guests, struct sv_linker **linkers)
{
	static const char text[] =
			"(module (import \"host\" \"cross\" (func $cross (param i32) (result "
	                "i32)))\n"
			"(func (export \"loop\") (param i32) (result i32) (loop (br 0)) "
	                "(unreachable))\n"
			"(func (export \"trap\") (param i32) (result i32) (unreachable))\n"
			"(func (export \"again\") (param i32) (result i32)\n"
			"  (i32.add (i32.const 1) (call $cross (local.get 0)))))";
	for (size_t i = 0; i < 2; i++) {
		linkers[i] = sv_linker_new(engine, &error);
		fixture_need(sv_linker_define_function(linkers[i], "host", "cross", "i:i",
				host_cross, &guests[1 - i], &error), "cross");
		guests[i] = guest_open_linked(text, linkers[i]);
	}
}

static void close_peers(struct guest *guests, struct sv_linker **linkers)
{
	for (size_t i = 0; i < 2; i++) {
		guest_close(&guests[i]);
		sv_linker_free(linkers[i]);
	}
}

TEST(calls_go_from_a_store_into_another_and_back)
{
	struct guest peers[2];
	struct sv_linker *linkers[2];
	open_peers(peers, linkers);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(guest_number(&peers[0], "again", 100), 101);
		CHECK_EQ(guest_number(&peers[i % 2], "trap", 0), -1);
	}
	close_peers(peers, linkers);
}

TEST(a_deadline_of_the_outer_store_ends_the_inner_and_then_itself)
{
	struct guest peers[2];
	struct sv_linker *linkers[2];
	open_peers(peers, linkers);
	for (int i = 0; i < 50; i++) {
		union sv_value value = {.i32 = -3};
		sv_store_set_deadline(peers[0].store, fixture_now() + 1000000);
		CHECK_EQ(guest_call(&peers[0], "again", &value), SV_TIMED_OUT);
		sv_store_set_deadline(peers[0].store, 0);
		/* Only the inner store has one: the outer sees how it ended and returns. */
		value.i32 = -3;
		sv_store_set_deadline(peers[1].store, fixture_now() + 1000000);
		CHECK_EQ(guest_call(&peers[0], "again", &value), SV_RETURNED);
		CHECK_EQ(value.i32, 1 - SV_TIMED_OUT);
		sv_store_set_deadline(peers[1].store, 0);
		CHECK_EQ(guest_number(&peers[0], "again", 5), 6);
	}
	close_peers(peers, linkers);
}

RUNTIME_TEST_MAIN(NULL)
