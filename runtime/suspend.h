/*
 * suspend.h: guests that are left and resumed later, on any thread: by a host function that
 * waits for something, or because others should have a turn. They keep their stack and memory,
 * and no thread.
 */
#ifndef SELVAGE_RUNTIME_SUSPEND_H
#define SELVAGE_RUNTIME_SUSPEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/arch/switch.h"

struct fault_place;
struct host_row;
struct sv_store;
struct thread;

enum suspended_at {
	SUSPENDED_NOWHERE = 0, /* the store is not suspended */
	SUSPENDED_IN_HOST,     /* a host function wants its results from sv_resume */
	SUSPENDED_BEHIND_HOST, /* a host function or helper has returned */
	SUSPENDED_BY_SIGNAL,   /* anywhere in compiled code */
};

/* A suspended guest; in its store. */
struct suspension {
	enum suspended_at at;
	struct guest_frame *guest_frame; /* IN_HOST, BEHIND_HOST */
	struct host_row *row;            /* IN_HOST: the function, */
	union sv_value *values;          /* where its results go, on the guest's stack, */
	size_t roots_before;             /* and the roots in use without its arguments */
	size_t roots;                    /* in use */
	void *exception;                 /* that was being thrown, or NULL */
	void *frame;		     /* BY_SIGNAL: owned, allocated when there is a quantum */
	size_t frame_room, frame_size;
};

/* May the guest that runs in the store be left so? Not one that is called by a host function. */
bool suspend_is_possible(const struct sv_store *store);

/* A host function suspends its guest: noted, to be done when it returns. */
void suspend_in_host(struct sv_store *store, struct host_row *row, union sv_value *values,
		size_t roots_before);

/* Leave the guest for what is in state.pending: how, or with a trap. Called by the switch. */
int suspend_leave_pending(struct sv_store *store);

/* The turn is over while the guest runs compiled code: false if it goes on. async-signal-safe */
bool suspend_by_signal(struct sv_store *store, const void *ucontext);

/* After the guest was left: keep what the activation is about to put back. */
void suspend_keep(struct sv_store *store);

/* Whether a host function wants results: it may be called again instead. */
bool suspend_is_in_host(const struct sv_store *store);

/* Check what sv_resume was given and put it in place. */
SV_MUST_USE bool suspend_take_results(struct sv_store *store, const union sv_value *results,
		struct sv_error *error);

/* Go on, or call the host function again; as switch_enter. In an activation. */
int suspend_resume(struct sv_store *store, const struct thread *thread);
int suspend_call_again(struct sv_store *store);

/* Forget the guest. */
void suspend_drop(struct sv_store *store);

#endif
