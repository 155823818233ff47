/*
 * runtime_signals.c: faults that are not a guest's go where they went without us. Each test
 * runs in a child process, which makes its own engine.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/runtime_fixture.h"

static sigjmp_buf back;
static volatile sig_atomic_t seen;

static void foreign_info(int signal, siginfo_t *info, void *context)
{
	(void)context;
	seen = signal * 1000 + info->si_code;
	if (info->si_code > 0)
		siglongjmp(back, 1);
}

static void foreign_plain(int signal)
{
	seen = signal;
}

static void start_engine(void)
{
	engine = sv_engine_new(NULL, &error);
	fixture_need(engine && sv_thread_enter(engine, &error), "engine");
}

static void install(int signal, int flags)
{
	struct sigaction action = {.sa_flags = flags};
	if (flags & SA_SIGINFO)
		action.sa_sigaction = foreign_info;
	else
		action.sa_handler = foreign_plain;
	sigaction(signal, &action, NULL);
}

/* Status of a child that ran `body`, which must end the process. */
static int child_status(void (*body)(void))
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		body();
		_exit(99);
	}
	waitpid(child, &status, 0);
	return status;
}

/* Not const: the compiler would see where it leads. */
static volatile char *volatile nowhere = (volatile char *)8;

static void host_fault_with_handler(void)
{
	install(SIGSEGV, SA_SIGINFO);
	start_engine();
	if (sigsetjmp(back, 1) == 0)
		*nowhere = 1;
	_exit(seen == SIGSEGV * 1000 + SEGV_MAPERR ? 0 : 1);
}

TEST(a_foreign_handler_gets_the_hosts_faults)
{
	CHECK_EQ(child_status(host_fault_with_handler), 0);
}

static void host_fault_without_handler(void)
{
	start_engine();
	*nowhere = 1;
}

TEST(a_fault_of_the_host_kills_without_handler)
{
	int status = child_status(host_fault_without_handler);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static enum sv_host_result host_faulty(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	(void)values;
	*nowhere = 1;
	return SV_HOST_OK;
}

static void fault_in_host_function(void)
{
	start_engine();
	struct sv_linker *linker = sv_linker_new(engine, &error);
	sv_linker_define_function(linker, "h", "f", ":", host_faulty, NULL, &error);
	struct guest guest = guest_open_linked(
			"(module (import \"h\" \"f\" (func $f)) (func (export \"g\") (call $f)))",
			linker);
	union sv_value none;
	guest_call(&guest, "g", &none);
}

TEST(a_fault_in_a_host_function_is_no_trap)
{
	int status = child_status(fault_in_host_function);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void sent_signals(void)
{
	install(SIGURG, 0);
	install(SIGFPE, SA_SIGINFO);
	start_engine();
	raise(SIGURG);
	bool urgent = seen == SIGURG;
	raise(SIGFPE);
	/* raise sends as SI_TKILL, below 0: the foreign handler returns. */
	_exit(urgent && seen == SIGFPE * 1000 + SI_TKILL ? 0 : 1);
}

TEST(signals_that_somebody_sent_reach_foreign_handlers)
{
	CHECK_EQ(child_status(sent_signals), 0);
}

static volatile sig_atomic_t urgent_count, urgent_sum;

static void urgent_info(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	urgent_count++;
	urgent_sum += info->si_value.sival_int;
}

enum { urgent_sent = 20 };

struct urgent_target {
	pthread_t thread;
	struct sv_store *store;
};

/* One after the other: the system does not count those that are pending. */
static void *urgent_sender(void *data)
{
	const struct urgent_target *target = data;
	const struct timespec pause = {.tv_nsec = 1000000};
	nanosleep(&pause, NULL);
	for (int i = 1; i <= urgent_sent; i++) {
		pthread_sigqueue(target->thread, SIGURG, (union sigval){.sival_int = i});
		for (int waited = 0; urgent_count < i && waited < 10000; waited++)
			nanosleep(&pause, NULL);
	}
	sv_store_interrupt(target->store);
	return NULL;
}

/* The timers use the same signal, marked as their own. */
static void urgent_signals_in_a_guest(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = urgent_info};
	sigaction(SIGURG, &action, NULL);
	start_engine();
	struct guest guest = guest_open("(module (func (export \"loop\") (loop (br 0))))");
	union sv_value none;
	struct urgent_target target = {pthread_self(), guest.store};
	pthread_t sender;
	pthread_create(&sender, NULL, urgent_sender, &target);
	bool is_good = guest_call(&guest, "loop", &none) == SV_TRAPPED;
	pthread_join(sender, NULL);
	is_good &= urgent_count == urgent_sent;
	is_good &= urgent_sum == urgent_sent * (urgent_sent + 1) / 2;
	guest_close(&guest);
	sv_engine_free(engine);
	sigaction(SIGURG, NULL, &action);
	_exit(is_good && action.sa_sigaction == urgent_info ? 0 : 1);
}

TEST(urgent_signals_of_the_embedder_reach_it_while_a_guest_runs)
{
	CHECK_EQ(child_status(urgent_signals_in_a_guest), 0);
}

static void sent_fatal(void)
{
	start_engine();
	raise(SIGSEGV);
}

TEST(a_sent_fault_kills_without_handler)
{
	int status = child_status(sent_fatal);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void handlers_come_back(void)
{
	struct sigaction now;
	install(SIGILL, SA_SIGINFO);
	start_engine();
	sv_engine_free(engine);
	sigaction(SIGILL, NULL, &now);
	bool is_back = now.sa_sigaction == foreign_info;
	start_engine();
	struct sv_error second = SV_ERROR_INIT;
	bool is_one = !sv_engine_new(NULL, &second) && second.code == SV_ERROR_USAGE;
	sv_engine_free(engine);
	_exit(is_back && is_one ? 0 : 1);
}

TEST(the_end_of_the_engine_gives_the_handlers_back)
{
	CHECK_EQ(child_status(handlers_come_back), 0);
}

static void blocked_signals(void)
{
	sigset_t all, now;
	union sv_value value = {.i32 = 0};
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	start_engine();
	struct guest guest = guest_open("(module (func (export \"loop\") (loop (br 0)))\n"
			"(memory 1) (func (export \"load\") (drop (i32.load (i32.const 65536)))))");
	bool is_good = guest_call(&guest, "load", &value) == SV_TRAPPED;
	for (int i = 0; i < 20; i++) {
		sv_store_set_deadline(guest.store, fixture_now() + 1000000);
		is_good &= guest_call(&guest, "loop", &value) == SV_TIMED_OUT;
	}
	guest_close(&guest);
	sv_engine_free(engine);
	sigprocmask(SIG_SETMASK, NULL, &now);
	_exit(is_good && sigismember(&now, SIGSEGV) && sigismember(&now, SIGURG) ? 0 : 1);
}

TEST(a_thread_that_blocks_all_signals_runs_guests)
{
	CHECK_EQ(child_status(blocked_signals), 0);
}

/* Compiling installs nothing that would take the runtime's signals. */
static void compile_while_running(void)
{
	start_engine();
	struct guest guest = guest_open("(module (func (export \"f\") unreachable))");
	union sv_value none;
	_exit(guest_call(&guest, "f", &none) == SV_TRAPPED ? 0 : 1);
}

TEST(the_compiler_leaves_the_handlers_alone)
{
	CHECK_EQ(child_status(compile_while_running), 0);
}

TEST_MAIN()
