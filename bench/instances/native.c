/*
 * native.c: what a fresh instance costs at least: a call that writes to four pages, and four pages
 * copied back; or arithmetic in registers alone. By threads that share nothing.
 *
 *	native copy|count THREADS COUNT
 *
 * One line: nanoseconds min, p50, p99; rounds a second of all.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/timing.h"

enum { PAGE = 4096, PAGES = 4, MOST_THREADS = 64 };

struct lane {
	pthread_t thread;
	uint8_t *memory;
	uint64_t *times, took;
	unsigned count, index;
};

static const uint8_t image[PAGES * PAGE] __attribute__((aligned(PAGE))) = {7};
static pthread_barrier_t start;

__attribute__((noinline)) static void touch(volatile uint8_t *memory)
{
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE]++;
}

static void (*volatile guest)(volatile uint8_t *memory) = touch;

static void copy_once(uint8_t *memory)
{
	guest(memory);
	memcpy(memory, image, sizeof image);
}

/* As many instructions as a processor can take: four chains that do not wait for each other. */
static void count_once(uint8_t *memory)
{
	uint64_t a = memory[0], b = a + 1, c = a + 2, d = a + 3;
	for (int i = 0; i < 250; i++)
		__asm__ volatile("add $1, %0\n\txor $5, %1\n\tsub $3, %2\n\tadd $7, %3"
				: "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	memory[0] = (uint8_t)(a ^ b ^ c ^ d);
}

static void (*once)(uint8_t *memory) = copy_once;

/* To a processor of its own, as selvage bench does. */
static void lane_settle(const struct lane *lane)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(lane->index, &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

static void *lane_run(void *data)
{
	struct lane *lane = data;
	lane_settle(lane);
	for (unsigned i = 0; i < lane->count / 10; i++)
		once(lane->memory);
	pthread_barrier_wait(&start);
	uint64_t first = timing_now();
	for (unsigned i = 0; i < lane->count; i++) {
		uint64_t begin = timing_now();
		once(lane->memory);
		lane->times[i] = timing_now() - begin;
	}
	lane->took = timing_now() - first;
	return NULL;
}

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

int main(int argc, char **argv)
{
	struct lane lanes[MOST_THREADS] = {0};
	unsigned threads = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	unsigned count = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	bool counts = argc == 4 && strcmp(argv[1], "count") == 0;
	bool copies = argc == 4 && strcmp(argv[1], "copy") == 0;
	if ((!counts && !copies) || threads < 1 || threads > MOST_THREADS || count < 10 ||
			count > 10000000)
		return fprintf(stderr, "usage: native copy|count THREADS COUNT\n"), 2;
	once = counts ? count_once : copy_once;
	size_t all = (size_t)threads * count;
	uint64_t *times = malloc(all * sizeof *times), slowest = 0;
	/* Pages that are there already are not faulted in between two samples. */
	if (times)
		memset(times, 0, all * sizeof *times);
	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		lanes[i].memory = aligned_alloc(PAGE, sizeof image);
		lanes[i].times = times ? times + (size_t)i * count : NULL;
		lanes[i].count = count;
		lanes[i].index = i;
		if (!lanes[i].memory || !times ||
				pthread_create(&lanes[i].thread, NULL, lane_run, &lanes[i]) != 0)
			return fprintf(stderr, "native: no memory or thread\n"), 1;
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(lanes[i].thread, NULL);
		slowest = lanes[i].took > slowest ? lanes[i].took : slowest;
	}
	qsort(times, all, sizeof *times, compare);
	printf("%lu\t%lu\t%lu\t%.0f\n", times[0], times[all / 2], times[all - 1 - all / 100],
			(double)all * 1e9 / (double)slowest);
	return 0;
}
