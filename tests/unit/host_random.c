/*
 * host_random.c: random calls of host functions, one after the other at one guest, with arguments
 * of good calls (host_good_*.def), random and hostile ones. What one of them leaves behind is there
 * for the next. A call that fails must not have written a byte, and when the guest has ended
 * nothing is left that it held; the rest is for AddressSanitizer to see. SELVAGE_CALLS says how
 * many calls a world gets, SELVAGE_SEED where it begins.
 */
#include <inttypes.h>

#include "tests/unit/host_stage.h"
#include "tests/unit/host_tables.h"

enum { CALLS = 4000, SEQUENCE = 100 };

static struct stage stage;

static struct {
	uint64_t state;           /* of the generator */
	uint64_t sequence, calls; /* under way, and made */
	uint64_t since, patience;
	int left; /* calls of the sequence */
	const struct row *row;    /* the call that was made last; NULL: none */
	uint8_t before[MEMORY];
	size_t failed, wrong, ended; /* calls; sequences that came to their end */
} running;

/* ---- chance ---- */

/* Numbers of which each depends on the one before (Vigna's splitmix64). */
static uint64_t chance(void)
{
	uint64_t z = running.state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(size_t count)
{
	return (size_t)(chance() % count);
}

static bool one_in(size_t count)
{
	return below(count) == 0;
}

static uint32_t hostile_number(void)
{
	static const uint32_t numbers[] = {0, 1, 8, TEXTS, BLOCKS, MEMORY - 8, MEMORY - 4,
			MEMORY - 1, MEMORY, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffc,
			0xffffffff};
	return one_in(4) ? (uint32_t)chance() : numbers[below(ARRAY_LENGTH(numbers))];
}

/* Of any kind, and mostly a small one. */
static uint32_t some_handle(void)
{
	static const uint32_t kinds[] = {0, 0, 0x100, 0x200, 0x300, 0x400};
	return kinds[below(ARRAY_LENGTH(kinds))] + (uint32_t)below(6);
}

static int64_t some_argument(void)
{
	switch (below(5)) {
	case 0:
		return some_handle();
	case 1:
		return (int64_t)below(300);
	case 2:
		return (int64_t)(OUTPUTS + below(16 * OUTPUT_SIZE));
	case 3:
		return (int64_t)chance();
	default:
		return hostile_number();
	}
}

/* ---- calls ---- */

/* What ends the guest is rare, so that others come behind each other. */
static size_t some_row(const struct world *world)
{
	size_t row;
	const struct good *good;
	do {
		row = below(world->count);
		good = good_find(world, &world->rows[row]);
	} while (good && good->reason && strcmp(good->reason, "it does not return") == 0 &&
			!one_in(50));
	return row;
}

static void some_call(const struct world *world, struct stage_call *next)
{
	size_t row = some_row(world), step = below(2 * world->step_count + 1);
	const struct good *good = good_find(world, &world->rows[row]);
	next->row = (int32_t)row;
	for (size_t i = 0; i < MAX_PARAMETERS; i++)
		next->arguments[i] = good && !good->reason ? good->arguments[i] : some_argument();
	/* Calls that make something for others. */
	if (step < world->step_count) {
		next->row = row_find(world, world->steps[step].function);
		memcpy(next->arguments, world->steps[step].arguments, sizeof next->arguments);
	}
	size_t count = strcspn(world->rows[next->row].signature, ":");
	if (count && one_in(2))
		next->arguments[0] = next->arguments[0] < TEXTS ? some_handle()
								: next->arguments[0];
	for (size_t changes = below(3); count && changes; changes--)
		next->arguments[below(count)] = some_argument();
}

static void spoil_block(uint8_t *memory)
{
	uint32_t word = hostile_number();
	size_t block = below(ARRAY_LENGTH(block_places));
	memcpy(memory + block_places[block].place + 4 * below(block_places[block].words), &word,
			sizeof word);
}

static void judge(const uint8_t *memory)
{
	size_t changed = 0, allowed = SIZE_MAX;
	if (told.has_result)
		allowed = stage.world->allowed(running.row, told.result);
	running.failed += allowed < SIZE_MAX;
	if (allowed == SIZE_MAX || memcmp(memory, running.before, MEMORY) == 0)
		return;
	for (size_t i = 0; i < MEMORY; i++)
		changed += memory[i] != running.before[i];
	if (changed > allowed && running.wrong++ < 5)
		printf("%s.%s gave %lld and wrote %zu bytes, in sequence %" PRIu64 "\n",
				running.row->module, running.row->name, (long long)told.result,
				changed, running.sequence);
}

static void random_next(uint8_t *memory, struct stage_call *next)
{
	if (running.row)
		judge(memory);
	running.row = NULL;
	running.since = host_now();
	running.ended += running.left == 0;
	next->row = -1;
	if (running.left-- <= 0)
		return;
	/* Few keys, so that calls find what others have left. */
	stage_fill(&stage, memory, (uint32_t)below(3));
	some_call(stage.world, next);
	if (one_in(4))
		spoil_block(memory);
	running.row = &stage.world->rows[next->row];
	running.calls++;
	told.has_result = false;
	memcpy(running.before, memory, MEMORY);
}

/* ---- worlds ---- */

static uint64_t number_of(const char *variable, uint64_t usual)
{
	const char *text = getenv(variable);
	return text ? strtoull(text, NULL, 10) : usual;
}

static void try_world(const struct world *world)
{
	uint64_t calls = number_of("SELVAGE_CALLS", CALLS);
	memset(&running, 0, sizeof running);
	running.sequence = number_of("SELVAGE_SEED", 1);
	running.patience = 20 * UINT64_C(1000000);
	stage_open(&stage, world);
	while (running.calls < calls) {
		running.state = running.sequence;
		running.left = SEQUENCE;
		running.row = NULL;
		running.since = host_now();
		if (world->refresh)
			world->refresh(stage.preopen.fd);
		(void)stage_begin(&stage, random_next);
		stage_end(&stage, stage_run(&stage, &running.patience, &running.since));
		running.sequence++;
	}
	printf("%s: %" PRIu64 " calls, %zu of them failed; %zu sequences of %d came to their end\n",
			world->name, running.calls, running.failed, running.ended, SEQUENCE);
	CHECK_EQ(running.wrong, 0);
	CHECK(running.failed > running.calls / 10 && running.failed < running.calls * 9 / 10);
	stage_close(&stage);
}

TEST(random_calls_of_wasi_leave_nothing_behind)
{
	try_world(&wasi_world);
}

TEST(random_calls_of_terrarium_leave_nothing_behind)
{
	try_world(&terrarium_world);
}

TEST(random_calls_of_fastly_leave_nothing_behind)
{
	try_world(&fastly_world);
}

RUNTIME_TEST_MAIN(NULL)
