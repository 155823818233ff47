/*
 * processors.c: see processors.h. What the calls cannot do, such as sets of more processors than
 * cpu_set_t has room for, is left as it is.
 */
#include "base/processors.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

/* What the first thread could use before it was kept to one, if it is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_gathered;
static cpu_set_t before;

/* Those of the process: of the first thread, since who starts another may have left one already. */
static bool processors_of_process(cpu_set_t *set)
{
	pthread_mutex_lock(&lock);
	bool is_known = is_gathered;
	*set = before;
	pthread_mutex_unlock(&lock);
	return is_known || sched_getaffinity(getpid(), sizeof *set, set) == 0;
}

static int processors_first(const cpu_set_t *set)
{
	int first = 0;
	while (!CPU_ISSET(first, set))
		first++;
	return first;
}

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
	if (!processors_of_process(&set) || CPU_COUNT(&set) < 2)
		return;
	CPU_CLR(processors_first(&set), &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

void processors_gather_first(void)
{
	cpu_set_t one;
	pthread_mutex_lock(&lock);
	if (!is_gathered && sched_getaffinity(getpid(), sizeof before, &before) == 0 &&
			CPU_COUNT(&before) > 1) {
		CPU_ZERO(&one);
		CPU_SET(processors_first(&before), &one);
		is_gathered = sched_setaffinity(getpid(), sizeof one, &one) == 0;
	}
	pthread_mutex_unlock(&lock);
}

void processors_free_first(void)
{
	pthread_mutex_lock(&lock);
	if (is_gathered)
		(void)sched_setaffinity(getpid(), sizeof before, &before);
	is_gathered = false;
	pthread_mutex_unlock(&lock);
}

void processors_use_all(void)
{
	cpu_set_t set;
	if (processors_of_process(&set))
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
