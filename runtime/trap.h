/*
 * trap.h: how a guest that cannot go on is left.
 */
#ifndef SELVAGE_RUNTIME_TRAP_H
#define SELVAGE_RUNTIME_TRAP_H

#include "base/check.h"
#include "runtime/arch/fault.h"
#include "runtime/store.h"

/* Leave the guest that called the host with this trap; `text` NULL means the text of the kind. */
SV_NORETURN void trap_raise(struct sv_store *store, enum sv_trap kind, const char *text);

/* The trap that the guest is to end with when it is next returned to, or SV_TRAP_NONE. */
static inline enum sv_trap trap_pending(const struct sv_store *store)
{
	return (enum sv_trap)(atomic_load_explicit(&store->state.pending, memory_order_relaxed) &
			SWITCH_PENDING_TRAP);
}

/* Leave the guest that called the host with SV_EXITED. */
SV_NORETURN void trap_exit(struct sv_store *store, int32_t code);

/* Leave the guest for the trap in state.pending. */
SV_NORETURN void trap_leave_pending(struct sv_store *store);

/*
 * Record a trap of guest code interrupted at `place`; the caller then leaves with the outcome
 * that is returned. async-signal-safe
 */
enum sv_outcome trap_record(struct sv_store *store, enum sv_trap kind,
		const struct fault_place *place);

/* Text of the traps of kind SV_TRAP_MEMORY_LIMIT that are the system's. */
extern const char trap_refused_text[];

/* Record a trap that happened in no guest code, while instantiating. */
void trap_record_outside(struct sv_store *store, enum sv_trap kind);

/*
 * True if what faulted at `address` was a write to a closed page of a leased memory, by
 * whomever, or an access to the closed part of the guest's stack, and can be done now.
 * async-signal-safe
 */
bool trap_is_closed_page(struct sv_store *store, const struct fault_place *place,
		uintptr_t address);

/* What a fault of guest code means. */
enum fault_class {
	FAULT_FOREIGN, /* not the guest's: somebody else's handler should see it */
	FAULT_TRAP,    /* recorded: leave the guest */
	FAULT_BUG,     /* of our own: the process must end */
};

/*
 * Classify a fault on a thread that runs `store`; FAULT_TRAP has recorded it.
 * async-signal-safe
 */
enum fault_class trap_classify(struct sv_store *store, int signal, const void *info,
		const struct fault_place *place);

#endif
