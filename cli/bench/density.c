/*
 * density.c: leases instances and calls each once until something ends it, and says what that was.
 */
#include "cli/bench/density.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/bench/clock.h"
#include "cli/bench/plot.h"
#include "cli/bench/process.h"
#include "cli/units.h"
#include "host/wasi/wasi.h"

/* Points of the chart: each is a tenth further than the one before. */
#define DENSITY_POINTS 240
/* Instances of a run: address space ends it long before. */
#define DENSITY_MAX 4194304u
/* The machine keeps a tenth of its memory. */
#define DENSITY_RESERVE 10

/* What ended it: the name of a limit and what raises it. */
struct verdict {
	const char *limit;
	char setting[600];
};

struct density {
	struct bench *bench;
	bool waiting; /* the instances stay suspended in their calls */
	struct sv_pool *pool;
	struct wasi *wasi;
	union sv_value *values;   /* owned; of each instance that waits, else of all */
	struct sv_store **stores; /* owned; those that are leased */
	uint64_t count;
	struct process_memory before, after;
	struct verdict verdict;
	struct plot_point resident[DENSITY_POINTS], own[DENSITY_POINTS]; /* instances, MiB */
	size_t points;
	uint64_t next_point;
};

static void density_note(struct density *density)
{
	struct process_memory now = process_memory_now();
	density->after = now;
	if (density->points == DENSITY_POINTS)
		return;
	double mebibyte = 1024 * 1024, count = (double)density->count;
	density->resident[density->points] =
			(struct plot_point){count, (double)now.resident / mebibyte};
	density->own[density->points++] = (struct plot_point){
			count, (double)(now.own + now.tables) / mebibyte};
	density->next_point = density->count + density->count / 10 + 1;
}

/* ---- what ended it ---- */

static void verdict_set(struct verdict *verdict, const char *limit, const char *format, ...)
		SV_PRINTF(3, 4);
static void verdict_set(struct verdict *verdict, const char *limit, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	verdict->limit = limit;
	vsnprintf(verdict->setting, sizeof verdict->setting, format, arguments);
	va_end(arguments);
}

/* The reason for which the system, or the runtime, had no more. */
static void verdict_find(struct verdict *verdict, const struct sv_error *error,
		const struct process_memory *now)
{
	uint64_t maps = process_setting("/proc/sys/vm/max_map_count", UINT64_MAX);
	struct rlimit space;
	/* The runtime leaves some of the mappings to the embedder, and says so. */
	if (error->code == SV_ERROR_LIMIT) {
		if (now->mappings > maps / 4 * 3)
			verdict_set(verdict, "mappings of a process", "%s", error->text);
		else
			verdict_set(verdict, "address space of a process",
					"%s; --bounds=check reserves less for each memory",
					error->text);
		return;
	}
	/* The last instance may have needed more than one. */
	if (now->mappings + 16 >= maps) {
		verdict_set(verdict, "mappings of a process",
				"vm.max_map_count is %" PRIu64 " (sysctl -w vm.max_map_count=N)",
				maps);
		return;
	}
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
		verdict_set(verdict, "address space of this shell",
				"RLIMIT_AS is %" PRIu64 " bytes (ulimit -v)",
				(uint64_t)space.rlim_cur);
		return;
	}
	if (process_setting("/proc/sys/vm/overcommit_memory", 0) == 2) {
		verdict_set(verdict, "memory the system commits to",
				"vm.overcommit_memory is 2 (see vm.overcommit_ratio)");
		return;
	}
	verdict_set(verdict, "the system", "%s", error->text);
}

static bool density_memory_left(struct density *density)
{
	uint64_t total = process_memory_total();
	const struct subject *subject = density->bench->subject;
	/* Small instances are not worth a look each. */
	if (subject->memory_bytes < 1 << 24 && density->count % 16)
		return true;
	if (process_memory_available() >= total / DENSITY_RESERVE)
		return true;
	char text[32];
	size_text(total, text, sizeof text);
	verdict_set(&density->verdict, "memory of this machine",
			"%s, of which a tenth is left free: more memory", text);
	return false;
}

/* ---- instances ---- */

/* One more; false with a verdict when there can be none, or with `error` if the guest fails. */
static bool density_add(struct density *density, struct sv_error *error)
{
	const struct subject *subject = density->bench->subject;
	struct sv_error refusal = SV_ERROR_INIT;
	struct sv_store *store = sv_pool_lease(density->pool, &refusal);
	if (!store) {
		struct process_memory now = process_memory_now();
		verdict_find(&density->verdict, &refusal, &now);
		return false;
	}
	density->stores[density->count++] = store;
	TRY(subject_wasi_reset(subject, density->wasi, error));
	sv_store_set_data(store, density->wasi);
	struct sv_instance *instance = sv_store_instance(store);
	TRY(subject_ended(store, sv_pool_start(store, error), error));
	TRY(subject_initialize(subject, store, instance, error));
	size_t at = density->waiting ? (density->count - 1) * subject->value_count : 0;
	enum sv_outcome outcome =
			subject_begin(subject, store, instance, &density->values[at], error);
	return (density->waiting && outcome == SV_SUSPENDED) ||
			subject_ended(store, outcome, error);
}

static uint32_t density_most(const struct bench *bench)
{
	uint64_t count = bench->options->count;
	return count && count < DENSITY_MAX ? (uint32_t)count : DENSITY_MAX;
}

static bool density_fill(struct density *density, uint64_t most, struct sv_error *error)
{
	while (density->count < most && density_memory_left(density) &&
			density_add(density, error)) {
		if (density->count >= density->next_point)
			density_note(density);
	}
	if (error->code != SV_ERROR_NONE)
		return false;
	density_note(density);
	if (density->count == most && !density->verdict.limit)
		verdict_set(&density->verdict, "--count", "%" PRIu64, most);
	return true;
}

/* ---- output ---- */

static double each(const struct density *density, uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) / (double)density->count : 0;
}

static json_t *density_json(const struct density *density)
{
	const struct process_memory *before = &density->before, *after = &density->after;
	return json_pack("{sI s{sf sf sf sf sf} s{ss ss}}", "instances", (json_int_t)density->count,
			"each", "resident_bytes", each(density, before->resident, after->resident),
			"own_bytes", each(density, before->own, after->own), "page_table_bytes",
			each(density, before->tables, after->tables), "reserved_bytes",
			each(density, before->reserved, after->reserved), "mappings",
			each(density, before->mappings, after->mappings), "ended_by", "limit",
			density->verdict.limit, "setting", density->verdict.setting);
}

static bool density_plot(const struct density *density, struct sv_error *error)
{
	const struct bench *bench = density->bench;
	const struct plot_curve curves[] = {
			{"resident memory of the process", (struct plot_point *)density->resident,
					density->points},
			{"of that its own, and page tables", (struct plot_point *)density->own,
					density->points},
	};
	char title[200], end[700];
	snprintf(title, sizeof title, "bench density: %s", bench->subject->path);
	snprintf(end, sizeof end, "ended by %s: %s", density->verdict.limit,
			density->verdict.setting);
	const struct plot plot = {.title = title,
			.subtitle = end,
			.x = {"instances, each called once", PLOT_LINEAR},
			.y = {"MiB", PLOT_LINEAR},
			.curves = curves,
			.curve_count = ARRAY_LENGTH(curves)};
	return plot_write(&plot, bench->options->svg, error);
}

/* ---- instances that wait ---- */

static bool store_resume_to_end(struct sv_store *store, struct sv_error *error)
{
	enum sv_outcome outcome;
	do
		outcome = subject_resume(store, error);
	while (outcome == SV_SUSPENDED);
	return subject_ended(store, outcome, error);
}

/* All that wait go on, the first that began to wait first: nothing of it is in a cache. */
static bool density_resume(struct density *density, struct sv_error *error)
{
	uint64_t *times = calloc(density->count, sizeof *times);
	bool done = times != NULL;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for samples");
	for (uint64_t i = 0; done && i < density->count; i++) {
		uint64_t start = clock_read();
		done = store_resume_to_end(density->stores[i], error);
		times[i] = clock_read() - start;
	}
	char what[80];
	snprintf(what, sizeof what, "resume one of %" PRIu64 " that wait", density->count);
	done = done && results_add(&density->bench->results, what, times, density->count, 1, error);
	free(times);
	return done;
}

static bool density_run(struct density *density, struct sv_error *error)
{
	struct bench *bench = density->bench;
	const struct subject *subject = bench->subject;
	uint64_t most = density_most(bench);
	density->values = calloc(density->waiting ? most : 1,
			subject->value_count * sizeof *density->values);
	density->stores = calloc(most, sizeof *density->stores);
	if (!density->values || !density->stores)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for instances");
	density->wasi = subject_wasi_new(subject, error);
	if (!density->wasi)
		return false;
	density->before = process_memory_now();
	TRY(density_fill(density, most, error));
	if (!density->count)
		return sv_fail(error, SV_ERROR_LIMIT, "not one instance: %s (%s)",
				density->verdict.limit, density->verdict.setting);
	bench->details = density_json(density);
	if (density->waiting)
		return density_resume(density, error);
	return !bench->options->svg || density_plot(density, error);
}

bool density_measure(struct bench *bench, bool waiting, struct sv_error *error)
{
	const struct subject *subject = bench->subject;
	struct density *density = calloc(1, sizeof *density);
	if (!density)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for instances");
	density->bench = bench;
	density->waiting = waiting;
	density->pool = sv_pool_new(subject->engine, subject->artifact, subject->linker,
			&subject->limits, density_most(bench), error);
	bool done = density->pool && density_run(density, error);
	for (uint64_t i = 0; i < density->count; i++)
		sv_pool_return(density->pool, density->stores[i]);
	sv_pool_free(density->pool);
	wasi_free(density->wasi);
	free(density->values);
	free(density->stores);
	free(density);
	return done;
}

bool bench_density(struct bench *bench, struct sv_error *error)
{
	return density_measure(bench, false, error);
}
