/*
 * gate.h: which requests a deployment's limits let through. What is counted outlives versions.
 */
#ifndef SELVAGE_PLATFORM_GATE_H
#define SELVAGE_PLATFORM_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/caps.h"

/* All zero: nobody is inside. */
struct gate {
	_Atomic uint64_t due;  /* when the last request let through would be at a steady rate */
	atomic_uint inside;    /* requests being answered */
	atomic_uint outbound;  /* requests of its guests to elsewhere */
	atomic_size_t outbound_held; /* bytes that these take */
};

struct gate_refusal {
	int status;
	unsigned retry;  /* seconds after which it may be tried again */
	char text[120];  /* names the limit */
};

/*
 * May a request with a body of so many bytes begin at `now` (nanoseconds of CLOCK_MONOTONIC)? Then
 * it is inside until gate_leave. False with the answer.
 */
bool gate_enter(struct gate *gate, const struct caps *caps, uint64_t body, uint64_t now,
		struct gate_refusal *refusal);
void gate_leave(struct gate *gate);

#endif
