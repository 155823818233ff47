/* timing.c: clock, percentiles, one line of output. */
#include "bench/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t timing_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool measure(uint64_t *times, unsigned count, timing_function function, void *data)
{
	for (unsigned i = 0; i < count / 10; i++)
		if (!function(data))
			return false;
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = timing_now();

		if (!function(data))
			return false;
		times[i] = timing_now() - start;
	}
	return true;
}

/* The least time that so many in a thousand do not exceed. */
static unsigned long long quantile(const uint64_t *sorted, unsigned count, unsigned per_mille)
{
	return sorted[((uint64_t)count * per_mille + 999) / 1000 - 1];
}

void timing_report(const char *label, uint64_t *times, unsigned count)
{
	qsort(times, count, sizeof *times, compare);
	printf("%s\t%llu\t%llu\t%llu\t%llu\t%llu\n", label, (unsigned long long)times[0],
			quantile(times, count, 500), quantile(times, count, 990),
			quantile(times, count, 999), quantile(times, count, 1000));
}

bool timing_print(const char *label, unsigned count, timing_function function, void *data)
{
	uint64_t *times = malloc(count * sizeof *times);

	if (!times)
		return false;
	/* Pages that are there already are not faulted in between two samples. */
	memset(times, 0, count * sizeof *times);
	bool done = count && measure(times, count, function, data);

	if (done)
		timing_report(label, times, count);
	free(times);
	return done;
}
