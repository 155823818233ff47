/*
 * deadline.h: end guests that run too long, without code in the guest.
 *
 * One watchdog thread per engine sleeps until the earliest deadline. While a call that
 * should end has not, it sends SIGURG to the thread every millisecond. The handler
 * (signals.c) ends the guest at once if the thread is in guest code, and else leaves a
 * note in switch_state.pending that is read when the host returns to the guest. A note
 * can come too late for that, hence the repetition.
 */
#ifndef SELVAGE_RUNTIME_DEADLINE_H
#define SELVAGE_RUNTIME_DEADLINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/layout.h"
#include "base/check.h"
#include "base/error.h"

struct thread;
struct sv_store;

struct watchdog {
	pthread_t thread;
	pthread_mutex_t lock; /* of `threads`, and for `changed` */
	pthread_cond_t changed;
	struct thread *threads;
	_Atomic uint64_t wake; /* when it looks again, CLOCK_MONOTONIC. Partner: thread.deadline */
	bool ended;            /* under the lock */
};

/* Start the watchdog thread. */
SV_MUST_USE bool watchdog_start(struct watchdog *watchdog, struct sv_error *error);

/* End it; no thread may be registered. */
void watchdog_stop(struct watchdog *watchdog);

void watchdog_add(struct watchdog *watchdog, struct thread *thread);
void watchdog_remove(struct watchdog *watchdog, struct thread *thread);

/* Have the watchdog end the call that an interrupt was meant for but could not find yet. */
void deadline_stop(struct thread *thread, uint64_t call);

/* The thread's call gets `deadline` (0: none). */
void deadline_arm(struct thread *thread, uint64_t deadline);

/* Why the thread's call should end now, or SV_TRAP_NONE. async-signal-safe */
enum sv_trap deadline_verdict(const struct thread *thread);

#endif
