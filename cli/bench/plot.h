/*
 * plot.h: a chart of curves as an SVG file, readable without any program of ours.
 */
#ifndef SELVAGE_CLI_BENCH_PLOT_H
#define SELVAGE_CLI_BENCH_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

enum plot_scale {
	PLOT_LINEAR,
	PLOT_TIME,  /* logarithmic, nanoseconds */
	PLOT_NINES, /* part of all, spread so that 90 %, 99 %, 99.9 % are as far from each other */
};

struct plot_axis {
	const char *label;
	enum plot_scale scale;
};

struct plot_point {
	double x, y;
};

struct plot_curve {
	char label[100];
	struct plot_point *points; /* borrowed, at least one; x does not fall */
	size_t count;
};

struct plot {
	const char *title;
	const char *subtitle;
	struct plot_axis x, y;
	const struct plot_curve *curves;
	size_t curve_count;
};

/* Write it to `path`. */
SV_MUST_USE bool plot_write(const struct plot *plot, const char *path, struct sv_error *error);

struct results;

/* The chart of all rows of `results`: latency against percentile. */
SV_MUST_USE bool plot_results(const struct results *results, const char *title,
		const char *subtitle, const char *path, struct sv_error *error);

#endif
