/*
 * background.c: see background.h. Long turns are what lets others go first: Linux (6.12 on) gives
 * the processor to one that wakes up and has shorter ones at once, instead of at the next tick of
 * the clock, up to 4 ms later. With a batch policy, besides, it takes the processor from nobody
 * when it wakes up itself. That is not enough: even who goes first waits, for milliseconds, if it
 * has just had a turn of its own. So one processor is left to those who serve.
 */
#include "platform/background.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/processors.h"

/* Nanoseconds; the most that there is. Others have 3 ms or less. */
static const uint64_t turn = 100000000;

/* SCHED_FLAG_RESET_ON_FORK */
static const uint64_t alone = 1;

static void background_set(uint32_t policy, uint64_t flags, int nice)
{
	/* What the kernel calls sched_attr, in its first form; newer C libraries have it, too. */
	const struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = {.size = 48,
			.policy = policy,
			.flags = flags,
			.nice = nice,
			.runtime = turn};
	_Static_assert(sizeof attributes == 48, "SCHED_ATTR_SIZE_VER0");
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned under_way; /* how much */

void background_process(int nice)
{
	background_set(SCHED_BATCH, 0, nice);
}

void background_thread(void)
{
	processors_leave_one();
	/* Threads of guests' requests may be started from here: they are none of these. */
	background_set(SCHED_OTHER, alone, getpriority(PRIO_PROCESS, 0));
}

/*
 * What wakes up may be put behind a turn of such work, and stay there though another processor has
 * nothing to do; this one it then cannot be put to.
 */
void background_begin(void)
{
	pthread_mutex_lock(&lock);
	if (under_way++ == 0)
		processors_gather_first();
	pthread_mutex_unlock(&lock);
}

void background_end(void)
{
	pthread_mutex_lock(&lock);
	if (--under_way == 0)
		processors_free_first();
	pthread_mutex_unlock(&lock);
}
