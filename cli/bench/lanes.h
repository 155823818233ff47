/*
 * lanes.h: the same work on several threads at once, each step of it timed each time.
 */
#ifndef SELVAGE_CLI_BENCH_LANES_H
#define SELVAGE_CLI_BENCH_LANES_H

#include "cli/bench/bench.h"
#include "cli/bench/subject.h"

#define LANE_MAX_STEPS 6

/* One thread. */
struct lane {
	const struct subject *subject;
	void *data; /* of the work */
	struct wasi *wasi;      /* owned; what its guests see */
	union sv_value *values; /* owned; room for arguments and results */
	struct sv_store *store; /* for work that keeps one */
	struct sv_instance *instance;
	struct sv_error error;
};

/*
 * What is timed. `once` does it once and sets marks[0] to marks[steps] to the clock before, between
 * and after its steps. What it does outside of the marks is not in the figures. All functions
 * return false with lane->error on failure; `enter` and `leave` may be NULL.
 */
struct work {
	const char *names[LANE_MAX_STEPS];
	unsigned steps;
	unsigned batch; /* iterations between two marks; 0 means 1 */
	bool (*enter)(struct lane *lane);
	bool (*once)(struct lane *lane, uint64_t *marks);
	void (*leave)(struct lane *lane);
	void *data;
};

/*
 * Do it a tenth of `count` times unmeasured and `count` times measured on each of `threads`
 * threads, and add a row for each step to the results.
 */
SV_MUST_USE bool lanes_measure(struct bench *bench, const struct work *work, unsigned threads,
		uint64_t count, struct sv_error *error);

#endif
