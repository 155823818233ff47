/*
 * outbound.c: see outbound.h.
 */
#include "host/outbound.h"

#include "runtime/selvage.h"

/* End the guest: it returns from its host function to nowhere. */
static bool outbound_refuse(struct host_call *call, struct sv_error *error, const char *name,
		uint64_t most, const char *what)
{
	sv_fail(error, SV_ERROR_LIMIT, "limit %s: more than %llu %s", name,
			(unsigned long long)most, what);
	host_outcome_set(call->outcome, HOST_OUTBOUND, "limit %s: more than %llu %s", name,
			(unsigned long long)most, what);
	sv_store_interrupt(call->store);
	return false;
}

bool host_outbound_enter(struct host_call *call, struct sv_error *error)
{
	const struct host_outbound *limits = call->guest->outbound;
	if (!limits)
		return true;
	if (limits->requests && call->outbound_requests >= limits->requests)
		return outbound_refuse(call, error, "outbound", limits->requests,
				"requests to elsewhere");
	unsigned before = atomic_fetch_add(limits->under_way, 1);
	if (limits->at_once && before >= limits->at_once) {
		atomic_fetch_sub(limits->under_way, 1);
		return outbound_refuse(call, error, "outbound_concurrency", limits->at_once,
				"requests to elsewhere at once");
	}
	call->outbound_requests++;
	return true;
}

void host_outbound_leave(const struct host_outbound *outbound)
{
	if (outbound)
		atomic_fetch_sub(outbound->under_way, 1);
}

bool host_outbound_carry(struct host_call *call, size_t bytes, struct sv_error *error)
{
	const struct host_outbound *limits = call->guest->outbound;
	if (!limits)
		return true;
	call->outbound_bytes += bytes;
	if (!limits->bytes || call->outbound_bytes <= limits->bytes)
		return true;
	return outbound_refuse(call, error, "outbound_bytes", limits->bytes,
			"bytes to and from elsewhere");
}

bool host_outbound_hold(const struct host_outbound *outbound, size_t before, size_t now)
{
	if (!outbound || !outbound->held || before == now)
		return true;
	size_t total = atomic_fetch_add(outbound->held, now - before) + (now - before);
	return now < before || !outbound->memory || total <= outbound->memory;
}

void host_outbound_overflow(struct host_call *call, struct sv_error *error)
{
	(void)!outbound_refuse(call, error, "outbound_memory", call->guest->outbound->memory,
			"bytes of requests to elsewhere under way");
}
