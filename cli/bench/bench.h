/*
 * bench.h: what all modes of `selvage bench` share: options, what is measured, and the outcome.
 */
#ifndef SELVAGE_CLI_BENCH_BENCH_H
#define SELVAGE_CLI_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/bench/results.h"
#include "cli/compile_flags.h"

/* Threads of one measurement, and thread counts of one run. */
#define BENCH_MAX_THREADS 256
#define BENCH_MAX_LANES 16

struct bench_options {
	struct compile_flags flags;
	const char *invoke;  /* NULL: see subject.h */
	const char *threads; /* "1,2,4" */
	const char *svg;     /* NULL: no chart */
	const char *profile_out; /* NULL: by the file's name, if code counts */
	uint64_t count;      /* 0: as many as fit in about two seconds */
	uint64_t timeout;    /* of the first call; nanoseconds */
	uint64_t max_memory; /* bytes; 0: the runtime's default */
	uint64_t max_stack;  /* bytes; 0: the runtime's default */
	bool stub_imports;
	bool process;
	bool serve;
};

struct subject;

/* One run of one mode. */
struct bench {
	const struct bench_options *options;
	const char *mode;
	struct subject *subject;
	struct results results;
	json_t *details; /* owned: what only this mode has to say; NULL: nothing */
	unsigned lanes[BENCH_MAX_LANES]; /* the thread counts */
	size_t lane_count;
};

#define BENCH_MODE(name, help) SV_MUST_USE bool bench_##name(struct bench *bench, \
		struct sv_error *error);
#include "cli/bench/modes.def"
#undef BENCH_MODE

/* Samples for each thread, when there are so many: --count, or what two seconds allow. */
uint64_t bench_count(const struct bench *bench, unsigned threads);

#endif
