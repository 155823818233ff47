/*
 * top_sample.c: see top_sample.h.
 */
#include "cli/top_sample.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking ---- */

/* An array of as many numbers as a histogram may have. */
static bool are_numbers(const json_t *array, size_t most)
{
	size_t i;
	const json_t *item;
	bool is_good = json_is_array(array) && json_array_size(array) <= most;
	json_array_foreach((json_t *)(uintptr_t)array, i, item) is_good =
			is_good && json_is_number(item) && json_number_value(item) >= 0;
	return is_good;
}

static bool row_is_good(const json_t *row, size_t buckets)
{
	static const char *const numbers[] = {"requests", "server_errors", "traps", "loads",
			"limited", "in_flight", "slots", "memory"};
	const json_t *latencies = json_object_get(row, "latencies");
	if (!json_is_string(json_object_get(row, "name")) ||
			!are_numbers(latencies, TOP_BUCKETS_MOST + 1) ||
			json_array_size(latencies) != buckets + 1)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		const json_t *value = json_object_get(row, numbers[i]);
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return false;
	}
	return true;
}

bool top_ask(struct client *client, json_t **sample, struct sv_error *error)
{
	json_t *deployments, *bounds, *row;
	size_t i;
	TRY(client_send(client, "GET", NULL, sample, error, "/v1/metrics"));
	bool done = client_unpack_member(*sample, "deployments", JSON_ARRAY, &deployments, error) &&
			client_unpack_member(*sample, "bounds", JSON_ARRAY, &bounds, error);
	bool is_good = done && are_numbers(bounds, TOP_BUCKETS_MOST) &&
			json_is_number(json_object_get(*sample, "time"));
	if (is_good) {
		json_array_foreach(deployments, i, row) is_good =
				is_good && row_is_good(row, json_array_size(bounds));
	}
	if (done && !is_good)
		done = sv_fail(error, SV_ERROR_REMOTE, "the server's metrics are not of this API");
	if (!done) {
		json_decref(*sample);
		*sample = NULL;
	}
	return done;
}

/* ---- comparing ---- */

static uint64_t count_of(const json_t *row, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(row, key));
}

/* What was counted in between; a server that has begun again counts from 0. */
static uint64_t between(uint64_t before, uint64_t after)
{
	return after >= before ? after - before : after;
}

static uint64_t difference(const json_t *before, const json_t *after, const char *key)
{
	return between(before ? count_of(before, key) : 0, count_of(after, key));
}

static const json_t *row_find(const json_t *sample, const char *name)
{
	size_t i;
	const json_t *row;
	json_array_foreach(json_object_get(sample, "deployments"), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	}
	return NULL;
}

/*
 * The latency that this part of the requests did not exceed, in milliseconds: within its bucket, as
 * if they were spread evenly there. What is in the last, which has no end, is at its beginning.
 */
static double quantile(const uint64_t *counts, size_t count, const json_t *bounds, double part)
{
	uint64_t total = 0, below = 0;
	for (size_t i = 0; i < count; i++)
		total += counts[i];
	double wanted = part * (double)total;
	for (size_t i = 0; i < count; i++) {
		below += counts[i];
		if (!counts[i] || (double)below < wanted)
			continue;
		double from = i ? json_number_value(json_array_get(bounds, i - 1)) : 0;
		double to = i + 1 < count ? json_number_value(json_array_get(bounds, i)) : from;
		double inside = (wanted - (double)(below - counts[i])) / (double)counts[i];
		return (from + (to - from) * inside) * 1000;
	}
	return -1;
}

static void row_latencies(struct top_row *row, const json_t *before, const json_t *after,
		const json_t *bounds)
{
	uint64_t counts[TOP_BUCKETS_MOST + 1];
	const json_t *old = json_object_get(before, "latencies");
	const json_t *new = json_object_get(after, "latencies");
	size_t count = json_array_size(new);
	for (size_t i = 0; i < count; i++)
		counts[i] = between((uint64_t)json_number_value(json_array_get(old, i)),
				(uint64_t)json_number_value(json_array_get(new, i)));
	row->p50 = quantile(counts, count, bounds, 0.5);
	row->p99 = quantile(counts, count, bounds, 0.99);
}

static void row_make(struct top_row *row, const json_t *before, const json_t *after,
		const json_t *bounds, double seconds)
{
	snprintf(row->name, sizeof row->name, "%s",
			json_string_value(json_object_get(after, "name")));
	for (char *at = row->name; *at; at++)
		*at = isgraph((unsigned char)*at) ? *at : '?';
	row->requests = (double)difference(before, after, "requests") / seconds;
	row->errors = (double)difference(before, after, "server_errors") / seconds;
	row->traps = count_of(after, "traps");
	row->loads = count_of(after, "loads");
	row->limited = count_of(after, "limited");
	row->used = count_of(after, "in_flight");
	row->slots = count_of(after, "slots");
	row->memory = count_of(after, "memory");
	row_latencies(row, before, after, bounds);
}

static int row_order(const void *a, const void *b)
{
	const struct top_row *one = a, *other = b;
	if (one->requests != other->requests)
		return one->requests < other->requests ? 1 : -1;
	return strcmp(one->name, other->name);
}

bool top_compare(const json_t *before, const json_t *after, struct top_view *view,
		struct sv_error *error)
{
	const json_t *list = json_object_get(after, "deployments"), *row;
	const json_t *bounds = json_object_get(after, "bounds");
	size_t i;
	double seconds = json_number_value(json_object_get(after, "time")) -
			json_number_value(json_object_get(before, "time"));
	*view = (struct top_view){.rows = calloc(json_array_size(list) + 1, sizeof *view->rows)};
	if (!view->rows)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for so many deployments");
	if (seconds < 0.001)
		seconds = 0.001;
	json_array_foreach(list, i, row)
	{
		struct top_row *made = &view->rows[view->count++];
		const char *name = json_string_value(json_object_get(row, "name"));
		row_make(made, row_find(before, name), row, bounds, seconds);
		view->requests += made->requests;
		view->used += made->used;
	}
	qsort(view->rows, view->count, sizeof *view->rows, row_order);
	return true;
}

void top_view_finish(struct top_view *view)
{
	free(view->rows);
	*view = (struct top_view){0};
}

/* ---- as JSON ---- */

static json_t *latency_json(double milliseconds)
{
	return milliseconds < 0 ? json_null() : json_real(milliseconds);
}

json_t *top_json(const struct top_view *view)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < view->count; i++) {
		const struct top_row *row = &view->rows[i];
		json_t *item = json_pack("{s:s, s:f, s:f, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
				"name", row->name, "requests_per_second", row->requests,
				"errors_per_second", row->errors, "p50_ms", latency_json(row->p50),
				"p99_ms", latency_json(row->p99), "traps", (json_int_t)row->traps,
				"cold_starts", (json_int_t)row->loads, "limited",
				(json_int_t)row->limited, "in_flight", (json_int_t)row->used,
				"slots", (json_int_t)row->slots, "memory", (json_int_t)row->memory);
		if (!item || json_array_append_new(rows, item) != 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return json_pack("{s:f, s:I, s:o}", "requests_per_second", view->requests, "in_flight",
			(json_int_t)view->used, "deployments", rows);
}
