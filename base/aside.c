/*
 * aside.c: see aside.h.
 */
#include "base/aside.h"

#include <signal.h>
#include <stddef.h>

/* The kernel kills a process whose thread has one of these blocked and causes it. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

int aside_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *),
		void *data)
{
	sigset_t others, before;
	sigfillset(&others);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&others, faults[i]);
	/* A new thread has the mask of the one that makes it. */
	pthread_sigmask(SIG_BLOCK, &others, &before);
	int result = pthread_create(thread, attributes, main, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
