/*
 * lease.c: one lease: what the last guest left is looked for from outside and by the guest, then
 * canaries are put everywhere and the guest is ended while they are in its registers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/heap.h"
#include "runtime/store.h"
#include "tests/isolation/isolation.h"

/* What goes on in one lease. */
struct lease {
	struct worker *worker;
	const struct tenant *tenant;
	unsigned pool;
	struct sv_store *store;
	struct sv_instance *instance;
	uint64_t canary;
};

/* Memories of more bytes are compared as a whole now and then, otherwise at random pages. */
static const uint64_t whole_most = 512 * 1024;

static bool lease_fail(const struct lease *lease, const char *what, uint64_t number)
{
	printf("tenant %td, pool %u, lease %" PRIu64 " of its thread: %s (%" PRIu64 ")\n",
			lease->tenant - lease->worker->tenants, lease->pool,
			lease->worker->tally.leases, what, number);
	return false;
}

static bool chance(const struct lease *lease, uint32_t of)
{
	return random_below(&lease->worker->random, of) == 0;
}

static enum sv_outcome call(const struct lease *lease, const char *name, union sv_value *values)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_funcref *function = sv_instance_function(lease->instance, name);
	return sv_call(lease->store, function, NULL, values, &error);
}

/* ---- looking ---- */

static bool is_zero(const uint8_t *bytes, size_t length)
{
	return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

static bool look_at_memory(const struct lease *lease, uint32_t k)
{
	struct random *random = &lease->worker->random;
	const struct picture *picture = &lease->tenant->picture;
	const struct sv_memory *memory = sv_instance_memory(lease->instance, k);
	const uint8_t *bytes = sv_memory_view(memory);
	uint64_t size = sv_memory_size(memory);
	if (size != picture->size[k])
		return lease_fail(lease, "the size of a memory differs", size);
	if (size <= whole_most || chance(lease, 8))
		return memcmp(bytes, picture->bytes[k], size) == 0 ||
				lease_fail(lease, "a memory differs", k);
	for (int i = 0; i < 32; i++) {
		uint64_t at = random_below(random, (uint32_t)(size >> 12)) << 12;
		if (memcmp(bytes + at, picture->bytes[k] + at, 4096) != 0)
			return lease_fail(lease, "a page differs", at);
	}
	return true;
}

static bool look_at_globals(const struct lease *lease)
{
	static const size_t sizes[] = {8, 8, 4, 16};
	for (uint32_t i = 0; i < lease->tenant->shape.globals; i++) {
		const char name[] = {'g', (char)('0' + i), '\0'};
		struct sv_extern global;
		if (!sv_instance_export(lease->instance, name, 2, &global))
			return lease_fail(lease, "no global", i);
		union sv_value value = sv_global_get(global.global);
		if (memcmp(&value, &lease->tenant->picture.globals[i], sizes[i % 4]) != 0)
			return lease_fail(lease, "a global differs", i);
	}
	return true;
}

/* What the guest kept objects in is empty. */
static bool look_at_roots(const struct lease *lease)
{
	static const char *const roots[] = {"list", "big"};
	for (int i = 0; lease->tenant->shape.has_objects && i < 2; i++) {
		struct sv_extern global;
		if (!sv_instance_export(lease->instance, roots[i], strlen(roots[i]), &global))
			return lease_fail(lease, "no root", (uint64_t)i);
		if (sv_global_get(global.global).ref)
			return lease_fail(lease, "an object is still held", (uint64_t)i);
	}
	return true;
}

static bool look_at_table(const struct lease *lease)
{
	struct sv_table_object *table = sv_instance_table(lease->instance, 0);
	uint32_t size = lease->tenant->shape.table_size;
	if (!sv_table_function(table, 0))
		return lease_fail(lease, "the table's first entry is empty", 0);
	/* Behind the end there is nothing either. */
	for (uint32_t i = 1; i < size + 20; i++) {
		if (sv_table_function(table, i))
			return lease_fail(lease, "an entry of the table is not empty", i);
	}
	return true;
}

/*
 * Registers that calls need not keep are full of canaries when the guest begins, and so is its
 * stack: nothing that it does may depend on them.
 */
static void plant(const struct lease *lease)
{
	struct stack *stack = &lease->store->stack;
	uint64_t *words = (uint64_t *)(void *)stack->open;
	size_t count = (size_t)(stack->top - stack->open) / sizeof *words;
	for (size_t i = 0; i < count; i++)
		words[i] = lease->canary;
#define PLANT(n) \
	"pinsrq $1, %0, %%xmm" #n "\n\tmovq %0, %%xmm" #n "\n\tpunpcklqdq %%xmm" #n ", %%xmm" #n \
	"\n\t"
	__asm__ volatile(PLANT(0) PLANT(1) PLANT(2) PLANT(3) PLANT(4) PLANT(5) PLANT(6) PLANT(7)
					PLANT(8) PLANT(9) PLANT(10) PLANT(11) PLANT(12) PLANT(13)
							PLANT(14) PLANT(15)
			:
			: "r"(lease->canary)
			: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#undef PLANT
}

static bool look_at_objects(const struct lease *lease)
{
	union sv_value value = {.i64 = 0};
	lease->worker->tally.object_scans++;
	return (call(lease, "objects", &value) == SV_RETURNED &&
			       value.i64 == lease->tenant->picture.objects) ||
			lease_fail(lease, "the guest sees other objects", (uint64_t)value.i64);
}

static bool look_as_guest(const struct lease *lease)
{
	union sv_value value = {.i64 = 0};
	lease->worker->tally.full_scans++;
	if (call(lease, "hash", &value) != SV_RETURNED || value.i64 != lease->tenant->picture.hash)
		return lease_fail(lease, "the guest sees another state", (uint64_t)value.i64);
	value.i64 = 0;
	if (call(lease, "probe", &value) != SV_RETURNED ||
			value.i64 != lease->tenant->picture.probe)
		return lease_fail(lease, "what is grown or initialised differs",
				(uint64_t)value.i64);
	return true;
}

/*
 * A store's stack keeps what guests left on it, which no guest reads; those of the same pool had
 * it before. A store that is new must have none of anybody.
 */
static bool look_at_stack(const struct lease *lease)
{
	static int mark;
	const struct stack *stack = &lease->store->stack;
	if (sv_store_data(lease->store)) {
		/* Below the registers that an entry saves. */
		lease->worker->tally.stale_stacks += !is_zero(stack->top - 512, 256);
		return true;
	}
	sv_store_set_data(lease->store, &mark);
	lease->worker->tally.fresh_stores++;
	return is_zero(stack->open, (size_t)(stack->top - stack->open)) ||
			lease_fail(lease, "the stack of a new store is not empty", 0);
}

/* What makes the first objects and runs the start function is the guest's code already. */
static bool look_before_start(const struct lease *lease)
{
	return look_at_stack(lease) &&
			(!chance(lease, 16) || heap_is_fresh(lease->store) ||
					lease_fail(lease, "the heap is not empty", 0));
}

static bool look(const struct lease *lease)
{
	bool is_good = look_at_globals(lease) && look_at_roots(lease) && look_at_table(lease);
	for (uint32_t k = 0; is_good && k < lease->tenant->shape.memories; k++)
		is_good = look_at_memory(lease, k);
	if (is_good && chance(lease, 8))
		plant(lease);
	if (is_good && lease->tenant->shape.has_objects && chance(lease, 4))
		is_good = look_at_objects(lease);
	bool is_large = lease->tenant->picture.size[0] > whole_most;
	return is_good && (!chance(lease, is_large ? 64 : 8) || look_as_guest(lease));
}

/* ---- writing ---- */

static bool write_canaries(const struct lease *lease)
{
	static const char *const writers[] = {
			"some", "pages", "bulk", "grow", "globals", "tables", "host"};
	bool is_large = lease->tenant->picture.size[0] > whole_most;
	for (int i = (int)random_below(&lease->worker->random, 4); i >= 0; i--) {
		union sv_value value = {.i64 = (int64_t)lease->canary};
		size_t which = random_below(&lease->worker->random, 7);
		if (which == 1 && is_large && !chance(lease, 8))
			which = 0;
		/* The second memory.init from a segment that was dropped traps. */
		enum sv_outcome outcome = call(lease, writers[which], &value);
		if (outcome != SV_RETURNED && (which != 2 || outcome != SV_TRAPPED))
			return lease_fail(lease, writers[which], outcome);
	}
	return true;
}

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Objects that hold the canary: a few, as many as there is memory for, or others all the time. */
static bool write_objects(const struct lease *lease)
{
	static const struct {
		const char *name;
		enum sv_outcome outcome;
	} writers[] = {{"make", SV_RETURNED}, {"hoard", SV_TRAPPED}, {"waste", SV_TIMED_OUT}};
	size_t which = chance(lease, 256) ? 1 : chance(lease, 8) ? 2 : 0;
	union sv_value value = {.i64 = (int64_t)lease->canary};
	if (which == 2)
		sv_store_set_deadline(lease->store, now() + 300000);
	enum sv_outcome outcome = call(lease, writers[which].name, &value);
	sv_store_set_deadline(lease->store, 0);
	return outcome == writers[which].outcome || lease_fail(lease, writers[which].name, outcome);
}

/* ---- ending ---- */

static void victim_set(struct worker *worker, struct sv_store *store)
{
	pthread_mutex_lock(&worker->lock);
	worker->victim = store;
	pthread_mutex_unlock(&worker->lock);
}

/* Ways to end an endless loop; one whose turn is over may be left there or go on. */
static bool end_loop(const struct lease *lease, union sv_value *values)
{
	struct worker *worker = lease->worker;
	struct sv_error error = SV_ERROR_INIT;
	uint32_t way = random_below(&worker->random, 4);
	uint64_t soon = 20000 + random_below(&worker->random, 60000);
	enum sv_outcome wanted = SV_TIMED_OUT;
	if (way == 0)
		sv_store_set_deadline(lease->store, now() + soon);
	if (way == 1)
		sv_store_set_cpu_limit(lease->store, soon);
	if (way == 2) {
		wanted = SV_PREEMPTED;
		if (!sv_store_set_quantum(lease->store, soon, &error))
			return lease_fail(lease, error.text, 0);
	}
	if (way == 3) {
		wanted = SV_TRAPPED;
		victim_set(worker, lease->store);
	}
	enum sv_outcome outcome = call(lease, "deep", values);
	victim_set(worker, NULL);
	worker->tally.outcomes[outcome]++;
	while (outcome == SV_PREEMPTED && chance(lease, 2))
		outcome = sv_resume(lease->store, NULL, &error);
	return outcome == wanted || lease_fail(lease, "a loop ends otherwise", outcome);
}

static bool end_waiting(const struct lease *lease, const union sv_value *values, uint64_t expected)
{
	struct sv_error error = SV_ERROR_INIT;
	/* The host's result is what it was given. */
	const union sv_value result = values[3];
	if (chance(lease, 2))
		return true;
	return (sv_resume(lease->store, &result, &error) == SV_RETURNED &&
			       (uint64_t)values[0].i64 == expected) ||
			lease_fail(lease, "a guest that waited has lost something", expected);
}

static enum sv_outcome ending_outcome(enum ending ending)
{
	switch (ending) {
	case END_RETURN:
		return SV_RETURNED;
	case END_WAIT:
		return SV_SUSPENDED;
	case END_EXIT:
		return SV_EXITED;
	default:
		return SV_TRAPPED;
	}
}

/* Frames that certainly fit. */
enum { DEPTH_SAFE = 40, DEPTH_MOST = 900 };

static bool end(const struct lease *lease)
{
	struct worker *worker = lease->worker;
	struct random *random = &worker->random;
	enum ending ending = (enum ending)random_below(random, ENDINGS);
	/* Each takes the time of thirty other leases. */
	if (ending == END_LOOP && !chance(lease, 3))
		ending = END_RETURN;
	uint32_t depth = random_below(random, chance(lease, 32) ? DEPTH_MOST : DEPTH_SAFE);
	union sv_value values[4] = {{.i64 = (int64_t)lease->canary}, {.i64 = depth},
			{.i64 = ending}, {.i64 = (int64_t)lease->canary}};
	uint64_t expected = module_deep(&lease->tenant->shape, depth, lease->canary);
	worker->tally.endings[ending]++;
	if (ending == END_LOOP && depth < DEPTH_SAFE)
		return end_loop(lease, values);
	if (ending == END_LOOP)
		sv_store_set_deadline(lease->store, now() + 50000);
	/* What waits gives back what it was given, which the host notes. */
	sv_store_set_data(lease->store, &values[3]);
	enum sv_outcome outcome = call(lease, "deep", values);
	worker->tally.outcomes[outcome]++;
	const struct sv_trap_info *trap = sv_store_trap(lease->store);
	if (depth >= DEPTH_SAFE && trap && trap->kind == SV_TRAP_STACK)
		return true;
	if (ending == END_LOOP)
		return outcome == SV_TIMED_OUT || lease_fail(lease, "a loop goes on", outcome);
	if (outcome != ending_outcome(ending))
		return lease_fail(lease, "the guest ends otherwise", outcome);
	if (ending == END_WAIT)
		return end_waiting(lease, values, expected);
	return ending != END_RETURN || (uint64_t)values[0].i64 == expected ||
			lease_fail(lease, "frames have lost something", expected);
}

/* Something besides the instance: such a store is released, and its place is the system's. */
static bool make_odd(const struct lease *lease)
{
	struct sv_error error = SV_ERROR_INIT;
	const union sv_value value = {.i64 = 1};
	lease->worker->tally.released++;
	return sv_global_new(lease->store, SV_TYPE_I64, true, value, &error) != NULL ||
			lease_fail(lease, error.text, 0);
}

bool lease_run(struct worker *worker)
{
	struct sv_error error = SV_ERROR_INIT;
	struct lease lease = {.worker = worker,
			.tenant = &worker->tenants[random_below(&worker->random,
					worker->tenant_count)],
			.pool = random_below(&worker->random, POOLS),
			.canary = random_next(&worker->random)};
	struct sv_pool *pool = lease.tenant->pools[lease.pool];
	worker->tally.leases++;
	lease.store = sv_pool_lease(pool, &error);
	if (!lease.store)
		return lease_fail(&lease, error.text, 0);
	bool is_good = look_before_start(&lease);
	if (is_good && sv_pool_start(lease.store, &error) != SV_RETURNED)
		is_good = lease_fail(&lease, error.text, 0);
	lease.instance = sv_store_instance(lease.store);
	is_good = is_good && look(&lease) && write_canaries(&lease) &&
			(!lease.tenant->shape.has_objects || write_objects(&lease)) &&
			end(&lease) && (!chance(&lease, 64) || make_odd(&lease));
	sv_store_set_data(lease.store, worker);
	sv_pool_return(pool, lease.store);
	return is_good;
}
