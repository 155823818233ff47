/*
 * switch.h: enter guest code on its own stack and come back. One implementation
 * per CPU in arch/<cpu>/.
 *
 * Host code and guest code never share a stack. While a guest is entered, `host_sp`
 * is the host's stack at the place of entry; helpers and host functions that the guest
 * calls run below it, so that the frames of a guest are all on the guest stack and can
 * be abandoned from anywhere by going back to `host_sp`.
 */
#ifndef SELVAGE_RUNTIME_ARCH_SWITCH_H
#define SELVAGE_RUNTIME_ARCH_SWITCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"
#include "base/check.h"

/* What a frame pointer points to, in compiled code and in the stubs of the switch. */
struct guest_frame {
	struct guest_frame *caller; /* NULL: the outermost frame of its activation */
	uintptr_t return_address;
};

/* First member of the store: the part of it that the assembly knows. */
struct switch_state {
	void *host_sp;                   /* NULL: no guest is entered */
	struct guest_frame *guest_frame; /* of the stub through which the guest called the host */
	_Atomic uint32_t pending; /* what to do when the guest is next returned to; 0: go on */
};

/* Of `pending`: end the guest (enum sv_trap), or leave it to be resumed: others' turn, a wait. */
#define SWITCH_PENDING_TRAP 0xffffu
#define SWITCH_PENDING_TURN 0x10000u
#define SWITCH_PENDING_WAIT 0x20000u

/*
 * Run entry(context, code, values) on the guest stack that grows down from `guest_sp`
 * (16-aligned). 0 if the code returned, else what switch_leave was given. Keeps the
 * callee-saved registers and the floating-point control words of the host in both cases;
 * the guest starts with default rounding.
 */
int switch_enter(struct switch_state *state, void *guest_sp, sv_entry_stub entry, void *context,
		void *code, union sv_value *values);

/*
 * Abandon the guest: make the switch_enter that set `host_sp` return `outcome` (not 0).
 * From host functions, helpers and signal handlers. async-signal-safe
 */
SV_NORETURN void switch_leave(void *host_sp, int outcome);

/*
 * Go on in a guest that was left where a host function or helper returns to it; its stub's
 * frame is in `state`. As switch_enter otherwise.
 */
int switch_resume(struct switch_state *state);

/* The same for a host function, which is called again first. */
int switch_resume_call(struct switch_state *state, struct sv_host_row *row, union sv_value *values);

/*
 * Go on in a guest that was left by a signal. The `size` bytes at `frame` are what
 * fault_frame_save kept; they are not changed.
 */
int switch_resume_frame(struct switch_state *state, const void *frame, size_t size);

/* Stubs of helpers.def in its order: what sv_context.helpers points to. */
extern const sv_helper_code switch_helpers[SV_HELPER_COUNT];

/* Stub to put in sv_host_row.enter: runs host_call_run on the host's stack. */
void switch_host_stub(struct sv_host_row *row, union sv_value *values);

/*
 * The stubs touch the guest stack in their first instruction only as far as they need;
 * a fault there is the guest's stack overflow. async-signal-safe
 */
extern const char switch_stubs_start[], switch_stubs_end[];

#endif
