/*
 * host_pointers.c: every host function of every world, called with pointers and lengths at the
 * start of memory, at its end, behind it, wrapping, overlapping, and of 2^32 - 1, each of these in
 * place of one argument of a call that succeeds (host_good_*.def), and of one word of what the call
 * reads. A call that fails or traps must not have written a byte; that the host itself never
 * touches what is outside, the guard behind the memory tells, and AddressSanitizer. A world that
 * has a function which is in no table fails, and so does one that cannot do what its table says.
 */
#include "tests/unit/host_stage.h"
#include "tests/unit/host_tables.h"

static struct stage stage;

/* Functions that a world has defined, and those of them that are in no table. */
static size_t defined, unknown;

__typeof__(sv_linker_define_function) __real_sv_linker_define_function;

/* The linker leads all definitions here (Makefile). */
bool __wrap_sv_linker_define_function(struct sv_linker *linker, const char *module,
		const char *name, const char *signature, sv_host_function function, void *data,
		struct sv_error *failure)
{
	bool is_known = strcmp(module, "test") == 0;
	defined += !is_known;
	for (size_t i = 0; i < stage.world->count && !is_known; i++) {
		const struct row *row = &stage.world->rows[i];
		is_known = strcmp(row->module, module) == 0 && strcmp(row->name, name) == 0 &&
				strcmp(row->signature, signature) == 0;
	}
	unknown += !is_known;
	if (!is_known)
		printf("%s.%s is in no table\n", module, name);
	return __real_sv_linker_define_function(
			linker, module, name, signature, function, data, failure);
}

/* ---- one case: steps that prepare, then the call that is tested ---- */

static struct {
	size_t tested; /* row */
	const struct good *good; /* NULL: what it needs is not known */
	int64_t arguments[MAX_PARAMETERS];
	uint32_t patched, patch; /* a place of which this word is; 0: none */
	uint8_t fill;
	size_t step; /* the next one */
	bool is_tested;
	uint32_t number; /* of the case */
	uint64_t patience; /* nanoseconds that the tested call may wait */
	uint64_t limit, since; /* the same of the call at hand, and its beginning */
	uint8_t before[MEMORY];
	/* Of the world: */
	size_t cases, failed, wrong, succeeded;
} running;

/* Nanoseconds that a call may wait: steps and what must succeed; hostile calls. */
static const uint64_t patient = 10 * UINT64_C(1000000000), impatient = 20 * UINT64_C(1000000);

static bool step_is_wanted(const struct step *step)
{
	return !step->groups || (running.good && step->groups & running.good->groups);
}

static void case_next(uint8_t *memory, struct stage_call *next)
{
	const struct world *world = stage.world;
	if (running.step == 0) {
		memset(memory, running.fill, MEMORY);
		stage_fill(&stage, memory, running.number);
	}
	while (running.step < world->step_count && !step_is_wanted(&world->steps[running.step]))
		running.step++;
	next->row = -1;
	if (running.is_tested)
		return;
	if (running.step < world->step_count) {
		const struct step *step = &world->steps[running.step++];
		next->row = row_find(world, step->function);
		memcpy(next->arguments, step->arguments, sizeof next->arguments);
		return;
	}
	if (running.patched)
		memcpy(memory + running.patched, &running.patch, sizeof running.patch);
	memcpy(running.before, memory, MEMORY);
	running.is_tested = true;
	running.since = host_now();
	running.limit = running.patience;
	told.has_result = false;
	next->row = (int32_t)running.tested;
	memcpy(next->arguments, running.arguments, sizeof next->arguments);
}

static void case_print(const struct row *row, const char *what, size_t changed)
{
	char text[300];
	size_t at = 0;
	size_t count = strcspn(row->signature, ":");
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s0x%llx", i ? ", " : "",
				(unsigned long long)running.arguments[i]);
	printf("%s.%s(%s; 0x%x: 0x%x) gave %lld: %s, %zu bytes changed\n", row->module, row->name,
			count ? text : "", running.patched, running.patch, (long long)told.result,
			what, changed);
}

/* Whether the tested call was allowed to write what it did; whether it has succeeded. */
static bool case_judge(const struct row *row, const uint8_t *memory, bool is_over)
{
	const struct host_outcome *outcome = &stage.outcome;
	bool has_trapped = is_over && !told.has_result && outcome->ending != HOST_ANSWERED;
	size_t changed = 0, allowed = has_trapped ? 0 : SIZE_MAX;
	if (told.has_result)
		allowed = stage.world->allowed(row, told.result);
	running.cases++;
	running.failed += allowed < SIZE_MAX;
	for (size_t i = 0; allowed < SIZE_MAX && i < MEMORY; i++)
		changed += memory[i] != running.before[i];
	if (allowed < SIZE_MAX && changed > allowed && running.wrong++ < 5)
		case_print(row, has_trapped ? outcome->cause : "an error", changed);
	return is_over && allowed == SIZE_MAX;
}

static bool case_run(void)
{
	const struct row *row = &stage.world->rows[running.tested];
	running.step = 0;
	running.is_tested = false;
	running.number++;
	running.since = host_now();
	running.limit = patient;
	if (stage.world->refresh)
		stage.world->refresh(stage.preopen.fd);
	const uint8_t *memory = stage_begin(&stage, case_next);
	bool is_over = stage_run(&stage, &running.limit, &running.since);
	fixture_need(running.is_tested, stage.outcome.cause);
	bool has_succeeded = case_judge(row, memory, is_over);
	stage_end(&stage, is_over);
	return has_succeeded;
}

/* ---- the arguments ---- */

static const uint32_t places[] = {0, MEMORY - 4, MEMORY - 1, MEMORY, 0xfffffffc, 0xffffffff};
static const uint32_t lengths[] = {0, 8, MEMORY, 0x7fffffff, 0x80000000, 0xffffffff};

static void case_run_with(size_t i, int64_t value)
{
	int64_t before = running.arguments[i];
	running.arguments[i] = value;
	(void)case_run();
	running.arguments[i] = before;
}

/* Each argument by turns: as a place, as a length, as a place whose length is the next one. */
static void vary(const int64_t *base)
{
	size_t count = strcspn(stage.world->rows[running.tested].signature, ":");
	memcpy(running.arguments, base, sizeof running.arguments);
	for (size_t i = 0; i < count; i++) {
		for (size_t l = 0; l < ARRAY_LENGTH(lengths); l++)
			case_run_with(i, lengths[l]);
		for (size_t p = 0; p < ARRAY_LENGTH(places); p++) {
			case_run_with(i, places[p]);
			for (size_t l = 0; i + 1 < count && l < ARRAY_LENGTH(lengths); l++) {
				running.arguments[i] = places[p];
				case_run_with(i + 1, lengths[l]);
				running.arguments[i] = base[i];
			}
		}
		/* Where another one is, or just within it. */
		for (size_t k = 0; k < count; k++) {
			if (k != i && base[k] >= TEXTS && base[k] < MEMORY) {
				case_run_with(i, base[k]);
				case_run_with(i, base[k] + 2);
			}
		}
	}
}

/* Each word of the blocks that the call reads. */
static void vary_words(void)
{
	size_t count = strcspn(stage.world->rows[running.tested].signature, ":");
	memcpy(running.arguments, running.good->arguments, sizeof running.arguments);
	for (size_t b = 0; b < ARRAY_LENGTH(block_places); b++) {
		bool is_read = false;
		for (size_t i = 0; i < count; i++)
			is_read |= running.arguments[i] == block_places[b].place;
		for (uint32_t w = 0; is_read && w < block_places[b].words; w++) {
			running.patched = block_places[b].place + 4 * w;
			for (size_t i = 0; i < ARRAY_LENGTH(places) + ARRAY_LENGTH(lengths); i++) {
				running.patch = i < ARRAY_LENGTH(places)
						? places[i]
						: lengths[i - ARRAY_LENGTH(places)];
				(void)case_run();
			}
		}
	}
	running.patched = 0;
}

/* Handles come first, if there are any; the rest are places and lengths that all overlap. */
static const int64_t bases[][3] = {{0, 32, 32}, {1, 32, 32}, {32, 32, 32}};

static void try_function(size_t tested)
{
	const struct row *row = &stage.world->rows[tested];
	running.tested = tested;
	running.good = good_find(stage.world, row);
	running.fill = 0;
	running.patience = patient;
	bool can_succeed = running.good && !running.good->reason, has_succeeded = false;
	if (running.good) {
		memcpy(running.arguments, running.good->arguments, sizeof running.arguments);
		has_succeeded = case_run();
		CHECK_MSG(has_succeeded == can_succeed, "%s.%s %s: %lld, %s", row->module,
				row->name, can_succeed ? "fails" : "succeeds",
				(long long)told.result, stage.outcome.cause);
		running.succeeded += has_succeeded;
	}
	running.patience = impatient;
	if (can_succeed) {
		vary(running.good->arguments);
		vary_words();
	}
	for (size_t b = 0; b < ARRAY_LENGTH(bases); b++) {
		int64_t base[MAX_PARAMETERS];
		for (size_t i = 0; i < MAX_PARAMETERS; i++)
			base[i] = i < ARRAY_LENGTH(bases[b]) ? bases[b][i] : 32;
		running.fill = b % 2 ? 'a' : 0;
		vary(base);
	}
}

static void try_world(const struct world *world)
{
	size_t hopeless = 0;
	memset(&running, 0, sizeof running);
	defined = unknown = 0;
	stage.world = world;
	stage_open(&stage, world);
	for (size_t i = 0; i < world->count; i++) {
		size_t wrong = running.wrong;
		const struct good *good = good_find(world, &world->rows[i]);
		CHECK_MSG(good || !world->goods, "%s: no good call", world->rows[i].name);
		hopeless += good && good->reason;
		running.wrong = 0;
		try_function(i);
		running.wrong += wrong;
	}
	printf("%s: %zu functions, %zu succeed and %zu cannot; %zu calls, %zu of them failed\n",
			world->name, world->count, running.succeeded, hopeless, running.cases,
			running.failed);
	CHECK_EQ(defined, world->count);
	CHECK_EQ(unknown, 0);
	CHECK_EQ(world->goods ? world->count : 0, world->good_count);
	CHECK_EQ(running.succeeded, world->good_count - hopeless);
	CHECK(running.failed > running.cases / 10);
	CHECK_EQ(running.wrong, 0);
	stage_close(&stage);
}

/* ---- the worlds ---- */

TEST(wasi_functions_write_nothing_when_they_fail)
{
	try_world(&wasi_world);
}

TEST(terrarium_hostcalls_write_nothing_when_they_fail)
{
	try_world(&terrarium_world);
}

TEST(fastly_functions_write_nothing_when_they_fail)
{
	try_world(&fastly_world);
}

/* The same functions behind other names: that they are led to them is what there is to see. */
TEST(older_names_of_fastly_functions_write_nothing_when_they_fail)
{
	static const struct step steps[] = {{0, "xqd_req_new", {8}}, {0, "xqd_resp_new", {8}},
			{0, "xqd_body_new", {8}}, {0, "xqd_body_new", {8}}};
	struct row rows[ARRAY_LENGTH(fastly_aliases)];
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		rows[i] = (struct row){"env", fastly_aliases[i].old, NULL};
		for (size_t k = 0; k < ARRAY_LENGTH(fastly_rows); k++) {
			if (strcmp(fastly_rows[k].module, fastly_aliases[i].module) == 0 &&
					strcmp(fastly_rows[k].name, fastly_aliases[i].name) == 0)
				rows[i].signature = fastly_rows[k].signature;
		}
		fixture_need(rows[i].signature != NULL, rows[i].name);
	}
	const struct world world = {.name = "Fastly, older names",
			.entry = "_start",
			.rows = rows,
			.count = ARRAY_LENGTH(rows),
						.allowed = fastly_allowed,
			.steps = steps,
			.step_count = ARRAY_LENGTH(steps)};
	try_world(&world);
}

RUNTIME_TEST_MAIN(NULL)
