/*
 * metrics.h: what is counted of each deployment, and as text for Prometheus. Counted by whoever
 * sees it happen, on any thread, without a lock.
 */
#ifndef SELVAGE_PLATFORM_METRICS_H
#define SELVAGE_PLATFORM_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "host/host.h"
#include "platform/deployments.h"

/* Upper ends of the latency histogram are 100 us times powers of 2, up to 13 s; then infinity. */
#define METRICS_BUCKETS 18

/* Endings of host/endings.def. */
enum {
	METRICS_ENDINGS = 0
#define HOST_ENDING(name, status, meaning) +1
#include "host/endings.def"
#undef HOST_ENDING
};

/* Kinds of traps, by their numbers; 0 is none. */
enum {
	METRICS_TRAPS = 1
#define SV_TRAP_KIND(number, name, text) +1
#include "abi/traps.def"
#undef SV_TRAP_KIND
};

struct metrics {
	_Atomic uint64_t classes[6]; /* answers by the first digit of their status */
	_Atomic uint64_t endings[METRICS_ENDINGS];
	_Atomic uint64_t traps[METRICS_TRAPS];
	_Atomic uint64_t buckets[METRICS_BUCKETS + 1];
	_Atomic uint64_t micros; /* of all requests */
#define METRIC(field, name, help) _Atomic uint64_t field;
#define TIER_METRIC(field, name, help) _Atomic uint64_t field[TIER_RELEASE + 1]; /* by tier */
#include "platform/metrics.def"
#undef METRIC
#undef TIER_METRIC
};

static inline void metrics_add(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

/* Count a request that was answered with `status` after so many microseconds. */
void metrics_request(struct metrics *metrics, const struct host_outcome *outcome, int status,
		uint64_t micros);

/* Upper end of a bucket in seconds. */
double metrics_bound(unsigned bucket);

struct platform_state;

/*
 * Append the metrics of a tenant's deployments, of all if `tenant` is 0, in Prometheus' text
 * format.
 */
SV_MUST_USE bool metrics_text(struct platform_state *state, int64_t tenant, struct buffer *text,
		struct sv_error *error);

/* The same for programs of ours, as an object that is the caller's. NULL with `error`. */
struct json_t *metrics_json(struct platform_state *state, int64_t tenant, struct sv_error *error);

#endif
