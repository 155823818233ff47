/*
 * thread.h: what each thread that runs guests has: its signal stack, and the record through
 * which its timer and other threads find it.
 */
#ifndef SELVAGE_RUNTIME_THREAD_H
#define SELVAGE_RUNTIME_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "runtime/selvage.h"

/*
 * The running call as its handler and other threads see it. `call` is 0 while none runs and
 * different for each call of the process, so that a signal that comes late finds nothing to end.
 */
struct thread {
	struct sv_engine *engine;
	struct sv_store *store; /* whose guest runs (or called the host) on this thread, or NULL */
	uint32_t number; /* of the thread, counted from 0 */
	uint32_t depth; /* activations on this thread */
	_Atomic uint64_t call;
	/* Of the call, for the thread and its handler only; 0: none. Times of CLOCK_MONOTONIC. */
	uint64_t deadline;
	uint64_t turn_end; /* when others should have a turn */
	uint64_t cpu_end;  /* of the thread's CPU time */
	uint64_t cpu_look; /* when to look at that */
	uint64_t armed;	   /* what the timer is set to, or earlier than that */
	timer_t timer;
	uint32_t refires; /* for the same call */
	_Atomic uint64_t stopped;  /* the call that sv_store_interrupt wants to end */
	uint64_t last_call;        /* makes `call` unique: number of the thread, counter */
	pthread_t handle;
	void *signal_stack; /* owned mapping, guard page first */
	size_t signal_stack_size;
	stack_t foreign_stack; /* what the thread had before, to give back, */
	sigset_t foreign_mask; /* as this */
	bool is_masked; /* a guest was left from the timer's handler: its signal is blocked */
	struct thread *next; /* in the engine's list, under its lock */
};

/*
 * Record of the calling thread, NULL before sv_thread_enter. Initial-exec: reading it in a
 * signal handler must not allocate.
 */
extern __thread struct thread *thread_current
		__attribute__((tls_model("initial-exec"), visibility("hidden")));

#endif
