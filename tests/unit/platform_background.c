/*
 * platform_background.c: what work in the background leaves to those who are served. Each test is
 * a child, whose processors are its own affair.
 */
#include "platform/background.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/processors.h"
#include "tests/lib/test.h"

/* What `attempt` returns in a child: 0 if all is as expected. */
static int in_child(int (*attempt)(void))
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(attempt());
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 251;
}

static bool get(cpu_set_t *set)
{
	return sched_getaffinity(0, sizeof *set, set) == 0;
}

static int first_of(const cpu_set_t *set)
{
	int first = 0;
	while (!CPU_ISSET(first, set))
		first++;
	return first;
}

/* What a thread in the background, what it starts, and one that serves have. */
struct seen {
	cpu_set_t here, again, of_child, of_server;
	unsigned count;
	bool is_good;
};

static void *server_main(void *data)
{
	struct seen *seen = data;
	processors_use_all();
	seen->is_good = get(&seen->of_server);
	return data;
}

/* As a builder: it is handed to this one through a pipe. */
static bool child_get(cpu_set_t *set)
{
	int ends[2], status = 0;
	if (pipe(ends) != 0)
		return false;
	pid_t child = fork();
	if (child == 0) {
		background_process(5);
		bool is_good = get(set) && getpriority(PRIO_PROCESS, 0) >= 5 &&
				sched_getscheduler(0) == SCHED_BATCH &&
				write(ends[1], set, sizeof *set) == (ssize_t)sizeof *set;
		_exit(is_good ? 0 : 1);
	}
	waitpid(child, &status, 0);
	bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
			read(ends[0], set, sizeof *set) == (ssize_t)sizeof *set;
	close(ends[0]);
	close(ends[1]);
	return is_good;
}

static void *background_main(void *data)
{
	struct seen *seen = data;
	pthread_t thread;
	background_thread();
	bool is_good = get(&seen->here);
	seen->count = processors_count();
	background_thread();
	is_good = get(&seen->again) && child_get(&seen->of_child) && is_good &&
			pthread_create(&thread, NULL, server_main, seen) == 0 &&
			pthread_join(thread, NULL) == 0;
	seen->is_good = seen->is_good && is_good;
	return data;
}

static bool look(struct seen *seen)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, background_main, seen) == 0 &&
			pthread_join(thread, NULL) == 0 && seen->is_good;
}

static int leave_the_first(void)
{
	struct seen seen = {0};
	cpu_set_t before, after, most;
	if (!get(&before) || !look(&seen) || !get(&after))
		return 1;
	most = before;
	CPU_CLR(first_of(&most), &most);
	if (!CPU_EQUAL(&seen.here, &most) || seen.count != (unsigned)CPU_COUNT(&most))
		return 2;
	if (!CPU_EQUAL(&seen.again, &most))
		return 3;
	if (!CPU_EQUAL(&seen.of_child, &most))
		return 4;
	if (!CPU_EQUAL(&seen.of_server, &before))
		return 5;
	return CPU_EQUAL(&after, &before) ? 0 : 6;
}

static int keep_the_only_one(void)
{
	struct seen seen = {0};
	cpu_set_t one;
	if (!get(&one))
		return 1;
	int first = first_of(&one);
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	if (sched_setaffinity(0, sizeof one, &one) != 0 || !look(&seen))
		return 2;
	return seen.count == 1 && CPU_EQUAL(&seen.here, &one) && CPU_EQUAL(&seen.of_child, &one)
			? 0
			: 3;
}

TEST(threads_and_builders_leave_one_processor_and_those_who_serve_do_not)
{
	if (processors_count() < 2)
		SKIP("one processor");
	CHECK_EQ(in_child(leave_the_first), 0);
}

/* The first thread is this one; what others leave and get does not change by that. */
static int gather_and_free(void)
{
	struct seen seen = {0};
	cpu_set_t all, one, again;
	if (!get(&all))
		return 1;
	background_begin();
	background_begin();
	background_end();
	if (!get(&one) || CPU_COUNT(&one) != 1 || !CPU_ISSET(first_of(&all), &one))
		return 2;
	if (!look(&seen) || CPU_ISSET(first_of(&all), &seen.here) ||
			!CPU_EQUAL(&seen.of_server, &all))
		return 3;
	background_end();
	return get(&again) && CPU_EQUAL(&again, &all) ? 0 : 4;
}

TEST(who_has_the_connections_keeps_to_the_processor_that_is_left)
{
	if (processors_count() < 2)
		SKIP("one processor");
	CHECK_EQ(in_child(gather_and_free), 0);
}

static int keep_to_each(void)
{
	cpu_set_t all, one, seen;
	unsigned count = processors_count();
	CPU_ZERO(&seen);
	if (!get(&all))
		return 1;
	for (unsigned i = 0; i <= count; i++) {
		processors_keep_to(i);
		if (!get(&one) || CPU_COUNT(&one) != 1 ||
				sched_setaffinity(0, sizeof all, &all) != 0)
			return 2;
		CPU_OR(&seen, &seen, &one);
	}
	/* The last was the first again. */
	return CPU_EQUAL(&seen, &all) && CPU_ISSET(first_of(&all), &one) ? 0 : 3;
}

TEST(each_processor_can_be_kept_to)
{
	CHECK_EQ(in_child(keep_to_each), 0);
}

TEST(the_only_processor_is_kept)
{
	CHECK_EQ(in_child(keep_the_only_one), 0);
}

TEST_MAIN()
