/*
 * progress.c: the progress bar.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/units.h"

/* One terminal, one bar. */
static struct {
	uint64_t first; /* when the first call came, in milliseconds; 0: no call yet */
	uint64_t drawn; /* when the bar was drawn; 0: not visible */
} bar;

static uint64_t progress_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

bool progress_is_wanted(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void progress_end(void)
{
	if (bar.drawn)
		fputs("\r\033[K", stderr);
	bar.drawn = 0;
	bar.first = 0;
}

void progress_show(void *data, uint64_t done, uint64_t total)
{
	uint64_t now = progress_now();
	if (!bar.first)
		bar.first = now;
	if (done >= total) {
		progress_end();
		return;
	}
	/* What is quick stays silent; ten redraws a second are enough for the others. */
	if (now - bar.first < 500 || now - bar.drawn < 100)
		return;
	bar.drawn = now;
	char total_text[24], line[33];
	size_text(total, total_text, sizeof total_text);
	unsigned filled = (unsigned)((double)done / (double)total * 32);
	for (unsigned i = 0; i < 32; i++)
		line[i] = i < filled ? '#' : '.';
	line[32] = '\0';
	fprintf(stderr, "\r%s [%s] %3.0f%% of %s\033[K", (const char *)data, line,
			(double)done / (double)total * 100, total_text);
	fflush(stderr);
}
