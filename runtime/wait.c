/*
 * wait.c: sleeping and waking at addresses of shared memory.
 *
 * A thread that sleeps is in the list of its memory, with a word of its own that it sleeps on in
 * the kernel: unlike a condition variable, that sleep ends when the timer's signal arrives,
 * so deadlines and interrupts reach guests here too. A signal that comes before the sleep begins
 * is sent again a millisecond later. Who is woken, and that the value is compared and the thread
 * listed in one step, is decided under shared->waiting.
 */
#include "runtime/wait.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/arch/switch.h"

static const uint64_t second_ns = 1000000000;

/* On the stack of the thread that sleeps; in the list while it may be woken. */
struct waiter {
	struct waiter *next, *previous;
	uint64_t address;
	_Atomic uint32_t is_woken; /* what the kernel watches */
};

static void waiter_add(struct sv_shared_memory *shared, struct waiter *waiter)
{
	waiter->next = NULL;
	waiter->previous = shared->last;
	if (shared->last)
		shared->last->next = waiter;
	else
		shared->first = waiter;
	shared->last = waiter;
}

static void waiter_remove(struct sv_shared_memory *shared, struct waiter *waiter)
{
	if (waiter->previous)
		waiter->previous->next = waiter->next;
	else
		shared->first = waiter->next;
	if (waiter->next)
		waiter->next->previous = waiter->previous;
	else
		shared->last = waiter->previous;
}

static uint64_t wait_value(const struct sv_shared_memory *shared, const struct wait_order *order)
{
	const uint8_t *at = shared->backing.view.base + order->address;
	if (order->width == sizeof(uint32_t))
		return __atomic_load_n((const uint32_t *)at, __ATOMIC_SEQ_CST);
	return __atomic_load_n((const uint64_t *)at, __ATOMIC_SEQ_CST);
}

/* The time `timeout` from now, for as long as a clock can tell. */
static struct timespec wait_until(int64_t timeout)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t nanoseconds = (uint64_t)until.tv_nsec + (uint64_t)timeout % second_ns;
	until.tv_sec += (time_t)((uint64_t)timeout / second_ns + nanoseconds / second_ns);
	until.tv_nsec = (long)(nanoseconds % second_ns);
	return until;
}

/* Until woken, out of time, or the guest is to end: true if there was time left. */
static bool wait_in_kernel(struct waiter *waiter, const struct timespec *until,
		const _Atomic uint32_t *pending)
{
	while (!atomic_load(&waiter->is_woken) && !(atomic_load(pending) & SWITCH_PENDING_TRAP)) {
		long status = syscall(SYS_futex, &waiter->is_woken,
				FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, until, NULL,
				FUTEX_BITSET_MATCH_ANY);
		if (status != 0 && errno == ETIMEDOUT)
			return false;
	}
	return true;
}

enum wait_result wait_sleep(struct sv_shared_memory *shared, const struct wait_order *order,
		const _Atomic uint32_t *pending)
{
	struct waiter waiter = {.address = order->address};
	struct timespec until;
	bool has_end = order->timeout >= 0;
	if (has_end)
		until = wait_until(order->timeout);
	pthread_mutex_lock(&shared->waiting);
	bool is_equal = wait_value(shared, order) == order->expected;
	if (is_equal)
		waiter_add(shared, &waiter);
	pthread_mutex_unlock(&shared->waiting);
	if (!is_equal)
		return WAIT_NOT_EQUAL;
	bool in_time = wait_in_kernel(&waiter, has_end ? &until : NULL, pending);
	pthread_mutex_lock(&shared->waiting);
	bool is_woken = atomic_load(&waiter.is_woken);
	if (!is_woken)
		waiter_remove(shared, &waiter);
	pthread_mutex_unlock(&shared->waiting);
	if (is_woken)
		return WAIT_NOTIFIED;
	return in_time ? WAIT_ENDED : WAIT_TIMED_OUT;
}

uint32_t wait_notify(struct sv_shared_memory *shared, uint64_t address, uint32_t count)
{
	uint32_t woken = 0;
	pthread_mutex_lock(&shared->waiting);
	struct waiter *next;
	for (struct waiter *at = shared->first; at && woken < count; at = next) {
		next = at->next;
		if (at->address != address)
			continue;
		waiter_remove(shared, at);
		woken++;
		/* The waiter's frame lives until it has had the lock. */
		atomic_store(&at->is_woken, 1);
		syscall(SYS_futex, &at->is_woken, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL,
				0);
	}
	pthread_mutex_unlock(&shared->waiting);
	return woken;
}
