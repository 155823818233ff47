/*
 * loop.c: epoll and lists of timeouts. Knows nothing of connections.
 */
#include "server/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t clock_of_thread(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool loop_init(struct loop *loop, struct sv_error *error)
{
	*loop = (struct loop){.now = clock_now()};
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return sv_fail_errno(error, "epoll_create1");
	return true;
}

void loop_finish(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

bool loop_add(struct loop *loop, struct loop_source *source, uint32_t events,
		struct sv_error *error)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) != 0)
		return sv_fail_errno(error, "epoll_ctl");
	source->events = events;
	return true;
}

void loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (source->fd < 0 || source->events == events)
		return;
	/* Fails only for a descriptor that is not watched, which would be our bug. */
	check(epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event) == 0);
	source->events = events;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	check(epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL) == 0);
	source->fd = -1;
	source->events = 0;
}

void loop_add_timeouts(struct loop *loop, struct timeout_list *list, uint64_t duration,
		timeout_expired expired)
{
	*list = (struct timeout_list){
			.duration = duration, .expired = expired, .next = loop->lists};
	loop->lists = list;
}

void timeout_clear(struct timeout *timeout)
{
	struct timeout_list *list = timeout->list;
	if (!list)
		return;
	*(timeout->previous ? &timeout->previous->next : &list->first) = timeout->next;
	*(timeout->next ? &timeout->next->previous : &list->last) = timeout->previous;
	*timeout = (struct timeout){0};
}

void timeout_set(struct loop *loop, struct timeout_list *list, struct timeout *timeout)
{
	timeout_clear(timeout);
	*timeout = (struct timeout){.previous = list->last,
			.list = list,
			.deadline = loop->now + list->duration};
	*(list->last ? &list->last->next : &list->first) = timeout;
	list->last = timeout;
}

/* Of a list in one turn: when thousands are idle at once, others are served between them. */
static const int most_expired = 16;

/* Milliseconds until the next deadline, rounded up, at most `wait`. */
static int loop_wait_time(const struct loop *loop, int wait)
{
	uint64_t next = UINT64_MAX;
	for (const struct timeout_list *list = loop->lists; list; list = list->next) {
		if (list->first && list->first->deadline < next)
			next = list->first->deadline;
	}
	if (next == UINT64_MAX)
		return wait;
	uint64_t ms = next <= loop->now ? 0 : (next - loop->now + 999999) / 1000000;
	if (wait >= 0 && ms > (uint64_t)wait)
		return wait;
	return ms > 60000 ? 60000 : (int)ms;
}

static void loop_expire(struct loop *loop)
{
	for (struct timeout_list *list = loop->lists; list; list = list->next) {
		for (int i = 0; i < most_expired; i++) {
			struct timeout *timeout = list->first;
			if (!timeout || timeout->deadline > loop->now)
				break;
			timeout_clear(timeout);
			list->expired(timeout);
		}
	}
}

void loop_turn(struct loop *loop, int wait)
{
	struct epoll_event events[256];
	int count = epoll_wait(loop->epoll, events, ARRAY_LENGTH(events),
			loop_wait_time(loop, wait));
	check(count >= 0 || errno == EINTR);
	loop->now = clock_now();
	for (int i = 0; i < count; i++) {
		struct loop_source *source = events[i].data.ptr;
		if (source->fd >= 0)
			source->ready(source, events[i].events);
	}
	loop_expire(loop);
}
