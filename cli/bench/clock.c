/*
 * clock.c: what reading the clock costs.
 */
#include "cli/bench/clock.h"

#include <stdlib.h>

#include "base/check.h"

static int clock_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

uint64_t clock_cost(void)
{
	uint64_t costs[2001];
	for (size_t i = 0; i < ARRAY_LENGTH(costs); i++) {
		uint64_t start = clock_read();
		costs[i] = clock_read() - start;
	}
	qsort(costs, ARRAY_LENGTH(costs), sizeof *costs, clock_compare);
	return costs[ARRAY_LENGTH(costs) / 2];
}
