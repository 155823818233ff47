/*
 * runtime_deadline.c: endless guests end, wherever the signal finds them, and a signal that
 * comes too late ends nothing else.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "runtime/deadline.h"
#include "runtime/thread.h"
#include "tests/unit/runtime_fixture.h"

static const uint64_t millisecond = 1000000;

static const char endless_text[] =
		"(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))\n"
		"(memory 1024) (type $ii (func (param i32) (result i32)))\n"
		"(func (export \"loop\") (type $ii) (loop (br 0)) (unreachable))\n"
		"(func (export \"calls\") (type $ii) (loop (drop (call $wait (i32.const 0))) (br "
                "0))\n"
		"  (unreachable))\n"
		"(func (export \"fills\") (type $ii)\n"
		"  (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000)) (br 0))\n"
		"  (unreachable))\n"
		"(func (export \"grows\") (type $ii) (loop (drop (memory.grow (i32.const 0))) (br "
                "0))\n"
		"  (unreachable))\n"
		"(func (export \"waits\") (type $ii) (call $wait (local.get 0)))\n"
		"(func (export \"id\") (type $ii) (local.get 0)))";

/* Sleep so many milliseconds, or until a signal comes. */
static enum sv_host_result host_wait(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	if (values[0].i32)
		usleep((useconds_t)values[0].i32 * 1000);
	return SV_HOST_OK;
}

static struct sv_linker *linker_with_wait(void)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker &&
					sv_linker_define_function(linker, "host", "wait", "i:i",
							host_wait, NULL, &error),
			"linker");
	return linker;
}

static enum sv_outcome call_within(struct guest *guest, const char *name, uint64_t time)
{
	union sv_value value = {.i32 = 10000};
	sv_store_set_deadline(guest->store, fixture_now() + time);
	enum sv_outcome outcome = guest_call(guest, name, &value);
	sv_store_set_deadline(guest->store, 0);
	return outcome;
}

/*
 * The function that runs, or nothing: a deadline that passed before the call may be met in the
 * entry stub, which is code of the artifact but no function's.
 */
static void check_frames(const struct guest *guest, uint32_t *named)
{
	const struct sv_trap_info *trap = sv_store_trap(guest->store);
	CHECK_EQ(trap->kind, SV_TRAP_DEADLINE);
	CHECK_MSG(trap->frame_count <= 1, "%u frames", trap->frame_count);
	*named += trap->frame_count;
}

TEST(a_thousand_endless_loops_end)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	uint64_t worst = 0;
	uint32_t named = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t time = (uint64_t)(i % 20) * 100000, begin = fixture_now();
		CHECK_EQ(call_within(&guest, "loop", time), SV_TIMED_OUT);
		uint64_t late = fixture_now() - begin - time;
		check_frames(&guest, &named);
		worst = late > worst ? late : worst;
	}
	CHECK(named > 0);
	printf("  latest end: %.3f ms after the deadline; %u in the loop\n", (double)worst / 1e6,
			named);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(loops_that_are_mostly_in_the_host_end)
{
	static const char *const names[] = {"calls", "fills", "grows"};
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	uint32_t named = 0;
	for (int i = 0; i < 300; i++) {
		CHECK_EQ(call_within(&guest, names[i % 3], (uint64_t)(i % 7 + 1) * 200000),
				SV_TIMED_OUT);
		check_frames(&guest, &named);
	}
	CHECK(named > 0);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_host_function_that_sleeps_is_woken)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	uint64_t begin = fixture_now();
	CHECK_EQ(call_within(&guest, "waits", 20 * millisecond), SV_TIMED_OUT);
	CHECK(fixture_now() - begin < 2000 * millisecond);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(a_deadline_that_passes_after_the_call_ends_nothing)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	/* Often enough to come while a call is just beginning or ending, too. */
	for (int i = 0; i < 60000; i++) {
		union sv_value value = {.i32 = i};
		sv_store_set_deadline(guest.store, fixture_now() + (uint64_t)(i % 80) * 10);
		enum sv_outcome outcome = guest_call(&guest, "id", &value);
		CHECK(outcome == SV_RETURNED || outcome == SV_TIMED_OUT);
		sv_store_set_deadline(guest.store, 0);
		CHECK_EQ(guest_number(&guest, "id", i), i);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

/* A timer that fired too early, for an earlier call, must not make this one late. */
TEST(a_deadline_that_is_near_is_what_the_timer_is_set_to)
{
	struct guest guest = guest_open("(module)");
	uint64_t deadline, armed;
	do {
		deadline = fixture_now() + 50000;
		thread_current->armed = 0;
		thread_current->deadline = deadline;
		deadline_arm_later(thread_current);
		armed = thread_current->armed;
	} while (fixture_now() >= deadline); /* this thread was away meanwhile */
	thread_current->deadline = 0;
	CHECK_EQ(armed, deadline);
	guest_close(&guest);
}

struct interrupter {
	struct sv_store *store;
	uint64_t after;
	bool again; /* go on until `ended` */
	_Atomic bool ended;
};

static void *interrupt_later(void *data)
{
	struct interrupter *interrupter = data;
	do {
		usleep((useconds_t)(interrupter->after / 1000));
		sv_store_interrupt(interrupter->store);
	} while (interrupter->again && !interrupter->ended);
	return NULL;
}

TEST(another_thread_interrupts)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	for (int i = 0; i < 200; i++) {
		struct interrupter interrupter = {.store = guest.store, .after = 100000};
		pthread_t thread;
		interrupter.again = true;
		CHECK(pthread_create(&thread, NULL, interrupt_later, &interrupter) == 0);
		CHECK_EQ(guest_number(&guest, i % 2 ? "loop" : "calls", 0), -1);
		CHECK_EQ(sv_store_trap(guest.store)->kind, SV_TRAP_INTERRUPT);
		interrupter.ended = true;
		pthread_join(thread, NULL);
		CHECK_EQ(guest_number(&guest, "id", i), i);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(an_interrupt_of_an_idle_store_does_nothing)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	for (int i = 0; i < 1000; i++) {
		sv_store_interrupt(guest.store);
		CHECK_EQ(guest_number(&guest, "id", i), i);
	}
	guest_close(&guest);
	sv_linker_free(linker);
}

/* Interrupts rain on calls of many lengths: each ends in one of two ways, and never hangs. */
TEST(interrupts_at_any_instruction_of_the_stubs_are_safe)
{
	struct sv_linker *linker = linker_with_wait();
	struct guest guest = guest_open_linked(endless_text, linker);
	struct interrupter interrupter = {.store = guest.store, .after = 1000, .again = true};
	pthread_t thread;
	uint64_t end = fixture_now() + 1000 * millisecond;
	unsigned returned = 0, interrupted = 0;
	CHECK(pthread_create(&thread, NULL, interrupt_later, &interrupter) == 0);
	while (fixture_now() < end) {
		union sv_value value = {.i32 = 0};
		enum sv_outcome outcome = guest_call(&guest, "waits", &value);
		CHECK(outcome == SV_RETURNED || outcome == SV_TRAPPED);
		returned += outcome == SV_RETURNED;
		interrupted += outcome == SV_TRAPPED;
	}
	interrupter.ended = true;
	pthread_join(thread, NULL);
	printf("  %u returned, %u interrupted\n", returned, interrupted);
	CHECK(returned > 0);
	guest_close(&guest);
	sv_linker_free(linker);
}

static void *run_loops(void *data)
{
	struct guest guest = *(struct guest *)data;
	intptr_t wrong = 0;
	struct sv_error local = SV_ERROR_INIT;
	if (!sv_thread_enter(engine, &local))
		return (void *)1;
	guest.store = sv_store_new(engine, NULL, &local);
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &local);
	for (int i = 0; i < 100; i++)
		wrong += call_within(&guest, "loop", (uint64_t)(i % 5) * 300000) != SV_TIMED_OUT;
	sv_store_free(guest.store);
	sv_thread_leave(engine);
	return (void *)wrong;
}

TEST(deadlines_of_several_threads_do_not_disturb_each_other)
{
	pthread_t threads[4];
	struct guest guest = {fixture_load("(module (func (export \"loop\") (loop (br 0))))"), NULL,
			NULL};
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, run_loops, &guest) == 0);
	for (size_t i = 0; i < 4; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		CHECK(!wrong);
	}
	sv_artifact_free(guest.artifact);
}

RUNTIME_TEST_MAIN(NULL)
