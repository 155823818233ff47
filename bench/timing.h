/* timing.h: how long something takes, many times over. */
#ifndef SELVAGE_BENCH_TIMING_H
#define SELVAGE_BENCH_TIMING_H

#include <stdbool.h>
#include <stdint.h>

/* Does it once; false ends the measurement with a message already printed. */
typedef bool (*timing_function)(void *data);

/* Nanoseconds of a clock that only goes forward. */
uint64_t timing_now(void);

/* The line that timing_print ends with, for `count` times, at least one, which get sorted. */
void timing_report(const char *label, uint64_t *times, unsigned count);

/*
 * Call `function` `count` times after a tenth as many to warm up, and print a line: `label`,
 * then minimum, median, 99th and 99.9th percentile and maximum in nanoseconds, separated by tabs.
 */
bool timing_print(const char *label, unsigned count, timing_function function, void *data);

#endif
