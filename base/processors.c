/*
 * processors.c: see processors.h. What the calls cannot do, such as sets of more processors than
 * cpu_set_t has room for, is left as it is.
 */
#include "base/processors.h"

#include <sched.h>
#include <unistd.h>

unsigned processors_count(void)
{
	cpu_set_t set;
	long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
								 : sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned)count : 1;
}

void processors_leave_one(void)
{
	cpu_set_t set;
	int first = 0;
	/* Of the first thread, since who starts this one may have left one already. */
	if (sched_getaffinity(getpid(), sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
		return;
	while (!CPU_ISSET(first, &set))
		first++;
	CPU_CLR(first, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

void processors_use_all(void)
{
	cpu_set_t set;
	if (sched_getaffinity(getpid(), sizeof set, &set) == 0)
		(void)sched_setaffinity(0, sizeof set, &set);
}

void processors_keep_to(unsigned index)
{
	cpu_set_t all, one;
	if (sched_getaffinity(0, sizeof all, &all) != 0)
		return;
	unsigned left = index % (unsigned)CPU_COUNT(&all);
	int cpu = 0;
	while (!CPU_ISSET(cpu, &all) || left-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)sched_setaffinity(0, sizeof one, &one);
}
