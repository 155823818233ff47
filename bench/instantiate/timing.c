/* timing.c: clock, percentiles, one line of output. */
#include "bench/instantiate/timing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now(void)
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
		uint64_t start = now();

		if (!function(data))
			return false;
		times[i] = now() - start;
	}
	return true;
}

bool timing_print(const char *label, unsigned count, timing_function function, void *data)
{
	uint64_t *times = calloc(count, sizeof *times);
	bool done = times && measure(times, count, function, data);

	if (done) {
		qsort(times, count, sizeof *times, compare);
		printf("%s\t%.2f\t%.2f\t%.2f\n", label, (double)times[0] / 1000,
				(double)times[count / 2] / 1000,
				(double)times[count - 1 - count / 100] / 1000);
	}
	free(times);
	return done;
}
