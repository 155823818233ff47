/*
 * clock.h: the clock of all measurements, and what reading it costs.
 */
#ifndef SELVAGE_CLI_BENCH_CLOCK_H
#define SELVAGE_CLI_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t clock_read(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Median of the time between two readings one after the other: every figure has it in it once. */
uint64_t clock_cost(void);

#endif
