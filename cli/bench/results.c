/*
 * results.c: from samples to percentiles, and their two forms of output.
 */
#include "cli/bench/results.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int time_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

/* The least time that at least this part of all samples does not exceed. */
static uint64_t quantile(const uint64_t *sorted, uint64_t count, double part)
{
	double rank = ceil(part * (double)count);
	uint64_t at = rank < 1 ? 0 : (uint64_t)rank - 1;
	return sorted[at < count ? at : count - 1];
}

static void row_fill(struct result_row *row, const uint64_t *sorted, uint64_t count, double batch)
{
	row->count = count;
	row->least = (double)sorted[0] / batch;
	row->median = (double)quantile(sorted, count, 0.5) / batch;
	row->p99 = (double)quantile(sorted, count, 0.99) / batch;
	row->p999 = (double)quantile(sorted, count, 0.999) / batch;
	row->most = (double)sorted[count - 1] / batch;
	for (unsigned k = 0; k < CURVE_POINTS; k++) {
		double rest = pow(10, -(double)k / CURVE_DENSITY);
		if (rest * (double)count < 1)
			break;
		row->curve[k] = (double)quantile(sorted, count, 1 - rest) / batch;
		row->curve_count = k + 1;
	}
}

struct result_row *results_add(struct results *results, const char *what, uint64_t *times,
		uint64_t count, unsigned batch, struct sv_error *error)
{
	if (!results->rows)
		results->rows = calloc(RESULTS_MAX_ROWS, sizeof *results->rows);
	if (!results->rows) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for results");
		return NULL;
	}
	if (results->count == RESULTS_MAX_ROWS) {
		sv_fail(error, SV_ERROR_LIMIT, "more than %d measurements in one run",
				RESULTS_MAX_ROWS);
		return NULL;
	}
	struct result_row *row = &results->rows[results->count++];
	snprintf(row->what, sizeof row->what, "%s", what);
	row->threads = 1;
	qsort(times, count, sizeof *times, time_compare);
	row_fill(row, times, count, batch);
	return row;
}

void results_finish(struct results *results)
{
	free(results->rows);
	*results = (struct results){0};
}

void time_text(double nanoseconds, char *text, size_t size)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	size_t unit = 0;
	while (nanoseconds >= 999.5 && unit + 1 < ARRAY_LENGTH(units)) {
		nanoseconds /= 1000;
		unit++;
	}
	/* Single samples are whole nanoseconds: only means have more digits. */
	bool whole = nanoseconds >= 99.95 || nanoseconds == floor(nanoseconds);
	int digits = nanoseconds < 9.995 ? 2 : 1;
	snprintf(text, size, "%.*f %s", whole ? 0 : digits, nanoseconds, units[unit]);
}

static void print_time(FILE *file, double nanoseconds)
{
	char text[32];
	time_text(nanoseconds, text, sizeof text);
	fprintf(file, " %9s", text);
}

void results_table(const struct results *results, FILE *file)
{
	if (!results->count)
		return;
	fprintf(file, "%-44s %7s %9s %9s %9s %9s %9s %9s %11s\n", "what", "threads", "samples",
			"min", "p50", "p99", "p99.9", "max", "per second");
	for (size_t i = 0; i < results->count; i++) {
		const struct result_row *row = &results->rows[i];
		const double times[] = {row->least, row->median, row->p99, row->p999, row->most};
		fprintf(file, "%-44s %7u %9" PRIu64, row->what, row->threads, row->count);
		for (size_t k = 0; k < ARRAY_LENGTH(times); k++)
			print_time(file, times[k]);
		if (row->seconds > 0)
			fprintf(file, " %11.0f", (double)row->count / row->seconds);
		fputc('\n', file);
	}
}

const char *result_name(const struct result_row *row)
{
	return row->what + strspn(row->what, " ");
}

json_t *results_json(const struct results *results)
{
	json_t *list = json_array();
	for (size_t i = 0; i < results->count; i++) {
		const struct result_row *row = &results->rows[i];
		json_t *object = json_pack("{ss si sI s{sf sf sf sf sf}}", "what", result_name(row),
				"threads", (int)row->threads, "samples", (json_int_t)row->count,
				"ns", "min", row->least, "p50", row->median, "p99", row->p99,
				"p99.9", row->p999, "max", row->most);
		if (row->seconds > 0)
			json_object_set_new(object, "seconds", json_real(row->seconds));
		json_array_append_new(list, object);
	}
	return list;
}
