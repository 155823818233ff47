/*
 * loop.h: the event loop of the server's one I/O thread: readiness of descriptors
 * (epoll, level-triggered) and timeouts. Timeouts of one kind all last equally long,
 * so each kind is a list in the order of deadlines and setting one is O(1).
 */
#ifndef SELVAGE_SERVER_LOOP_H
#define SELVAGE_SERVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct loop_source;
typedef void (*loop_ready)(struct loop_source *source, uint32_t events);

/* Something with a descriptor; part of its owner, who outlives the batch it is removed in. */
struct loop_source {
	int fd; /* borrowed; -1: not in the loop */
	uint32_t events;
	loop_ready ready;
};

struct timeout_list;

struct timeout {
	struct timeout *previous, *next;
	struct timeout_list *list; /* NULL: not set */
	uint64_t deadline;         /* nanoseconds of CLOCK_MONOTONIC */
};

typedef void (*timeout_expired)(struct timeout *timeout);

struct timeout_list {
	uint64_t duration; /* nanoseconds */
	struct timeout *first, *last;
	timeout_expired expired;
	struct timeout_list *next; /* in the loop */
};

struct loop {
	int epoll; /* owned */
	uint64_t now; /* nanoseconds of CLOCK_MONOTONIC, of the last wake-up */
	struct timeout_list *lists;
};

SV_MUST_USE bool loop_init(struct loop *loop, struct sv_error *error);
void loop_finish(struct loop *loop);

/* Watch `source->fd` for `events` (EPOLLIN, ...). */
SV_MUST_USE bool loop_add(struct loop *loop, struct loop_source *source, uint32_t events,
		struct sv_error *error);

/* Watch for other events from now on. */
void loop_change(struct loop *loop, struct loop_source *source, uint32_t events);

/* Stop watching; events of the current batch are dropped too. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Make `list` part of the loop; it lives as long. */
void loop_add_timeouts(struct loop *loop, struct timeout_list *list, uint64_t duration,
		timeout_expired expired);

/* (Re)start `timeout` with the duration of `list`. */
void timeout_set(struct loop *loop, struct timeout_list *list, struct timeout *timeout);

/* Forget it, if it is set. */
void timeout_clear(struct timeout *timeout);

/* Wait for events or the next deadline, at most `wait` ms (-1: any time), and serve them. */
void loop_turn(struct loop *loop, int wait);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now(void);

/* Nanoseconds for which this thread has had a CPU. A system call. */
uint64_t clock_of_thread(void);

#endif
