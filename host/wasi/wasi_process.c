/*
 * wasi_process.c: how a guest ends itself or gives way. A signal it raises either has no
 * effect or ends it with a trap, as the signal's default action says (wasi_signals.def);
 * preview 1 has no handlers.
 */
#include "host/wasi/wasi_call.h"

#include <sched.h>

#include "base/check.h"

enum { IGNORED = 0, ENDS = 1 };

static const struct {
	const char *name;
	bool ends;
} signals[] = {
#define WASI_SIGNAL(number, name, effect) [number] = {#name, effect},
#include "host/wasi/wasi_signals.def"
#undef WASI_SIGNAL
};

enum wasi_errno wasi_proc_exit(struct wasi_call *call, const union sv_value *arguments)
{
	sv_caller_set_exit(call->caller, arguments[0].i32);
	call->result = SV_HOST_EXIT;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_proc_raise(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t signal = wasi_u32(arguments, 0);
	if (signal >= ARRAY_LENGTH(signals))
		return WASI_ERRNO_INVAL;
	if (!signals[signal].ends)
		return WASI_ERRNO_SUCCESS;
	sv_caller_set_trap(call->caller, SV_TRAP_HOST, "the guest raised signal %s",
			signals[signal].name);
	call->result = SV_HOST_TRAP;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_sched_yield(struct wasi_call *call, const union sv_value *arguments)
{
	(void)call;
	(void)arguments;
	sched_yield();
	return WASI_ERRNO_SUCCESS;
}
