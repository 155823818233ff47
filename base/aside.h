/*
 * aside.h: threads beside the main one, which leave the process's signals to it.
 */
#ifndef SELVAGE_BASE_ASIDE_H
#define SELVAGE_BASE_ASIDE_H

#include <pthread.h>

/*
 * pthread_create(3), but the thread begins with all signals blocked, except those of faults: what
 * is sent to the process interrupts a wait of the main thread. `attributes` may be NULL. 0, or the
 * number of an error. From any thread.
 */
int aside_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *),
		void *data);

#endif
