/*
 * plot.c: axes, ticks, curves and a legend, in SVG.
 */
#include "cli/bench/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench/results.h"

/* Pixels: the frame of the curves, and the line of the legend. */
enum { LEFT = 90, TOP = 70, WIDTH = 720, HEIGHT = 420, LEGEND_ROW = 18 };

/* Told apart by most eyes, from dark to light and back. */
static const char *const colours[] = {"#0b559f", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c",
		"#0c8599", "#e67700", "#495057"};
static const char *const dashes[] = {"none", "6 3", "2 3", "10 3 2 3"};

/* From a value to its place on the axis, 0 to 1. */
struct frame {
	const struct plot_axis *axis;
	double low, high; /* in the axis's own measure, see axis_measure */
};

static double axis_measure(const struct plot_axis *axis, double value)
{
	switch (axis->scale) {
	case PLOT_LINEAR:
		return value;
	case PLOT_TIME:
		return log10(value < 1 ? 1 : value);
	case PLOT_NINES:
		return -log10(value > 1 - 1e-9 ? 1e-9 : 1 - value);
	}
	return value;
}

static double frame_place(const struct frame *frame, double value)
{
	return (axis_measure(frame->axis, value) - frame->low) / (frame->high - frame->low);
}

static struct frame frame_of(const struct plot *plot, bool is_x)
{
	struct frame frame = {
			.axis = is_x ? &plot->x : &plot->y, .low = INFINITY, .high = -INFINITY};
	for (size_t i = 0; i < plot->curve_count; i++) {
		for (size_t k = 0; k < plot->curves[i].count; k++) {
			const struct plot_point *point = &plot->curves[i].points[k];
			double at = axis_measure(frame.axis, is_x ? point->x : point->y);
			frame.low = fmin(frame.low, at);
			frame.high = fmax(frame.high, at);
		}
	}
	if (frame.axis->scale == PLOT_LINEAR) {
		frame.low = 0;
		frame.high *= 1.05;
	}
	if (frame.axis->scale == PLOT_TIME) {
		frame.low = floor(frame.low);
		frame.high = ceil(frame.high);
	}
	if (!(frame.high > frame.low))
		frame.high = frame.low + 1;
	return frame;
}

/* ---- text ---- */

static void svg_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		default:
			fputc((unsigned char)*text < 0x20 ? '?' : *text, file);
		}
	}
}

static void svg_text(FILE *file, double x, double y, const char *attributes, const char *text)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	svg_escaped(file, text);
	fputs("</text>\n", file);
}

/* ---- ticks ---- */

static double x_pixel(double place)
{
	return LEFT + place * WIDTH;
}

static double y_pixel(double place)
{
	return TOP + (1 - place) * HEIGHT;
}

static void tick_draw(FILE *file, const struct frame *frame, bool is_x, double value,
		const char *label)
{
	double place = frame_place(frame, value);
	if (place < -1e-6 || place > 1 + 1e-6)
		return;
	double x = is_x ? x_pixel(place) : LEFT, y = is_x ? TOP + HEIGHT : y_pixel(place);
	fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n",
			x, y, is_x ? x : (double)LEFT + WIDTH, is_x ? (double)TOP : y);
	if (is_x)
		svg_text(file, x, y + 18, "text-anchor=\"middle\"", label);
	else
		svg_text(file, x - 8, y + 4, "text-anchor=\"end\"", label);
}

static void ticks_linear(FILE *file, const struct frame *frame, bool is_x)
{
	double step = pow(10, floor(log10(frame->high / 5)));
	while (frame->high / step > 10)
		step *= frame->high / step > 20 ? 5 : 2;
	for (double value = 0; value <= frame->high; value += step) {
		char label[32];
		snprintf(label, sizeof label, "%.10g", value);
		tick_draw(file, frame, is_x, value, label);
	}
}

static void ticks_time(FILE *file, const struct frame *frame, bool is_x)
{
	for (double decade = frame->low; decade <= frame->high; decade++) {
		char label[32];
		time_text(pow(10, decade), label, sizeof label);
		tick_draw(file, frame, is_x, pow(10, decade), label);
	}
}

static void ticks_nines(FILE *file, const struct frame *frame, bool is_x)
{
	static const struct {
		double part;
		const char *label;
	} ticks[] = {{0, "min"}, {0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"},
			{0.9999, "99.99 %"}, {0.99999, "99.999 %"}, {0.999999, "99.9999 %"}};
	for (size_t i = 0; i < ARRAY_LENGTH(ticks); i++)
		tick_draw(file, frame, is_x, ticks[i].part, ticks[i].label);
}

static void ticks_draw(FILE *file, const struct frame *frame, bool is_x)
{
	switch (frame->axis->scale) {
	case PLOT_LINEAR:
		ticks_linear(file, frame, is_x);
		return;
	case PLOT_TIME:
		ticks_time(file, frame, is_x);
		return;
	case PLOT_NINES:
		ticks_nines(file, frame, is_x);
		return;
	}
}

/* ---- curves ---- */

static void curve_style(FILE *file, size_t index)
{
	fprintf(file, "fill=\"none\" stroke-width=\"2\" stroke=\"%s\" stroke-dasharray=\"%s\"",
			colours[index % ARRAY_LENGTH(colours)],
			dashes[index / ARRAY_LENGTH(colours) % ARRAY_LENGTH(dashes)]);
}

static void curve_draw(FILE *file, const struct plot_curve *curve, size_t index,
		const struct frame *x, const struct frame *y)
{
	fputs("<polyline ", file);
	curve_style(file, index);
	fputs(" points=\"", file);
	for (size_t i = 0; i < curve->count; i++)
		fprintf(file, "%.1f,%.1f ", x_pixel(frame_place(x, curve->points[i].x)),
				y_pixel(frame_place(y, curve->points[i].y)));
	fputs("\"/>\n", file);
	double at = TOP + HEIGHT + 66 + (double)index * LEGEND_ROW;
	fprintf(file, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" ", LEFT, at - 4, LEFT + 34,
			at - 4);
	curve_style(file, index);
	fputs("/>\n", file);
	svg_text(file, LEFT + 44, at, "", curve->label);
}

static void plot_draw(const struct plot *plot, FILE *file)
{
	const struct frame x = frame_of(plot, true), y = frame_of(plot, false);
	int height = TOP + HEIGHT + 80 + (int)plot->curve_count * LEGEND_ROW;
	fprintf(file,
			"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
			"viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
			"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
			LEFT + WIDTH + 60, height, LEFT + WIDTH + 60, height);
	svg_text(file, LEFT, 28, "font-size=\"17\" font-weight=\"bold\"", plot->title);
	svg_text(file, LEFT, 48, "fill=\"#555\"", plot->subtitle);
	ticks_draw(file, &x, true);
	ticks_draw(file, &y, false);
	fprintf(file,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
			"stroke=\"#333\"/>\n",
			LEFT, TOP, WIDTH, HEIGHT);
	svg_text(file, LEFT + WIDTH / 2, TOP + HEIGHT + 40, "text-anchor=\"middle\"",
			plot->x.label);
	char turned[80];
	snprintf(turned, sizeof turned, "text-anchor=\"middle\" transform=\"rotate(-90 18 %d)\"",
			TOP + HEIGHT / 2);
	svg_text(file, 18, TOP + HEIGHT / 2, turned, plot->y.label);
	for (size_t i = 0; i < plot->curve_count; i++)
		curve_draw(file, &plot->curves[i], i, &x, &y);
	fputs("</svg>\n", file);
}

bool plot_write(const struct plot *plot, const char *path, struct sv_error *error)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return sv_fail_errno(error, "cannot write %s", path);
	plot_draw(plot, file);
	bool written = !ferror(file);
	if (fclose(file) == 0 && written)
		return true;
	return sv_fail_errno(error, "cannot write %s", path);
}

bool plot_results(const struct results *results, const char *title, const char *subtitle,
		const char *path, struct sv_error *error)
{
	size_t count = results->count;
	struct plot_curve *curves = calloc(count + 1, sizeof *curves);
	struct plot_point *points = calloc(count * CURVE_POINTS + 1, sizeof *points);
	bool done = curves && points;
	for (size_t i = 0; done && i < count; i++) {
		const struct result_row *row = &results->rows[i];
		curves[i] = (struct plot_curve){.points = &points[i * CURVE_POINTS],
				.count = row->curve_count};
		snprintf(curves[i].label, sizeof curves[i].label, "%s, %u thread%s",
				result_name(row), row->threads, row->threads == 1 ? "" : "s");
		for (unsigned k = 0; k < row->curve_count; k++)
			curves[i].points[k] = (struct plot_point){
					1 - pow(10, -(double)k / CURVE_DENSITY), row->curve[k]};
	}
	const struct plot plot = {.title = title,
			.subtitle = subtitle,
			.x = {"part of all samples that took no longer", PLOT_NINES},
			.y = {"time (logarithmic)", PLOT_TIME},
			.curves = curves,
			.curve_count = count};
	done = done ? plot_write(&plot, path, error)
		    : sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a chart");
	free(curves);
	free(points);
	return done;
}
