/*
 * base_aside.c: a thread beside the main one leaves it the signals, and takes its own faults.
 */
#include <signal.h>

#include "base/aside.h"
#include "tests/lib/test.h"

static void *mask_read(void *mask)
{
	pthread_sigmask(SIG_SETMASK, NULL, mask);
	return mask;
}

TEST(what_is_sent_to_the_process_is_blocked_and_faults_are_not)
{
	static const int sent[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE, SIGALRM};
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	pthread_t thread;
	sigset_t mask;
	void *result;
	CHECK(aside_start(&thread, NULL, mask_read, &mask) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == &mask);
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
		CHECK(sigismember(&mask, sent[i]) == 1);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		CHECK(sigismember(&mask, faults[i]) == 0);
}

TEST(the_thread_that_asks_keeps_its_own_mask)
{
	pthread_t thread;
	sigset_t mask, mine, after;
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &mine, NULL);
	CHECK(aside_start(&thread, NULL, mask_read, &mask) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < NSIG; signal++)
		CHECK(sigismember(&after, signal) == (signal == SIGUSR2));
}

TEST_MAIN()
