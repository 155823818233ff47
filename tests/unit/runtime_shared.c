/*
 * runtime_shared.c: shared memories under real threads: atomic operators, growth, waiting and
 * what ends it, who owns and who pays.
 */
#include <pthread.h>

#include "tests/unit/runtime_fixture.h"

enum { THREADS = 4, ROUNDS = 50000 };

static const uint64_t millisecond = 1000000;

#define BODY \
	"(type $ii (func (param i32) (result i32)))\n" \
	"(func (export \"add\") (type $ii) (loop\n" \
	"  (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))\n" \
	"  (drop (i32.atomic.rmw16.add_u (i32.const 74) (i32.const 3)))\n" \
	"  (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n" \
	"  (i32.atomic.load (i32.const 64)))\n" \
	"(func (export \"locked\") (type $ii) (loop $next\n" \
	"  (loop $try (br_if $try (i32.atomic.rmw.cmpxchg (i32.const 128) (i32.const 0)" \
	"    (i32.const 1))))\n" \
	"  (i64.store (i32.const 136) (i64.add (i64.load (i32.const 136)) (i64.const 1)))\n" \
	"  (i32.atomic.store (i32.const 128) (i32.const 0))\n" \
	"  (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n" \
	"  (i32.load (i32.const 136)))\n" \
	"(func (export \"load\") (type $ii) (i32.atomic.load (local.get 0)))\n" \
	"(func (export \"store\") (type $ii) (i32.atomic.store (i32.const 0) (local.get 0))\n" \
	"  (i32.const 0))\n" \
	"(func (export \"size\") (type $ii) (memory.size))\n" \
	"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n" \
	"(func (export \"wait\") (type $ii)\n" \
	"  (memory.atomic.wait32 (i32.const 0) (local.get 0) (i64.const -1)))\n" \
	"(func (export \"wait a little\") (type $ii)\n" \
	"  (memory.atomic.wait64 (i32.const 0) (i64.extend_i32_u (local.get 0))" \
	"    (i64.const 20000000)))\n" \
	"(func (export \"notify\") (type $ii)\n" \
	"  (memory.atomic.notify (i32.const 0) (local.get 0)))\n" \
	"(func (export \"fence\") (type $ii) (atomic.fence) (local.get 0)))"

static const char importing[] = "(module (import \"env\" \"memory\" (memory 1 40 shared))" BODY;
static const char owning[] = "(module (memory (export \"memory\") 1 40 shared)"
			     "(data (i32.const 0) \"\\05\")" BODY;
static const char unshared[] = "(module (memory (export \"memory\") 1 40)" BODY;

/* A linker that has `memory`, which it takes over, as env.memory. */
static struct sv_linker *linker_with(struct sv_shared_memory *memory)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(memory && linker && sv_linker_define_shared_memory(linker, "env", "memory",
							 memory, &error),
			"linker");
	sv_shared_memory_free(memory);
	return linker;
}

static struct sv_shared_memory *memory_new(void)
{
	return sv_shared_memory_new(
			engine, (struct sv_size_limits){.minimum = 1, .maximum = 40}, &error);
}

/* One call on a thread of its own, in a store of its own. */
struct worker {
	pthread_t thread;
	struct sv_artifact *artifact;
	struct sv_linker *linker;
	const char *name;
	int32_t argument;
	uint64_t deadline;
	struct sv_store *_Atomic store; /* while the call may run */
	_Atomic bool has_ended;         /* the call */
	_Atomic bool is_looked_at;      /* by another thread, so that the store stays */
	enum sv_outcome outcome;
	uint32_t result;
};

static void *worker_run(void *data)
{
	struct worker *worker = data;
	struct sv_error own = SV_ERROR_INIT;
	union sv_value value = {.i32 = worker->argument};
	worker->outcome = SV_REFUSED;
	if (!sv_thread_enter(engine, &own))
		return NULL;
	struct sv_store *store = sv_store_new(engine, NULL, &own);
	struct sv_instance *instance =
			sv_instance_new(store, worker->artifact, worker->linker, NULL, &own);
	if (instance) {
		sv_store_set_deadline(store, worker->deadline);
		worker->store = store;
		worker->outcome = sv_call(store, sv_instance_function(instance, worker->name),
				"i:i", &value, &own);
	}
	worker->result = (uint32_t)value.i32;
	worker->has_ended = true;
	while (worker->is_looked_at)
		usleep(100);
	worker->store = NULL;
	sv_store_free(store);
	sv_thread_leave(engine);
	return NULL;
}

static struct worker worker_start(struct sv_artifact *artifact, struct sv_linker *linker,
		const char *name, int32_t argument)
{
	return (struct worker){.artifact = artifact, .linker = linker, .name = name,
			.argument = argument};
}

static void workers_run(struct worker *workers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fixture_need(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) == 0,
				"thread");
}

static void workers_join(struct worker *workers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
}

/* What `name` yields when it runs on all threads at once; then what is at an address. */
static uint32_t crowd(const char *text, enum sv_bounds bounds, unsigned level, const char *name,
		uint32_t address)
{
	struct sv_artifact *artifact = fixture_load_as(text, bounds, level);
	struct sv_shared_memory *memory = memory_new();
	uint8_t *data = sv_shared_memory_data(memory);
	struct sv_linker *linker = linker_with(memory);
	struct worker workers[THREADS];
	for (unsigned i = 0; i < THREADS; i++)
		workers[i] = worker_start(artifact, linker, name, ROUNDS);
	workers_run(workers, THREADS);
	workers_join(workers, THREADS);
	uint32_t value = 0;
	for (unsigned i = 0; i < THREADS; i++)
		value += workers[i].outcome != SV_RETURNED;
	fixture_need(value == 0, "a thread did not return");
	memcpy(&value, data + address, sizeof value);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
	return value;
}

TEST(no_update_of_any_thread_is_lost)
{
	for (unsigned mode = 0; mode < 4; mode++) {
		enum sv_bounds bounds = mode & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD;
		unsigned level = mode & 2;
		CHECK_EQ(crowd(importing, bounds, level, "add", 64), THREADS * ROUNDS);
		CHECK_EQ(crowd(importing, bounds, level, "add", 74) & 0xffff,
				(3 * THREADS * ROUNDS) & 0xffff);
		CHECK_EQ(crowd(importing, bounds, level, "locked", 136), THREADS * ROUNDS);
	}
}

TEST(growth_of_all_threads_adds_up_and_ends_at_the_maximum)
{
	struct sv_artifact *artifact = fixture_load(importing);
	struct sv_linker *linker = linker_with(memory_new());
	enum { GROWERS = 16 }; /* by 3 pages each: 13 of them fit between 1 and 40 */
	struct worker workers[GROWERS];
	for (unsigned i = 0; i < GROWERS; i++)
		workers[i] = worker_start(artifact, linker, "grow", 3);
	workers_run(workers, GROWERS);
	workers_join(workers, GROWERS);
	unsigned refused = 0;
	uint64_t seen = 0;
	for (unsigned i = 0; i < GROWERS; i++) {
		CHECK_EQ(workers[i].outcome, SV_RETURNED);
		if (workers[i].result == UINT32_MAX) {
			refused++;
			continue;
		}
		CHECK(workers[i].result % 3 == 1 && workers[i].result <= 37);
		CHECK(!(seen >> workers[i].result & 1));
		seen |= UINT64_C(1) << workers[i].result;
	}
	CHECK_EQ(refused, GROWERS - 13);
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, linker, NULL, &error);
	CHECK_EQ(guest_number(&guest, "size", 0), 40);
	CHECK_EQ(guest_number(&guest, "load", 40 * 65536 - 4), 0);
	CHECK_EQ(guest_number(&guest, "load", 40 * 65536), -1);
	sv_store_free(guest.store);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
}

TEST(waiting_ends_when_notified_and_not_before)
{
	struct sv_artifact *artifact = fixture_load(importing);
	struct sv_linker *linker = linker_with(memory_new());
	struct worker workers[THREADS];
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, linker, NULL, &error);
	for (unsigned i = 0; i < THREADS; i++)
		workers[i] = worker_start(artifact, linker, "wait", 0);
	CHECK_EQ(guest_number(&guest, "notify", -1), 0);
	workers_run(workers, THREADS);
	/* One at a time, as they come. */
	unsigned woken = 0;
	uint64_t end = fixture_now() + 20000 * millisecond;
	while (woken < THREADS && fixture_now() < end) {
		int64_t now = guest_number(&guest, "notify", 1);
		CHECK(now == 0 || now == 1);
		woken += (unsigned)now;
		usleep(100);
	}
	CHECK_EQ(woken, THREADS);
	workers_join(workers, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		CHECK_EQ(workers[i].outcome, SV_RETURNED);
		CHECK_EQ(workers[i].result, 0);
	}
	CHECK_EQ(guest_number(&guest, "wait", 7), 1);
	CHECK_EQ(guest_number(&guest, "wait a little", 7), 1);
	uint64_t before = fixture_now();
	CHECK_EQ(guest_number(&guest, "wait a little", 0), 2);
	CHECK(fixture_now() - before >= 20 * millisecond);
	CHECK_EQ(guest_number(&guest, "fence", 9), 9);
	sv_store_free(guest.store);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
}

TEST(a_deadline_or_an_interrupt_ends_a_guest_that_waits)
{
	struct sv_artifact *artifact = fixture_load(importing);
	struct sv_linker *linker = linker_with(memory_new());
	struct worker workers[2] = {worker_start(artifact, linker, "wait", 0),
			worker_start(artifact, linker, "wait", 0)};
	uint64_t before = fixture_now();
	workers[0].deadline = before + 30 * millisecond;
	workers[1].is_looked_at = true;
	workers_run(workers, 2);
	pthread_join(workers[0].thread, NULL);
	CHECK(fixture_now() - before >= 30 * millisecond);
	CHECK(fixture_now() - before < 5000 * millisecond);
	CHECK_EQ(workers[0].outcome, SV_TIMED_OUT);
	/* Those that come before the call are of none. */
	for (; !workers[1].has_ended; usleep(10000)) {
		if (workers[1].store)
			sv_store_interrupt(workers[1].store);
	}
	workers[1].is_looked_at = false;
	pthread_join(workers[1].thread, NULL);
	CHECK_EQ(workers[1].outcome, SV_TRAPPED);
	/* Neither is in the list any more. */
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, linker, NULL, &error);
	CHECK_EQ(guest_number(&guest, "notify", -1), 0);
	sv_store_free(guest.store);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
}

static const char *trap_of(struct guest *guest, const char *name, int32_t argument)
{
	if (guest_number(guest, name, argument) != -1)
		return "no trap";
	return sv_trap_text(sv_store_trap(guest->store)->kind);
}

TEST(memory_that_is_not_shared_has_atomics_but_nobody_to_wait_for)
{
	struct guest guest = guest_open(unshared);
	CHECK_EQ(guest_number(&guest, "add", 1000), 1000);
	CHECK_EQ(guest_number(&guest, "notify", 1), 0);
	CHECK(strcmp(trap_of(&guest, "wait", 0), "expected shared memory") == 0);
	CHECK(strcmp(trap_of(&guest, "load", 2), "unaligned atomic") == 0);
	CHECK(strcmp(trap_of(&guest, "load", 65536), "out of bounds memory access") == 0);
	CHECK(!sv_memory_shared(sv_instance_memory(guest.instance, 0)));
	guest_close(&guest);
}

TEST(a_modules_own_shared_memory_can_be_given_to_other_stores_and_outlives_its_own)
{
	struct guest owner = guest_open(owning);
	struct sv_shared_memory *memory =
			sv_memory_shared(sv_instance_memory(owner.instance, 0));
	CHECK(memory != NULL);
	struct sv_linker *linker = linker_with(memory);
	struct guest other = guest_open_linked(importing, linker);
	CHECK_EQ(guest_number(&other, "load", 0), 5);
	CHECK_EQ(guest_number(&other, "store", 77), 0);
	CHECK_EQ(guest_number(&owner, "load", 0), 77);
	CHECK_EQ(guest_number(&other, "grow", 1), 1);
	CHECK_EQ(guest_number(&owner, "size", 0), 2);
	guest_close(&owner);
	CHECK_EQ(guest_number(&other, "grow", 1), 2);
	CHECK_EQ(guest_number(&other, "load", 0), 77);
	CHECK_EQ(guest_number(&other, "load", 3 * 65536 - 4), 0);
	guest_close(&other);
	sv_linker_free(linker);
}

TEST(its_own_store_pays_for_a_shared_memory_whoever_lets_it_grow)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	limits.max_memory = 3 * 65536;
	struct guest owner = {fixture_load(owning), sv_store_new(engine, &limits, &error), NULL};
	owner.instance = sv_instance_new(owner.store, owner.artifact, NULL, NULL, &error);
	struct sv_linker *linker =
			linker_with(sv_memory_shared(sv_instance_memory(owner.instance, 0)));
	struct guest other = guest_open_linked(importing, linker);
	CHECK_EQ(guest_number(&other, "grow", 1), 1);
	CHECK_EQ(guest_number(&owner, "grow", 1), 2);
	CHECK(!sv_store_hit_memory_limit(other.store));
	CHECK_EQ(guest_number(&other, "grow", 1), UINT32_MAX);
	CHECK(sv_store_hit_memory_limit(other.store));
	CHECK(sv_store_hit_memory_limit(owner.store));
	guest_close(&other);
	guest_close(&owner);
	sv_linker_free(linker);
}

TEST(sharing_is_part_of_the_type_of_an_import)
{
	struct sv_linker *linker = linker_with(memory_new());
	struct sv_artifact *plain = fixture_load("(module (import \"env\" \"memory\" (memory 1)))");
	struct sv_artifact *shared = fixture_load(importing);
	CHECK_ERROR(sv_linker_check(linker, plain, &error), SV_ERROR_LINK, "incompatible");
	CHECK_OK(sv_linker_check(linker, shared, &error));
	struct sv_store *store = fixture_store();
	struct sv_size_limits limits = {.minimum = 1, .maximum = 40};
	struct sv_extern memory = {.kind = SV_EXTERN_MEMORY,
			.memory = sv_memory_new(store, limits, &error)};
	CHECK_OK(sv_linker_define(linker, "env", "memory", memory, &error));
	CHECK_OK(sv_linker_check(linker, plain, &error));
	CHECK_ERROR(sv_linker_check(linker, shared, &error), SV_ERROR_LINK, "incompatible");
	limits.maximum = UINT64_MAX;
	CHECK_ERROR(sv_shared_memory_new(engine, limits, &error), SV_ERROR_USAGE, "maximum");
	sv_store_free(store);
	sv_artifact_free(plain);
	sv_artifact_free(shared);
	sv_linker_free(linker);
}

/* A pooled store is leased again only if nobody else can see or change its memory. */
TEST(a_pool_puts_back_shared_memories_but_not_those_that_others_hold)
{
	struct sv_artifact *artifact = fixture_load(owning);
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 1, &error);
	CHECK(pool != NULL);
	struct sv_shared_memory *held = NULL;
	for (unsigned round = 0; round < 3; round++) {
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK(store != NULL);
		CHECK_EQ(sv_pool_start(store, &error), SV_RETURNED);
		struct guest guest = {artifact, store, sv_store_instance(store)};
		CHECK_EQ(guest_number(&guest, "load", 0), 5);
		CHECK_EQ(guest_number(&guest, "size", 0), 1);
		CHECK_EQ(guest_number(&guest, "store", 99), 0);
		CHECK_EQ(guest_number(&guest, "grow", 2), 1);
		if (round == 1)
			held = sv_memory_shared(sv_instance_memory(guest.instance, 0));
		sv_pool_return(pool, store);
	}
	CHECK_EQ(sv_shared_memory_data(held)[0], 99);
	CHECK_EQ(sv_shared_memory_size(held), 3 * 65536);
	sv_shared_memory_free(held);
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

RUNTIME_TEST_MAIN(NULL)
