/*
 * deadline.h: end guests that run too long, or give others a turn, without code in the guest.
 *
 * Each thread has a timer of the kernel's that sends it SIGURG. It is set when a call has a
 * deadline earlier than what it is set to; it is not set back when the call ends, so that calls
 * with later and later deadlines take no system call: when it fires too early, the handler sets
 * it again. The handler (signals.c) ends the guest at once if the thread is in guest code, and
 * else leaves a note in switch_state.pending, which is read when the host returns to the guest. A
 * note can come too late for that; so it fires again until the call is over.
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

/* The threads of an engine, for those who want to interrupt one. */
struct thread_list {
	pthread_mutex_t lock; /* taken alone */
	struct thread *first;
};

void thread_list_init(struct thread_list *list);

/* No thread may be left. */
void thread_list_finish(struct thread_list *list);

/* Make the calling thread's timer and put its record into the engine's list. */
SV_MUST_USE bool deadline_thread_enter(struct thread *thread, struct sv_error *error);
void deadline_thread_leave(struct thread *thread);

/* Nanoseconds of CLOCK_MONOTONIC. async-signal-safe */
uint64_t deadline_now(void);

/* Have the timer fire for the earliest of the thread's times, if it would not. async-signal-safe */
void deadline_arm(struct thread *thread);

/* From the handler: the timer may have fired; and what it is for could not be done yet. */
void deadline_fired(struct thread *thread);
void deadline_arm_again(struct thread *thread);
/* From the handler, when there was nothing to do. */
void deadline_arm_later(struct thread *thread);

/* CPU time that the calling thread has used, in nanoseconds. async-signal-safe */
uint64_t deadline_cpu_now(void);

/* An interrupt that could not find its call yet: have the calling thread end it. */
void deadline_stop(struct thread *thread, uint64_t call);

/* Why the thread's call should end now, or SV_TRAP_NONE. async-signal-safe */
enum sv_trap deadline_verdict(struct thread *thread);

/* True if the guest has had its turn. async-signal-safe */
bool deadline_turn_is_over(const struct thread *thread);
/* It cannot be ended now. async-signal-safe */
void deadline_postpone_turn(struct thread *thread);

#endif
