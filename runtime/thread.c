/*
 * thread.c: threads that run guests.
 */
#include "runtime/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/engine.h"
#include "runtime/signals.h"

__thread struct thread *thread_current;

/* Its destructor leaves for threads that end without sv_thread_leave. */
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static bool thread_key_made;

/* Numbers threads, so that the numbers of their calls differ. */
static _Atomic uint64_t thread_count;

/* Calls of one thread before its numbers could meet the next thread's: 2^40. */
static const unsigned thread_call_bits = 40;

static void signal_stack_finish(struct thread *thread)
{
	sigaltstack(&thread->foreign_stack, NULL);
	munmap(thread->signal_stack, thread->signal_stack_size);
}

static void thread_finish(void *data)
{
	struct thread *thread = data;
	deadline_thread_leave(thread);
	thread_current = NULL;
	pthread_sigmask(SIG_SETMASK, &thread->foreign_mask, NULL);
	signal_stack_finish(thread);
	free(thread);
}

static void thread_key_make(void)
{
	thread_key_made = pthread_key_create(&thread_key, thread_finish) == 0;
}

/* A signal frame with all vector registers, and room for nested and foreign handlers. */
static size_t signal_stack_need(void)
{
	const size_t handlers = 64 * 1024;
	size_t frame = (size_t)getauxval(AT_MINSIGSTKSZ);
	if (frame < (size_t)MINSIGSTKSZ)
		frame = (size_t)MINSIGSTKSZ;
	return (frame + handlers + SV_HOST_PAGE - 1) & ~(size_t)(SV_HOST_PAGE - 1);
}

/* Pages above a guard page. */
static bool signal_stack_init(struct thread *thread, struct sv_error *error)
{
	size_t need = signal_stack_need();
	size_t size = need + SV_HOST_PAGE;
	char *mapping = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED)
		return sv_fail_errno(error, "cannot map a signal stack of %zu bytes", size);
	stack_t stack = {.ss_sp = mapping + SV_HOST_PAGE, .ss_size = need};
	if (mprotect(stack.ss_sp, need, PROT_READ | PROT_WRITE) != 0 ||
			sigaltstack(&stack, &thread->foreign_stack) != 0) {
		sv_fail_errno(error, "cannot install a signal stack of %zu bytes", need);
		munmap(mapping, size);
		return false;
	}
	thread->signal_stack = mapping;
	thread->signal_stack_size = size;
	return true;
}

/* A blocked fault would kill the process, a blocked timer could not end a guest. */
static void thread_unblock_signals(struct thread *thread)
{
	sigset_t needed;
	signals_list(&needed);
	pthread_sigmask(SIG_UNBLOCK, &needed, &thread->foreign_mask);
}

bool sv_thread_enter(struct sv_engine *engine, struct sv_error *error)
{
	if (thread_current)
		return true;
	pthread_once(&thread_key_once, thread_key_make);
	if (!thread_key_made)
		return sv_fail(error, SV_ERROR_SYSTEM, "no thread-specific key is left");
	struct thread *thread = calloc(1, sizeof *thread);
	if (!thread)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a thread's record");
	thread->engine = engine;
	thread->handle = pthread_self();
	uint64_t number = atomic_fetch_add(&thread_count, 1);
	thread->number = (uint32_t)number;
	thread->last_call = number << thread_call_bits;
	if (!signal_stack_init(thread, error)) {
		free(thread);
		return false;
	}
	if (!deadline_thread_enter(thread, error)) {
		signal_stack_finish(thread);
		free(thread);
		return false;
	}
	thread_current = thread;
	thread_unblock_signals(thread);
	pthread_setspecific(thread_key, thread);
	return true;
}

void sv_thread_leave(struct sv_engine *engine)
{
	struct thread *thread = thread_current;
	if (!thread || thread->engine != engine)
		return;
	check(!thread->store);
	pthread_setspecific(thread_key, NULL);
	thread_finish(thread);
}
