/*
 * gate.c: see gate.h. The rate is a token bucket that is kept as one time, when it will be full
 * again (the generic cell rate algorithm of ATM): a request moves it on by one interval, and is
 * refused if it is more than a bucket ahead.
 */
#include "platform/gate.h"

#include <inttypes.h>
#include <stdio.h>

static const uint64_t second = UINT64_C(1000000000);

static bool gate_rate(struct gate *gate, const struct caps *caps, uint64_t now,
		struct gate_refusal *refusal)
{
	uint64_t interval = second / caps->rate;
	uint64_t room = interval * (caps->burst ? caps->burst : caps->rate);
	uint64_t due = atomic_load(&gate->due);
	for (;;) {
		uint64_t next = (due > now ? due : now) + interval;
		if (next - now > room) {
			uint64_t wait = next - now - room;
			refusal->status = 429;
			refusal->retry = (unsigned)((wait + second - 1) / second);
			snprintf(refusal->text, sizeof refusal->text,
					"limit rate: more than %" PRIu64 " requests a second",
					caps->rate);
			return false;
		}
		if (atomic_compare_exchange_weak(&gate->due, &due, next))
			return true;
	}
}

static bool gate_refuse(struct gate_refusal *refusal, int status, const char *name, uint64_t most,
		const char *what)
{
	refusal->status = status;
	refusal->retry = status == 503;
	snprintf(refusal->text, sizeof refusal->text, "limit %s: more than %" PRIu64 " %s", name,
			most, what);
	return false;
}

bool gate_enter(struct gate *gate, const struct caps *caps, uint64_t body, uint64_t now,
		struct gate_refusal *refusal)
{
	if (caps->body && body > caps->body)
		return gate_refuse(refusal, 413, "body", caps->body, "bytes in a request");
	unsigned inside = atomic_fetch_add(&gate->inside, 1);
	if (caps->concurrency && inside >= caps->concurrency)
		gate_refuse(refusal, 503, "concurrency", caps->concurrency, "requests at once");
	else if (!caps->rate || gate_rate(gate, caps, now, refusal))
		return true;
	atomic_fetch_sub(&gate->inside, 1);
	return false;
}

void gate_leave(struct gate *gate)
{
	atomic_fetch_sub(&gate->inside, 1);
}
