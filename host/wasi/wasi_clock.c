/*
 * wasi_clock.c: clock_res_get, clock_time_get.
 */
#include "host/wasi/wasi_clock.h"

#include "base/check.h"
#include "host/wasi/wasi_call.h"
#include "host/wasi/wasi_stat.h"

/*
 * The process of a guest is its instance, which runs on one thread; the host's process may
 * run others, whose CPU time would be a side channel. So both CPU clocks are the thread's.
 */
static const clockid_t host_clocks[] = {
		[WASI_CLOCK_REALTIME] = CLOCK_REALTIME,
		[WASI_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
		[WASI_CLOCK_PROCESS_CPUTIME] = CLOCK_THREAD_CPUTIME_ID,
		[WASI_CLOCK_THREAD_CPUTIME] = CLOCK_THREAD_CPUTIME_ID,
};

bool wasi_clock_of_guest(uint32_t id, clockid_t *clock)
{
	if (id >= ARRAY_LENGTH(host_clocks))
		return false;
	*clock = host_clocks[id];
	return true;
}

uint64_t wasi_clock_now(clockid_t clock)
{
	struct timespec time;
	check(clock_gettime(clock, &time) == 0);
	return wasi_time_of_host(time);
}

enum wasi_errno wasi_clock_time_get(struct wasi_call *call, const union sv_value *arguments)
{
	clockid_t clock;
	if (!wasi_clock_of_guest(wasi_u32(arguments, 0), &clock))
		return WASI_ERRNO_INVAL;
	if (!wasi_put_u64(call, wasi_u32(arguments, 2), wasi_clock_now(clock)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_clock_res_get(struct wasi_call *call, const union sv_value *arguments)
{
	clockid_t clock;
	struct timespec resolution;
	if (!wasi_clock_of_guest(wasi_u32(arguments, 0), &clock))
		return WASI_ERRNO_INVAL;
	check(clock_getres(clock, &resolution) == 0);
	if (!wasi_put_u64(call, wasi_u32(arguments, 1), wasi_time_of_host(resolution)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}
