/*
 * top_sample.h: what a server has counted of its deployments, and what that is a second between two
 * looks at it.
 */
#ifndef SELVAGE_CLI_TOP_SAMPLE_H
#define SELVAGE_CLI_TOP_SAMPLE_H

#include "cli/client.h"

/* Upper ends of the buckets of latencies that a server may have. */
#define TOP_BUCKETS_MOST 64u

/* One deployment. Rates are since the look before, the other numbers of now. */
struct top_row {
	char name[64];
	double requests, errors; /* a second; answers with a status of 500 or more */
	double p50, p99;         /* milliseconds; negative: there was no request */
	uint64_t traps, loads, limited; /* since the server began */
	uint64_t used, slots; /* requests being answered, instances that there are */
	uint64_t memory;      /* bytes */
};

struct top_view {
	struct top_row *rows; /* owned; the busiest first */
	size_t count;
	double requests; /* of all, a second */
	uint64_t used;
};

/* Ask the server; the answer, checked, is the caller's to release. */
SV_MUST_USE bool top_ask(struct client *client, json_t **sample, struct sv_error *error);

/* What happened between two answers. */
SV_MUST_USE bool top_compare(const json_t *before, const json_t *after, struct top_view *view,
		struct sv_error *error);

void top_view_finish(struct top_view *view);

/* The view as an object; NULL: there is no memory. */
json_t *top_json(const struct top_view *view);

#endif
