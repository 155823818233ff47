/*
 * outbound.h: limits on what guests ask elsewhere. One that goes over a limit is ended, and its
 * answer names the limit.
 */
#ifndef SELVAGE_HOST_OUTBOUND_H
#define SELVAGE_HOST_OUTBOUND_H

#include <stdatomic.h>

#include "host/host.h"

/* 0: no limit. */
struct host_outbound {
	uint64_t requests;  /* of one call, redirects counted */
	uint64_t bytes;     /* of bodies, to and fro, of one call */
	uint64_t at_once;   /* requests of all calls that share `under_way` */
	uint64_t memory;    /* bytes that the requests of all calls that share `held` take */
	atomic_uint *under_way; /* borrowed; those that there are now */
	atomic_size_t *held;    /* the same; NULL: they are not counted */
};

/*
 * The call begins a request; host_outbound_leave is called when that is over. False: it may not,
 * with the limit in `error` and in the call's outcome. The guest's thread, within its turn.
 */
SV_MUST_USE bool host_outbound_enter(struct host_call *call, struct sv_error *error);
void host_outbound_leave(const struct host_outbound *outbound);

/* So many bytes more. False as above. */
SV_MUST_USE bool host_outbound_carry(struct host_call *call, size_t bytes, struct sv_error *error);

/*
 * Requests take so many bytes of memory instead of that many. False: they may not; who is told of
 * that in a turn of the guest calls host_outbound_overflow. Any thread.
 */
SV_MUST_USE bool host_outbound_hold(const struct host_outbound *outbound, size_t before,
		size_t now);
void host_outbound_overflow(struct host_call *call, struct sv_error *error);

#endif
