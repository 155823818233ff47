/*
 * runtime_counts.c: code that counts for a profile counts exactly, whatever ends it and on however
 * many threads, and what was counted makes other code.
 */
#include <pthread.h>

#include "base/profile.h"
#include "runtime/counts.h"
#include "tests/unit/runtime_fixture.h"

static const char counted_text[] =
		"(module (memory 1) (type $t (func (param i32) (result i32)))\n"
		"(table 6 funcref) (elem (i32.const 0) $one $two $a $b $c $d)\n"
		"(func $one (type $t) (i32.const 1))\n"
		"(func $two (type $t) (i32.const 2))\n"
		"(func $main (export \"main\") (param $n i32) (result i32)\n"
		"  (local $i i32) (local $s i32)\n"
		"  (loop $l\n"
		"    (block $c (block $b (block $a\n"
		"      (br_table $a $b $c (i32.rem_u (local.get $i) (i32.const 4)))) (nop)) "
		"(nop))\n"
		"    (if (i32.and (local.get $i) (i32.const 1)) (then (nop)))\n"
		"    (local.set $s (i32.add (local.get $s)\n"
		"      (select (i32.const 7) (i32.const 1)\n"
		"        (i32.eq (local.get $i) (i32.const 5)))))\n"
		"    (local.set $s (i32.add (local.get $s) (call_indirect (type $t)\n"
		"      (local.get $i) (i32.eqz (i32.rem_u (local.get $i) (i32.const 10))))))\n"
		"    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))\n"
		"      (local.get $n))))\n"
		"  (local.get $s))\n"
		"(func (export \"trap\") (param i32) (result i32)\n"
		"  (drop (call $main (local.get 0))) (i32.load (i32.const 0x7ffffff0)))\n"
		"(func (export \"loop_trap\") (param i32) (result i32)\n"
		"  (loop $l (local.set 0 (i32.add (i32.load8_u (local.get 0))\n"
		"    (i32.add (local.get 0) (i32.const 1)))) (br $l)) (unreachable))\n"
		"(func (export \"never\") (type $t) (if (result i32) (local.get 0)\n"
		"  (then (i32.const 3)) (else (i32.const 4))))\n"
		"(func $a (type $t) (i32.const 5)) (func $b (type $t) (i32.const 6))\n"
		"(func $c (type $t) (i32.const 7)) (func $d (type $t) (i32.const 8)))\n";

enum { ONE, TWO, MAIN, TRAP, LOOP_TRAP, NEVER };

/* Of a call of main with 100: itself; the loop; labels; if, select and br_if not and taken. */
static const uint64_t main_counts[] = {1, 100, 25, 25, 50, 50, 50, 99, 1, 1, 99};

static struct sv_compile_options counted_options(enum sv_bounds bounds, unsigned level)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.profile_generate = true;
	options.bounds = bounds;
	options.level = level;
	return options;
}

static struct guest counted_open(enum sv_bounds bounds, unsigned level)
{
	struct guest guest = {
			fixture_load_with(counted_text, counted_options(bounds, level)),
			fixture_store(),
			NULL,
	};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

/* The profile as its file has it, which the caller finishes. */
static struct profile counted_profile(struct sv_artifact *artifact)
{
	struct buffer bytes = {0};
	struct profile profile;
	fixture_need(counts_write(artifact, &bytes, &error), "write");
	fixture_need(profile_read(&profile, buffer_view(&bytes), &error), "read");
	buffer_finish(&bytes);
	return profile;
}

static bool counts_are(const struct profile_function *function, const uint64_t *wanted,
		uint32_t count, uint64_t times)
{
	if (function->counter_count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (function->counters[i] != wanted[i] * times)
			return false;
	}
	return true;
}

static bool main_ran(const struct profile *profile, uint64_t times)
{
	const struct profile_function *functions = profile->functions;
	return counts_are(&functions[MAIN], main_counts, ARRAY_LENGTH(main_counts), times) &&
			functions[ONE].counters[0] == 90 * times &&
			functions[TWO].counters[0] == 10 * times &&
			functions[MAIN].targets[0].calls == 100 * times &&
			functions[MAIN].targets[0].index == 0 &&
			functions[NEVER].counters[0] == 0;
}

TEST(counts_are_exact_at_every_level)
{
	for (unsigned mode = 0; mode < 8; mode++) {
		struct guest guest = counted_open(
				mode & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD, mode / 2);
		CHECK_EQ(guest_number(&guest, "main", 100), 216);
		/* Those of instances that have not ended are not in it. */
		struct profile profile = counted_profile(guest.artifact);
		CHECK_EQ(profile.functions[MAIN].counters[0], 0);
		profile_finish(&profile);
		sv_store_free(guest.store);
		profile = counted_profile(guest.artifact);
		CHECK(main_ran(&profile, 1));
		CHECK_EQ(profile.functions[MAIN].targets[0].votes, 80);
		CHECK_EQ(profile.functions[MAIN].name.length, 4);
		profile_finish(&profile);
		sv_artifact_free(guest.artifact);
	}
}

TEST(what_was_counted_before_a_trap_is_kept)
{
	for (unsigned mode = 0; mode < 8; mode++) {
		struct guest guest = counted_open(
				mode & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD, mode / 2);
		CHECK_EQ(guest_number(&guest, "trap", 100), -1);
		/* Bytes are 0: one iteration for each of the last ten, and one that traps. */
		CHECK_EQ(guest_number(&guest, "loop_trap", 65526), -1);
		sv_store_free(guest.store);
		struct profile profile = counted_profile(guest.artifact);
		CHECK(main_ran(&profile, 1));
		CHECK_EQ(profile.functions[TRAP].counters[0], 1);
		CHECK_EQ(profile.functions[LOOP_TRAP].counters[0], 1);
		CHECK_EQ(profile.functions[LOOP_TRAP].counters[1], 11);
		profile_finish(&profile);
		sv_artifact_free(guest.artifact);
	}
}

/* ---- threads ---- */

enum { THREADS = 4, STORES = 20, CALLS = 50 };

static void *thread_run(void *data)
{
	struct sv_artifact *artifact = data;
	struct sv_error failed = SV_ERROR_INIT;
	fixture_need(sv_thread_enter(engine, &failed), "thread");
	for (unsigned i = 0; i < STORES; i++) {
		struct sv_store *store = fixture_store();
		struct sv_instance *instance =
				sv_instance_new(store, artifact, NULL, NULL, &failed);
		fixture_need(instance != NULL, "instance");
		for (unsigned k = 0; k < CALLS; k++) {
			union sv_value value = {.i32 = 100};
			sv_call(store, sv_instance_function(instance, k % 2 ? "main" : "trap"),
					NULL, &value, NULL);
		}
		sv_store_free(store);
	}
	sv_thread_leave(engine);
	return NULL;
}

TEST(threads_lose_no_counts)
{
	pthread_t threads[THREADS];
	struct sv_artifact *artifact = fixture_load_with(counted_text,
			counted_options(SV_BOUNDS_GUARD, 2));
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, thread_run, artifact) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	struct profile profile = counted_profile(artifact);
	CHECK(main_ran(&profile, THREADS * STORES * CALLS));
	CHECK_EQ(profile.functions[TRAP].counters[0], THREADS * STORES * CALLS / 2);
	profile_finish(&profile);
	sv_artifact_free(artifact);
}

/* ---- use ---- */

/* The product of compiling with a profile of one call, and how the profile fits. */
static struct buffer guided_compile(const char *text, enum sv_emit emit, struct sv_profile_fit *fit)
{
	struct guest guest = counted_open(SV_BOUNDS_GUARD, 2);
	struct sv_compile_options options;
	struct buffer profile = {0};
	fixture_need(guest_number(&guest, "main", 100) == 216, "main");
	sv_store_free(guest.store);
	fixture_need(counts_write(guest.artifact, &profile, &error), "write");
	sv_artifact_free(guest.artifact);
	sv_compile_options_init(&options);
	options.profile_use = buffer_view(&profile);
	options.profile_fit = fit;
	options.emit = emit;
	options.level = 2;
	struct buffer product = fixture_compile_with(text, options);
	buffer_finish(&profile);
	return product;
}

TEST(code_by_a_profile_gives_the_same)
{
	struct sv_profile_fit fit;
	struct guest guest = {fixture_load_bytes(guided_compile(counted_text, SV_EMIT_ARTIFACT,
					      &fit)),
			fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	CHECK(!counts_are_kept(guest.artifact));
	CHECK_EQ(fit.functions, 10);
	CHECK_EQ(fit.used, 10);
	CHECK_EQ(guest_number(&guest, "main", 100), 216);
	CHECK_EQ(guest_number(&guest, "main", 7), 21);
	CHECK_EQ(guest_number(&guest, "never", 0), 4);
	CHECK_EQ(guest_number(&guest, "trap", 1), -1);
	CHECK_EQ(guest_number(&guest, "loop_trap", 0), -1);
	guest_close(&guest);
}

TEST(the_same_profile_makes_the_same_artifact)
{
	struct buffer one = guided_compile(counted_text, SV_EMIT_ARTIFACT, NULL);
	struct buffer two = guided_compile(counted_text, SV_EMIT_ARTIFACT, NULL);
	struct buffer without = fixture_compile(counted_text, SV_BOUNDS_GUARD, 2);
	CHECK(one.length == two.length && memcmp(one.data, two.data, one.length) == 0);
	CHECK(one.length != without.length ||
			memcmp(one.data, without.data, one.length) != 0);
	buffer_finish(&one);
	buffer_finish(&two);
	buffer_finish(&without);
}

TEST(a_function_that_changed_goes_without)
{
	struct sv_profile_fit fit;
	char *text = strdup(counted_text);
	char *changed = strstr(text, "(i32.const 3)) (else");
	CHECK(changed != NULL);
	memcpy(changed, "(i32.const 9)", 13); /* of the same shape */
	struct buffer product = guided_compile(text, SV_EMIT_ARTIFACT, &fit);
	CHECK_EQ(fit.used, 10);
	buffer_finish(&product);
	char *name = strstr(text, "(if (i32.and");
	memcpy(name, "(if (i32.xor", 12);
	product = guided_compile(text, SV_EMIT_ARTIFACT, &fit);
	CHECK_EQ(fit.used, 9);
	CHECK_EQ(fit.changed, 1);
	CHECK_EQ(fit.unknown, 0);
	buffer_finish(&product);
	free(text);
}

RUNTIME_TEST_MAIN(NULL)
