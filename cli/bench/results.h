/*
 * results.h: distributions of measured times: kept, printed as a table, as JSON.
 */
#ifndef SELVAGE_CLI_BENCH_RESULTS_H
#define SELVAGE_CLI_BENCH_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "base/error.h"

/* All samples of a measurement are kept until it is summed up: 80 MB for each of its steps. */
#define RESULTS_MAX_SAMPLES 10000000u
/* Rows of one run: thread counts times what is measured at each. */
#define RESULTS_MAX_ROWS 256

/* Points of a curve: quantile k is 1 - 10^(-k / CURVE_DENSITY); the last is one sample in 10^7. */
#define CURVE_DENSITY 16
#define CURVE_POINTS (7 * CURVE_DENSITY + 1)

struct result_row {
	char what[80]; /* steps of the row above are indented in the table, and only there */
	unsigned threads;
	uint64_t count; /* samples */
	double seconds; /* wall time of all of them; 0: says nothing */
	double least, median, p99, p999, most; /* nanoseconds */
	double curve[CURVE_POINTS];            /* nanoseconds at each quantile */
	unsigned curve_count;                  /* so many that a sample is behind each */
};

/* All zero is valid and empty. */
struct results {
	struct result_row *rows; /* owned */
	size_t count;
};

/*
 * Add a row from `count` (at least 1) times in nanoseconds, which are sorted in place; each was
 * of `batch` iterations in a row. The caller may set `seconds` in the row that is returned, which
 * is valid until the next. NULL with `error` if there is no room.
 */
struct result_row *results_add(struct results *results, const char *what, uint64_t *times,
		uint64_t count, unsigned batch, struct sv_error *error);

void results_finish(struct results *results);

/* One line for each row, under a heading. */
void results_table(const struct results *results, FILE *file);

/* An array of objects; all times in nanoseconds. */
json_t *results_json(const struct results *results);

/* What a row is about, without the indentation. */
const char *result_name(const struct result_row *row);

/* "412 ns", "7.21 us", "1.2 s": three digits or four. */
void time_text(double nanoseconds, char *text, size_t size);

#endif
