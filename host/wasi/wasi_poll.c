/*
 * wasi_poll.c: poll_oneoff: wait for the first of several times and descriptors. It is
 * also how guests sleep. A signal (the deadline's) ends the wait with INTR.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "host/wasi/wasi_clock.h"
#include "host/wasi/wasi_state.h"

/* More than a guest can have descriptors, for reading, writing and some clocks each. */
#define MAX_SUBSCRIPTIONS 4096u

#define NANOSECONDS UINT64_C(1000000000)
#define NEVER UINT64_MAX

/* The longest a single wait lasts; then it is begun again. Keeps time_t far from its limits. */
#define LONGEST_WAIT (NANOSECONDS * 1000000)

/* How long a guest without a thread waits until descriptors of the host are looked at again. */
#define NEXT_LOOK (NANOSECONDS / 100)

/* One subscription and what is known about it. */
struct poll_item {
	struct wasi_subscription wanted;
	enum wasi_errno error;          /* found before waiting: due at once */
	uint64_t deadline;              /* clocks: in CLOCK_MONOTONIC; else NEVER */
	const struct wasi_entry *entry; /* descriptors; NULL for clocks */
	struct pollfd *host;            /* descriptors of the host; NULL for streams in memory */
	bool is_later;                  /* of these, sources that have nothing now */
	size_t waiting;                 /* bytes that they have */
};

struct poll_set {
	struct poll_item *items; /* owned, with the descriptors behind them */
	uint32_t count;
	struct pollfd *hosts;
	nfds_t host_count;
	uint64_t began; /* in CLOCK_MONOTONIC: when the guest made the call */
};

/* ---- what is waited for ---- */

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? NEVER : sum;
}

static void item_prepare_clock(struct poll_item *item, uint64_t began)
{
	uint64_t timeout = item->wanted.clock.timeout;
	uint32_t id = item->wanted.clock.id;
	clockid_t clock;
	uint16_t flags = item->wanted.clock.flags;
	if (!wasi_clock_of_guest(id, &clock) || (flags & ~WASI_SUBCLOCK_ABSTIME)) {
		item->error = WASI_ERRNO_INVAL;
		return;
	}
	/* CPU time does not pass while its thread waits. */
	if (id != WASI_CLOCK_REALTIME && id != WASI_CLOCK_MONOTONIC) {
		item->error = WASI_ERRNO_NOTSUP;
		return;
	}
	if (flags & WASI_SUBCLOCK_ABSTIME) {
		uint64_t now = wasi_clock_now(clock);
		timeout = timeout > now ? timeout - now : 0;
		began = wasi_clock_now(CLOCK_MONOTONIC);
	}
	item->deadline = add_saturated(began, timeout);
}

/* Bytes to be read of a stream in memory, or none yet. */
static void item_prepare_stream(struct poll_item *item)
{
	const struct wasi_memory_stream *stream = item->entry->stream;
	const struct wasi_stream *ends = &stream->ends;
	if (ends->kind == WASI_STREAM_INPUT)
		item->waiting = ends->input.length - stream->position;
	if (ends->kind == WASI_STREAM_SOURCE)
		item->is_later = ends->source.function(ends->source.data, NULL, 0,
						 &item->waiting) == WASI_GIVEN_LATER;
}

static void item_prepare_fd(struct poll_item *item, struct poll_set *set, struct wasi *wasi)
{
	bool reads = item->wanted.type == WASI_EVENTTYPE_FD_READ;
	struct wasi_entry *entry;
	item->error = wasi_table_find(&wasi->table, item->wanted.fd,
			WASI_RIGHT_POLL_FD_READWRITE |
					(reads ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE),
			&entry);
	if (item->error)
		return;
	item->entry = entry;
	if (entry->kind == WASI_ENTRY_MEMORY) {
		if (reads)
			item_prepare_stream(item);
		return;
	}
	item->host = &set->hosts[set->host_count++];
	*item->host = (struct pollfd){.fd = entry->fd, .events = reads ? POLLIN : POLLOUT};
}

static bool item_prepare(struct poll_item *item, struct poll_set *set, struct wasi *wasi)
{
	item->error = WASI_ERRNO_SUCCESS;
	item->deadline = NEVER;
	item->entry = NULL;
	item->host = NULL;
	item->is_later = false;
	item->waiting = 0;
	if (item->wanted.type > WASI_EVENTTYPE_FD_WRITE)
		return false;
	if (item->wanted.type == WASI_EVENTTYPE_CLOCK)
		item_prepare_clock(item, set->began);
	else
		item_prepare_fd(item, set, wasi);
	return true;
}

/* ---- waiting ---- */

static bool item_is_due(const struct poll_item *item, uint64_t now)
{
	if (item->error)
		return true;
	if (!item->entry)
		return item->deadline <= now;
	return item->host ? item->host->revents != 0 : !item->is_later;
}

/* When the first item is due by time alone; 0 if one is due now. */
static uint64_t set_first_time(const struct poll_set *set, uint64_t now)
{
	uint64_t first = NEVER;
	for (uint32_t i = 0; i < set->count; i++) {
		if (item_is_due(&set->items[i], now))
			return 0;
		if (set->items[i].deadline < first)
			first = set->items[i].deadline;
	}
	return first;
}

/* Look at the host's descriptors, for at most so long. */
static enum wasi_errno set_look(struct poll_set *set, uint64_t timeout)
{
	timeout = timeout < LONGEST_WAIT ? timeout : LONGEST_WAIT;
	struct timespec time = {
			.tv_sec = (time_t)(timeout / NANOSECONDS),
			.tv_nsec = (long)(timeout % NANOSECONDS),
	};
	if (ppoll(set->hosts, set->host_count, &time, NULL) < 0)
		return wasi_errno_of_host(errno);
	return WASI_ERRNO_SUCCESS;
}

/* ---- what happened ---- */

/* Bytes that can be moved without waiting; "1" where the host only says "some". */
static uint64_t item_available(const struct poll_item *item)
{
	int bytes = 0;
	struct stat stat;
	const struct wasi_entry *entry = item->entry;
	if (item->wanted.type == WASI_EVENTTYPE_FD_WRITE)
		return 1;
	if (entry->kind == WASI_ENTRY_MEMORY)
		return item->waiting;
	if (entry->filetype == WASI_FILETYPE_REGULAR_FILE) {
		off_t at = lseek(entry->fd, 0, SEEK_CUR);
		bool known = at >= 0 && fstat(entry->fd, &stat) == 0;
		return known && stat.st_size > at ? (uint64_t)(stat.st_size - at) : 0;
	}
	if (ioctl(entry->fd, FIONREAD, &bytes) != 0)
		return 1;
	return (uint64_t)bytes;
}

static struct wasi_event item_event(const struct poll_item *item)
{
	struct wasi_event event = {
			.userdata = item->wanted.userdata,
			.error = (uint16_t)item->error,
			.type = item->wanted.type,
	};
	if (item->error || !item->entry)
		return event;
	if (item->host && (item->host->revents & POLLNVAL)) {
		event.error = WASI_ERRNO_BADF;
		return event;
	}
	event.available = item_available(item);
	if (item->host && (item->host->revents & (POLLHUP | POLLERR)))
		event.flags = WASI_EVENTRW_HANGUP;
	return event;
}

/* Write the events of all items that are due at `now`; their number. */
static uint32_t set_report(const struct poll_set *set, struct wasi_call *call, uint32_t address,
		uint64_t now)
{
	uint32_t events = 0;
	for (uint32_t i = 0; i < set->count; i++) {
		if (!item_is_due(&set->items[i], now))
			continue;
		struct wasi_event event = item_event(&set->items[i]);
		(void)wasi_copy_out(call, address + (uint64_t)events * sizeof(event), &event,
				sizeof(event));
		events++;
	}
	return events;
}

/* ---- the call ---- */

static enum wasi_errno set_read(struct poll_set *set, struct wasi_call *call, uint32_t address)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct poll_item *item = &set->items[i];
		if (!wasi_copy_in(call, &item->wanted,
				address + (uint64_t)i * sizeof(item->wanted),
				sizeof(item->wanted)))
			return WASI_ERRNO_FAULT;
		if (!item_prepare(item, set, call->wasi))
			return WASI_ERRNO_INVAL;
	}
	return WASI_ERRNO_SUCCESS;
}

/* Wait on this thread until something is due. */
static enum wasi_errno set_wait(struct poll_set *set)
{
	uint64_t now = wasi_clock_now(CLOCK_MONOTONIC), first = set_first_time(set, now);
	return set_look(set, first > now ? first - now : 0);
}

/*
 * Have the guest wait without a thread, if it is to wait and somebody will wake it: then the call
 * is made again. Nobody tells of the host's descriptors, so they are looked at now and then.
 */
static bool set_sleep(const struct poll_set *set, struct wasi_call *call)
{
	const struct wasi_config *config = &call->wasi->config;
	uint64_t now = wasi_clock_now(CLOCK_MONOTONIC), first = set_first_time(set, now);
	if (!config->sleep || first == 0)
		return false;
	if (set->host_count && first > now + NEXT_LOOK)
		first = now + NEXT_LOOK;
	call->wasi->poll_began = set->began;
	config->sleep(config->user, first);
	call->result = SV_HOST_SUSPEND;
	return true;
}

static enum wasi_errno set_run(struct poll_set *set, struct wasi_call *call,
		const union sv_value *arguments)
{
	uint32_t address = wasi_u32(arguments, 1), events = 0;
	enum wasi_errno error = set_read(set, call, wasi_u32(arguments, 0));
	if (!error && call->wasi->config.sleep && set->host_count)
		error = set_look(set, 0);
	if (!error && set_sleep(set, call))
		return WASI_ERRNO_AGAIN;
	while (!error && events == 0) {
		error = set_wait(set);
		if (!error)
			events = set_report(set, call, address, wasi_clock_now(CLOCK_MONOTONIC));
	}
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 3), events);
	return error;
}

enum wasi_errno wasi_poll_oneoff(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t count = wasi_u32(arguments, 2);
	if (count == 0 || count > MAX_SUBSCRIPTIONS)
		return WASI_ERRNO_INVAL;
	if (!wasi_is_inside(call, wasi_u32(arguments, 1), count * sizeof(struct wasi_event)) ||
			!wasi_is_inside(call, wasi_u32(arguments, 3), sizeof(uint32_t)))
		return WASI_ERRNO_FAULT;
	struct poll_set set = {.count = count, .began = call->wasi->poll_began};
	call->wasi->poll_began = 0;
	if (!set.began)
		set.began = wasi_clock_now(CLOCK_MONOTONIC);
	set.items = malloc(count * (sizeof(*set.items) + sizeof(*set.hosts)));
	if (!set.items)
		return WASI_ERRNO_NOMEM;
	set.hosts = (struct pollfd *)(set.items + count);
	enum wasi_errno error = set_run(&set, call, arguments);
	free(set.items);
	return error;
}
