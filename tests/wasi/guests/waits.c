/* waits.c: clocks, sleeping, polling, random bytes. Prints only what does not vary. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(void)
{
	struct timespec nap = {.tv_nsec = 50000000}, resolution;
	struct pollfd input = {.fd = 0, .events = POLLIN};
	char bytes[1000], zero[1000] = "";
	double before = now(CLOCK_MONOTONIC);
	nanosleep(&nap, NULL);
	double slept = now(CLOCK_MONOTONIC) - before;
	printf("slept enough: %d, not too long: %d\n", slept >= 0.05, slept < 5);
	printf("the year is past 2023: %d\n", now(CLOCK_REALTIME) > 1.7e9);
	printf("resolution: %d\n", clock_getres(CLOCK_MONOTONIC, &resolution));
	printf("input ready: %d\n", poll(&input, 1, 10000));
	printf("read: %d\n", (int)read(0, bytes, 4));
	printf("random: %d, not all zero: %d\n", getentropy(bytes, 256),
			memcmp(bytes, zero, 256) != 0);
	return 0;
}
