/*
 * background.c: see background.h. With a batch policy a thread that wakes up takes the processor
 * from nobody. Its long turns are what lets others take it: Linux (6.12 on) lets whoever asks for
 * shorter ones go first at once, instead of at the next tick of the clock, 4 ms later.
 */
#include "platform/background.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nanoseconds; the most that there is. Others have 3 ms or less. */
static const uint64_t turn = 100000000;

void background_enter(int nice)
{
	/* What the kernel calls sched_attr, in its first form; newer C libraries have it, too. */
	const struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = {.size = 48, .policy = SCHED_BATCH, .nice = nice, .runtime = turn};
	_Static_assert(sizeof attributes == 48, "SCHED_ATTR_SIZE_VER0");
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
