/*
 * call.c: calls into a guest, and how they end in the server's terms.
 */
#include "host/host.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "runtime/selvage_serve.h"

uint64_t host_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Names come from the module: what could end a log line or steer a terminal becomes '?'. */
static void frame_name_clean(char *name)
{
	for (; *name; name++) {
		if (!isprint((unsigned char)*name))
			*name = '?';
	}
}

/* The innermost frames, as many as fit: "fib+0x12 <- main <- _start". */
static void outcome_add_frames(struct host_outcome *outcome, const struct sv_trap_info *trap)
{
	size_t at = 0;
	const size_t size = sizeof outcome->frames;
	for (uint32_t i = 0; i < trap->frame_count && i < 8; i++) {
		const struct sv_frame *frame = &trap->frames[i];
		char name[64];
		if (frame->name_length)
			snprintf(name, sizeof name, "%.*s",
					(int)(frame->name_length < 60 ? frame->name_length : 60),
					frame->name);
		else
			snprintf(name, sizeof name, "function %u", frame->function);
		frame_name_clean(name);
		int length = snprintf(outcome->frames + at, size - at, "%s%s+0x%x",
				at ? " <- " : "", name, frame->code_offset);
		if (length < 0 || (size_t)length >= size - at) {
			outcome->frames[at] = '\0'; /* a frame that does not fit is left out */
			return;
		}
		at += (size_t)length;
	}
}

static void outcome_of_trap(const struct host_call *call)
{
	const struct sv_trap_info *trap = sv_store_trap(call->store);
	check(trap != NULL);
	/* The deadline passed in a call that a host function made. */
	if (trap->kind == SV_TRAP_DEADLINE)
		host_outcome_set(call->outcome, HOST_TIMED_OUT, "%s", trap->text);
	if (sv_store_hit_memory_limit(call->store))
		host_outcome_set(call->outcome, HOST_MEMORY,
				"memory limit of %llu bytes reached, then trap: %s",
				(unsigned long long)call->guest->max_memory, trap->text);
	host_outcome_set(call->outcome, HOST_TRAPPED, "trap: %s", trap->text);
	call->outcome->trap = trap->kind;
	outcome_add_frames(call->outcome, trap);
}

static void outcome_of_exit(const struct host_call *call)
{
	int32_t code = sv_store_exit_code(call->store);
	if (code == 0)
		return;
	if (sv_store_hit_memory_limit(call->store))
		host_outcome_set(call->outcome, HOST_MEMORY,
				"memory limit of %llu bytes reached, then exit code %d",
				(unsigned long long)call->guest->max_memory, code);
	host_outcome_set(call->outcome, HOST_EXITED, "exit code %d", code);
}

/* Put the end of a call into the outcome; true if the guest did its part. */
static bool outcome_of_call(const struct host_call *call, enum sv_outcome ended,
		const struct sv_error *error)
{
	const struct sv_trap_info *trap;
	switch (ended) {
	case SV_RETURNED:
		break;
	case SV_TRAPPED:
		outcome_of_trap(call);
		break;
	case SV_EXITED:
		outcome_of_exit(call);
		break;
	case SV_TIMED_OUT:
		host_outcome_set(call->outcome, HOST_TIMED_OUT, "deadline exceeded");
		trap = sv_store_trap(call->store);
		if (trap)
			outcome_add_frames(call->outcome, trap);
		break;
	case SV_REFUSED:
	case SV_SUSPENDED: /* these two are no ends */
	case SV_PREEMPTED:
		host_outcome_set(call->outcome, HOST_FAILED, "%s", error->text);
		break;
	}
	return call->outcome->ending == HOST_ANSWERED;
}

/* The instance has started: call what is to be called. */
static enum sv_outcome call_entry(struct host_call *call, struct sv_error *error)
{
	const char *name = call->entry;
	struct sv_funcref *function = sv_instance_function(sv_store_instance(call->store), name);
	union sv_value none;
	call->entry = call->then;
	call->then = NULL;
	if (function)
		return sv_call(call->store, function, ":", &none, error);
	sv_fail(error, SV_ERROR_LINK, "no function \"%s\" is exported", name);
	return SV_REFUSED;
}

/* The guest was left: call the next function, or end, or neither. */
static bool call_was_left(struct host_call *call, enum sv_outcome ended, struct sv_error *error)
{
	while (ended == SV_RETURNED && call->entry)
		ended = call_entry(call, error);
	if (ended == SV_PREEMPTED || (ended == SV_SUSPENDED && call->wake))
		return false;
	bool has_ended_well = outcome_of_call(call, ended, error);
	call->abi->end(call, has_ended_well);
	return true;
}

uint64_t host_call_ran(const struct host_call *call)
{
	return call->ran + (host_now() - call->turn_began);
}

/* The same at the end of a turn. */
static bool turn_was_left(struct host_call *call, enum sv_outcome ended, struct sv_error *error)
{
	bool is_over = call_was_left(call, ended, error);
	call->ran = host_call_ran(call);
	return is_over;
}

bool host_call_begin(struct host_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	call->ran = 0;
	call->outbound_requests = call->outbound_bytes = 0;
	call->turn_began = host_now();
	call->calls_again = false;
	call->then = NULL;
	call->entry = call->abi->begin(call);
	return !call->entry || turn_was_left(call, sv_pool_start(call->store, &error), &error);
}

bool host_call_go_on(struct host_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	/* What those that sleep wait for gives an error number. */
	union sv_value result = {.i32 = 0};
	bool calls_again = call->calls_again;
	call->wake = 0;
	call->turn_began = host_now();
	call->calls_again = false;
	if (calls_again)
		return turn_was_left(call, sv_resume_call(call->store, &error), &error);
	if (call->abi->go_on && !call->abi->go_on(call, &result))
		return false;
	return turn_was_left(call, sv_resume(call->store, &result, &error), &error);
}

void host_call_cancel(struct host_call *call, enum host_ending ending, const char *reason)
{
	host_outcome_set(call->outcome, ending, "%s", reason);
	call->abi->end(call, false);
}
