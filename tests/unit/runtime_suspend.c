/*
 * runtime_suspend.c: guests that wait in a host function or have had their turn, and go on
 * later, on this thread or another.
 */
#include <pthread.h>

#include "tests/unit/runtime_fixture.h"

static const uint64_t millisecond = 1000000;

static const char text[] =
		"(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))\n"
		"(import \"host\" \"plain\" (func $plain (param i32) (result i32)))\n"
		"(memory (export \"memory\") 4) (type $ii (func (param i32) (result i32)))\n"
		"(global $g (mut i32) (i32.const 5))\n"
		/* Many values across the call: all callee-saved registers and the stack. */
		"(func (export \"sum\") (type $ii) (local i32 i32 i32 i32 i32 i32 f64 i64)\n"
		"  (local.set 1 (i32.mul (local.get 0) (i32.const 3)))\n"
		"  (local.set 2 (i32.mul (local.get 0) (i32.const 5)))\n"
		"  (local.set 3 (i32.mul (local.get 0) (i32.const 7)))\n"
		"  (local.set 4 (i32.mul (local.get 0) (i32.const 11)))\n"
		"  (local.set 5 (i32.mul (local.get 0) (i32.const 13)))\n"
		"  (local.set 7 (f64.convert_i32_s (local.get 0)))\n"
		"  (local.set 8 (i64.extend_i32_s (local.get 0)))\n"
		"  (local.set 6 (call $wait (local.get 0)))\n"
		"  (i32.store (i32.const 64) (local.get 6))\n"
		"  (i32.add (i32.add (i32.add (local.get 1) (local.get 2)) (i32.add (local.get 3)\n"
		"    (local.get 4))) (i32.add (i32.add (local.get 5) (local.get 6))\n"
		"    (i32.add (i32.trunc_f64_s (local.get 7)) (i32.wrap_i64 (local.get 8))))))\n"
		"(func (export \"twice\") (type $ii) (call $wait (call $wait (local.get 0))))\n"
		"(func (export \"traps\") (type $ii)\n"
		"  (drop (call $wait (local.get 0))) (unreachable))\n"
		/* Counts in registers of all kinds; the result tells if any of them was lost. */
		"(func (export \"spin\") (type $ii) (local i32 i64 f64 i32)\n"
		"  (loop $again\n"
		"    (local.set 1 (i32.add (local.get 1) (i32.const 1)))\n"
		"    (local.set 2 (i64.add (local.get 2) (i64.const 3)))\n"
		"    (local.set 3 (f64.add (local.get 3) (f64.const 0.5)))\n"
		"    (i32.store (i32.const 128) (local.get 1))\n"
		"    (br_if $again (i32.lt_u (local.get 1) (local.get 0))))\n"
		"  (i32.and (i64.eq (local.get 2) (i64.mul (i64.extend_i32_u (local.get 1))\n"
		"      (i64.const 3)))\n"
		"    (f64.eq (local.get 3) (f64.mul (f64.convert_i32_u (local.get 1))\n"
		"      (f64.const 0.5)))))\n"
		"(func (export \"calls\") (type $ii) (local i32 i32)\n"
		"  (loop $again\n"
		"    (local.set 2 (i32.add (local.get 2) (call $plain (local.get 1))))\n"
		"    (local.set 1 (i32.add (local.get 1) (i32.const 1)))\n"
		"    (br_if $again (i32.lt_u (local.get 1) (local.get 0))))\n"
		"  (local.get 2))\n"
		"(func (export \"loop\") (type $ii) (loop (br 0)) (unreachable))\n"
		"(func (export \"id\") (type $ii) (local.get 0)))";

static const char nesting_text[] =
		"(module (type $ii (func (param i32) (result i32)))\n"
		"(import \"host\" \"nest\" (func $nest (type $ii)))\n"
		"(import \"host\" \"plain\" (func $plain (type $ii)))\n"
		"(func (export \"nests\") (type $ii) (call $nest (local.get 0)))\n"
		"(func (export \"calls\") (type $ii) (local i32 i32)\n"
		"  (loop $again\n"
		"    (local.set 2 (i32.add (local.get 2) (call $plain (local.get 1))))\n"
		"    (local.set 1 (i32.add (local.get 1) (i32.const 1)))\n"
		"    (br_if $again (i32.lt_u (local.get 1) (local.get 0))))\n"
		"  (local.get 2)))";

static enum sv_host_result host_wait(struct sv_caller *caller, union sv_value *values)
{
	int32_t *seen = sv_caller_data(caller);
	*seen = values[0].i32;
	return SV_HOST_SUSPEND;
}

static enum sv_host_result host_plain(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	values[0].i32 ^= 1;
	return SV_HOST_OK;
}

static int32_t seen;

static struct sv_linker *linker_of_hosts(void)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker &&
					sv_linker_define_function(linker, "host", "wait", "i:i",
							host_wait, &seen, &error) &&
					sv_linker_define_function(linker, "host", "plain", "i:i",
							host_plain, NULL, &error),
			"linker");
	return linker;
}

static enum sv_outcome resume_with(struct guest *guest, int32_t result)
{
	const union sv_value value = {.i32 = result};
	return sv_resume(guest->store, &value, &error);
}

TEST(a_guest_goes_on_with_what_it_had)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	for (int32_t i = 1; i < 2000; i++) {
		union sv_value value = {.i32 = i};
		CHECK_EQ(guest_call(&guest, "sum", &value), SV_SUSPENDED);
		CHECK(sv_store_is_suspended(guest.store));
		CHECK_EQ(seen, i);
		CHECK_EQ(resume_with(&guest, 1000 * i), SV_RETURNED);
		CHECK(!sv_store_is_suspended(guest.store));
		CHECK_EQ(value.i32, i * (3 + 5 + 7 + 11 + 13 + 2) + 1000 * i);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_guest_may_wait_again_and_trap_later)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 7};
	CHECK_EQ(guest_call(&guest, "twice", &value), SV_SUSPENDED);
	CHECK_EQ(resume_with(&guest, 8), SV_SUSPENDED);
	CHECK_EQ(seen, 8);
	CHECK_EQ(resume_with(&guest, 9), SV_RETURNED);
	CHECK_EQ(value.i32, 9);
	CHECK_EQ(guest_call(&guest, "traps", &value), SV_SUSPENDED);
	CHECK_EQ(resume_with(&guest, 0), SV_TRAPPED);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_UNREACHABLE);
	CHECK_EQ(sv_store_trap(guest.store)->frame_count, 1);
	CHECK_EQ(guest_number(&guest, "id", 3), 3);
	guest_close(&guest);
	sv_linker_free(linker);
}

/* Takes longer than the turn, and then calls the guest, which calls the host itself. */
static enum sv_host_result host_nest(struct sv_caller *caller, union sv_value *values)
{
	struct guest *guest = sv_caller_data(caller);
	for (uint64_t begin = fixture_now(); fixture_now() - begin < 3000000;)
		;
	return guest_call(guest, "calls", values) == SV_RETURNED ? SV_HOST_OK : SV_HOST_TRAP;
}

TEST(a_turn_that_is_over_in_the_host_does_not_end_what_the_host_calls)
{
	struct guest guest = {0};
	struct sv_linker *linker = linker_of_hosts();
	union sv_value value = {.i32 = 3};
	CHECK_OK(sv_linker_define_function(linker, "host", "nest", "i:i", host_nest, &guest,
			&error));
	guest = guest_open_linked(nesting_text, linker);
	CHECK_OK(sv_store_set_quantum(guest.store, 1000000, &error));
	/* The turn ends where the outer guest would go on. */
	CHECK_EQ(guest_call(&guest, "nests", &value), SV_PREEMPTED);
	enum sv_outcome outcome = SV_PREEMPTED;
	while (outcome == SV_PREEMPTED)
		outcome = sv_resume(guest.store, NULL, &error);
	CHECK_EQ(outcome, SV_RETURNED);
	CHECK_EQ(value.i32, (0 ^ 1) + (1 ^ 1) + (2 ^ 1));
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_suspended_store_is_not_called_and_others_are_not_resumed)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 7};
	CHECK_ERROR(resume_with(&guest, 1) != SV_REFUSED, SV_ERROR_USAGE, "is not suspended");
	CHECK_EQ(guest_call(&guest, "twice", &value), SV_SUSPENDED);
	CHECK_ERROR(guest_call(&guest, "id", &value) != SV_REFUSED, SV_ERROR_USAGE,
			"suspended: resume it");
	CHECK_ERROR(sv_resume(guest.store, NULL, &error) != SV_REFUSED, SV_ERROR_USAGE,
			"has 1 results, none given");
	uint64_t deadline = fixture_now() + 2 * millisecond;
	sv_store_set_deadline(guest.store, deadline);
	enum sv_outcome outcome = resume_with(&guest, 1);
	while (outcome == SV_TIMED_OUT && fixture_now() >= deadline) {
		/* This thread was away meanwhile. */
		sv_store_set_deadline(guest.store, 0);
		CHECK_EQ(guest_call(&guest, "twice", &value), SV_SUSPENDED);
		deadline = fixture_now() + 2 * millisecond;
		sv_store_set_deadline(guest.store, deadline);
		outcome = resume_with(&guest, 1);
	}
	CHECK_EQ(outcome, SV_SUSPENDED);
	guest_close(&guest); /* with its guest */
	sv_linker_free(linker);
}

struct mover {
	struct guest *guest;
	enum sv_outcome outcome;
	int32_t result;
};

static void *mover_run(void *data)
{
	struct mover *mover = data;
	const union sv_value value = {.i32 = mover->result};
	struct sv_error failure = SV_ERROR_INIT;
	if (!sv_thread_enter(engine, &failure))
		return NULL;
	mover->outcome = sv_resume(mover->guest->store, &value, &failure);
	sv_thread_leave(engine);
	return NULL;
}

static enum sv_outcome resume_elsewhere(struct guest *guest, int32_t result)
{
	struct mover mover = {guest, SV_REFUSED, result};
	pthread_t thread;
	pthread_create(&thread, NULL, mover_run, &mover);
	pthread_join(thread, NULL);
	return mover.outcome;
}

TEST(a_guest_goes_on_on_another_thread)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	for (int32_t i = 1; i < 50; i++) {
		union sv_value value = {.i32 = i};
		CHECK_EQ(guest_call(&guest, "sum", &value), SV_SUSPENDED);
		CHECK_EQ(resume_elsewhere(&guest, i), SV_RETURNED);
		CHECK_EQ(value.i32, i * (3 + 5 + 7 + 11 + 13 + 3));
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

/* Calls until it returns, with a turn of `quantum`; how many turns it took. */
static unsigned turns_of(struct guest *guest, const char *name, uint64_t quantum,
		union sv_value *value)
{
	unsigned turns = 1;
	fixture_need(sv_store_set_quantum(guest->store, quantum, &error), "quantum");
	enum sv_outcome outcome = guest_call(guest, name, value);
	for (; outcome == SV_PREEMPTED; turns++)
		outcome = turns % 5 == 0 ? resume_elsewhere(guest, 0)
					 : sv_resume(guest->store, NULL, &error);
	fixture_need(outcome == SV_RETURNED && sv_store_set_quantum(guest->store, 0, &error),
			"the end of all turns");
	return turns;
}

TEST(a_turn_ends_in_code_and_behind_host_functions)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 200000000};
	unsigned turns = turns_of(&guest, "spin", millisecond / 2, &value);
	CHECK(turns > 10);
	CHECK_EQ(value.i32, 1);
	value.i32 = 4000000;
	turns = turns_of(&guest, "calls", millisecond / 2, &value);
	CHECK(turns > 10);
	/* The sum of 0 ... n - 1, in pairs with the last bit turned. */
	CHECK_EQ((uint32_t)value.i32, (uint32_t)(UINT64_C(4000000) * 3999999 / 2));
	guest_close(&guest);
	sv_linker_free(linker);
}

/* The deadline passes at any time, also while a call is just beginning or ending. */
TEST(a_guest_that_waits_again_and_again_ends_at_its_deadline)
{
	static const char waits[] =
			"(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))\n"
			"(func (export \"waits\") (param i32) (result i32)\n"
			"  (loop (drop (call $wait (i32.const 1))) (br 0)) (unreachable)))";
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(waits, linker);
	for (uint64_t i = 0; i < 3000; i++) {
		union sv_value value = {.i32 = 0};
		sv_store_set_deadline(guest.store, fixture_now() + 20000 + i % 1000 * 30);
		enum sv_outcome outcome = guest_call(&guest, "waits", &value);
		while (outcome == SV_SUSPENDED)
			outcome = resume_with(&guest, 1);
		CHECK_EQ(outcome, SV_TIMED_OUT);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

/* Exceptions are in the store while they are thrown, objects on its root stack. */
TEST(a_turn_may_end_while_an_exception_is_thrown)
{
	static const char throws[] =
			"(module (tag $e (param i32)) (table 1 funcref)\n"
			"(elem (i32.const 0) $throw)\n"
			"(func $throw (param i32) (throw $e (local.get 0)))\n"
			"(func (export \"throws\") (param i32) (result i32) (local i32 i32)\n"
			"  (loop $again\n"
			"    (try (do (call_indirect (param i32) (local.get 1)\n"
			"        (i32.const 0)))\n"
			"      (catch $e (local.set 2 (i32.add (local.get 2)))))\n"
			"    (local.set 1 (i32.add (local.get 1) (i32.const 1)))\n"
			"    (br_if $again (i32.lt_u (local.get 1) (local.get 0))))\n"
			"  (local.get 2)))";
	struct guest guest = guest_open(throws);
	union sv_value value = {.i32 = 1000000};
	unsigned turns = turns_of(&guest, "throws", millisecond / 50, &value);
	CHECK(turns > 50);
	CHECK_EQ((uint32_t)value.i32, (uint32_t)(UINT64_C(1000000) * 999999 / 2));
	guest_close(&guest);
}

TEST(deadlines_and_limits_of_time_hold_across_turns)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 0};
	CHECK_OK(sv_store_set_quantum(guest.store, millisecond, &error));
	sv_store_set_deadline(guest.store, fixture_now() + 20 * millisecond);
	enum sv_outcome outcome = guest_call(&guest, "loop", &value);
	while (outcome == SV_PREEMPTED)
		outcome = sv_resume(guest.store, NULL, &error);
	CHECK_EQ(outcome, SV_TIMED_OUT);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_DEADLINE);
	sv_store_set_deadline(guest.store, 0);
	sv_store_set_cpu_limit(guest.store, 10 * millisecond);
	outcome = guest_call(&guest, "loop", &value);
	while (outcome == SV_PREEMPTED)
		outcome = sv_resume(guest.store, NULL, &error);
	CHECK_EQ(outcome, SV_TIMED_OUT);
	CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_CPU_TIME);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(limits_without_end_end_nothing)
{
	struct sv_linker *linker = linker_of_hosts();
	struct guest guest = guest_open_linked(text, linker);
	CHECK_OK(sv_store_set_quantum(guest.store, UINT64_MAX, &error));
	sv_store_set_cpu_limit(guest.store, UINT64_MAX);
	sv_store_set_deadline(guest.store, UINT64_MAX);
	CHECK_EQ(guest_number(&guest, "spin", 3000000), 1);
	CHECK_EQ(guest_number(&guest, "id", 3), 3);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_returned_store_has_no_guest)
{
	struct sv_artifact *artifact = fixture_load(text);
	struct sv_linker *linker = linker_of_hosts();
	struct sv_pool *pool = sv_pool_new(engine, artifact, linker, NULL, 1, &error);
	fixture_need(pool != NULL, "pool");
	for (int i = 0; i < 500; i++) {
		struct guest guest = {artifact, sv_pool_lease(pool, &error), NULL};
		CHECK_OK(guest.store);
		guest.instance = sv_store_instance(guest.store);
		CHECK_EQ(sv_pool_start(guest.store, &error), SV_RETURNED);
		const uint8_t *memory = sv_memory_view(sv_instance_memory(guest.instance, 0));
		CHECK_EQ(memory[64], 0);
		CHECK_EQ(memory[128], 0);
		union sv_value value = {.i32 = i % 3 ? 77 : 1 << 30};
		if (i % 3 == 0) {
			CHECK_OK(sv_store_set_quantum(guest.store, millisecond / 10, &error));
			CHECK_EQ(guest_call(&guest, "spin", &value), SV_PREEMPTED);
		} else {
			CHECK_EQ(guest_call(&guest, "sum", &value), SV_SUSPENDED);
			if (i % 3 == 1) {
				CHECK_EQ(resume_with(&guest, 1), SV_RETURNED);
				CHECK_EQ(memory[64], 1);
			}
		}
		sv_pool_return(pool, guest.store);
		if (test_failed)
			break;
	}
	sv_pool_free(pool);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
}

/* A host function that calls a guest that suspends. */
static enum sv_host_result host_nested(struct sv_caller *caller, union sv_value *values)
{
	struct sv_funcref *function = sv_instance_function(sv_caller_instance(caller), "twice");
	union sv_value value = {.i32 = values[0].i32};
	struct sv_store *store = sv_caller_store(caller);
	struct sv_error failure = SV_ERROR_INIT;
	values[0].i32 = (int32_t)sv_call(store, function, "i:i", &value, &failure);
	return SV_HOST_OK;
}

TEST(a_guest_that_a_host_function_called_cannot_wait)
{
	struct sv_linker *linker = linker_of_hosts();
	CHECK_OK(sv_linker_define_function(linker, "host", "plain", "i:i", host_nested, NULL,
			&error));
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 1};
	CHECK_EQ(guest_call(&guest, "calls", &value), SV_RETURNED);
	CHECK_EQ(value.i32, SV_TRAPPED);
	guest_close(&guest);
	sv_linker_free(linker);
}

struct asker {
	unsigned waits;       /* left */
	enum sv_host_result end;
	int32_t given;
};

/* Waits so many times, then asks the guest itself for the answer, takes its time and ends. */
static enum sv_host_result host_ask(struct sv_caller *caller, union sv_value *values)
{
	struct asker *asker = sv_caller_data(caller);
	struct sv_error failure = SV_ERROR_INIT;
	union sv_value value = {.i32 = 1000 * values[0].i32};
	asker->given = values[0].i32;
	if (asker->waits) {
		asker->waits--;
		return SV_HOST_SUSPEND;
	}
	struct sv_funcref *function = sv_instance_function(sv_caller_instance(caller), "id");
	if (sv_call(sv_caller_store(caller), function, "i:i", &value, &failure) != SV_RETURNED)
		return SV_HOST_TRAP;
	values[0].i32 = value.i32;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "asked in vain");
	return asker->end;
}

TEST(a_host_function_is_called_again)
{
	struct asker asker = {0};
	struct sv_linker *linker = linker_of_hosts();
	CHECK_OK(sv_linker_define_function(linker, "host", "wait", "i:i", host_ask, &asker,
			&error));
	struct guest guest = guest_open_linked(text, linker);
	for (int32_t i = 1; i < 500; i++) {
		union sv_value value = {.i32 = i};
		asker = (struct asker){.waits = 3};
		CHECK_OK(sv_store_set_quantum(guest.store, i % 2 ? 1 : 0, &error));
		enum sv_outcome outcome = guest_call(&guest, "sum", &value);
		while (outcome == SV_SUSPENDED || outcome == SV_PREEMPTED)
			outcome = outcome == SV_SUSPENDED ? sv_resume_call(guest.store, &error)
							  : sv_resume(guest.store, NULL, &error);
		CHECK_EQ(outcome, SV_RETURNED);
		CHECK_EQ(asker.given, i);
		CHECK_EQ(value.i32, i * (3 + 5 + 7 + 11 + 13 + 2) + 1000 * i);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_host_function_that_is_called_again_may_end_the_guest)
{
	struct asker asker = {.waits = 1, .end = SV_HOST_TRAP};
	struct sv_linker *linker = linker_of_hosts();
	CHECK_OK(sv_linker_define_function(linker, "host", "wait", "i:i", host_ask, &asker,
			&error));
	struct guest guest = guest_open_linked(text, linker);
	union sv_value value = {.i32 = 5};
	CHECK_ERROR(sv_resume_call(guest.store, &error) != SV_REFUSED, SV_ERROR_USAGE,
			"is not suspended");
	CHECK_EQ(guest_call(&guest, "sum", &value), SV_SUSPENDED);
	CHECK_EQ(sv_resume_call(guest.store, &error), SV_TRAPPED);
	CHECK(strstr(sv_store_trap(guest.store)->text, "asked in vain") != NULL);
	CHECK_EQ(guest_number(&guest, "id", 3), 3);
	/* Its turn is over in compiled code: there is no host function to call. */
	CHECK_OK(sv_store_set_quantum(guest.store, millisecond / 10, &error));
	value.i32 = 1 << 30;
	CHECK_EQ(guest_call(&guest, "spin", &value), SV_PREEMPTED);
	CHECK_ERROR(sv_resume_call(guest.store, &error) != SV_REFUSED, SV_ERROR_USAGE,
			"waits in no host function");
	guest_close(&guest);
	sv_linker_free(linker);
}

RUNTIME_TEST_MAIN(NULL)
