/*
 * signals.c: handlers. They run on the thread's signal stack, decide by program counter and
 * address whether a guest is concerned (trap.c), and leave it by switching stacks; every
 * other signal goes to whoever had the handler before.
 */
#include "runtime/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/artifact.h"
#include "runtime/engine.h"
#include "runtime/instance.h"
#include "runtime/thread.h"
#include "runtime/trap.h"

static void signal_fault(int signal, siginfo_t *info, void *context);
static void signal_timer(int signal, siginfo_t *info, void *context);

struct signal_row {
	int signal;
	void (*handler)(int, siginfo_t *, void *);
	int flags; /* besides SA_SIGINFO | SA_ONSTACK */
	struct sigaction foreign;
};

/*
 * Faults leave by switching stacks, without sigreturn: SA_NODEFER, or the signal would stay
 * blocked. The timer's must not pile up on the signal stack: it stays blocked while it is
 * handled and call.c unblocks it.
 */
static struct signal_row signal_rows[] = {
		{.signal = SIGSEGV, .handler = signal_fault, .flags = SA_NODEFER},
		{.signal = SIGBUS, .handler = signal_fault, .flags = SA_NODEFER},
		{.signal = SIGILL, .handler = signal_fault, .flags = SA_NODEFER},
		{.signal = SIGFPE, .handler = signal_fault, .flags = SA_NODEFER},
		{.signal = SIGNAL_TIMER, .handler = signal_timer},
};

/* async-signal-safe */
static void signal_print(const char *text)
{
	size_t length = strlen(text);
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);
		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

/* async-signal-safe */
static void signal_print_number(const char *label, uintptr_t number)
{
	char text[2 + 2 * sizeof number + 1] = "0x";
	char *at = text + sizeof text - 1;
	*at = '\0';
	do {
		*--at = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number);
	*--at = 'x';
	*--at = '0';
	signal_print(label);
	signal_print(at);
}

/* Guest code did what it never should be able to: going on would be unsafe. async-signal-safe */
SV_NORETURN static void signal_die(const struct sv_store *store, int signal, const siginfo_t *info,
		const struct fault_place *place)
{
	const struct sv_instance *instance = store_instance_at(store, place->pc);
	signal_print_number("selvage: internal fault, please report: signal ", (uintptr_t)signal);
	signal_print_number(" at ", place->pc);
	if (instance) {
		signal_print(" in ");
		signal_print(instance->artifact->name);
		signal_print_number(" + ", place->pc - instance->artifact->bias);
	}
	signal_print_number(", address ", (uintptr_t)info->si_addr);
	signal_print("\n");
	abort();
}

/* async-signal-safe */
static const struct sigaction *signal_foreign(int signal)
{
	size_t row = 0;
	while (signal_rows[row].signal != signal)
		row++;
	return &signal_rows[row].foreign;
}

/* What would have happened without us. async-signal-safe if the foreign handler is */
static void signal_chain(int signal, siginfo_t *info, void *context)
{
	const struct sigaction *foreign = signal_foreign(signal);
	bool is_fault = info->si_code > 0;
	if (foreign->sa_flags & SA_SIGINFO) {
		foreign->sa_sigaction(signal, info, context);
		return;
	}
	if (foreign->sa_handler == SIG_IGN && !is_fault)
		return;
	if (foreign->sa_handler != SIG_DFL && foreign->sa_handler != SIG_IGN) {
		foreign->sa_handler(signal);
		return;
	}
	if (signal == SIGNAL_TIMER)
		return; /* ignored by default */
	/* A fault happens again when this returns, and then kills; a kill must be repeated. */
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigaction(signal, &standard, NULL);
	if (!is_fault)
		tgkill(getpid(), gettid(), signal);
}

/* The store whose guest is entered on this thread, or NULL. async-signal-safe */
static struct sv_store *signal_store(void)
{
	const struct thread *thread = thread_current;
	struct sv_store *store = thread ? thread->store : NULL;
	return store && store->activation ? store : NULL;
}

/* async-signal-safe */
static void signal_fault(int signal, siginfo_t *info, void *context)
{
	struct fault_place place = fault_place(context);
	struct sv_store *store = signal_store();
	enum fault_class class = FAULT_FOREIGN;
	if (store && signal == SIGSEGV && info->si_code > 0 &&
			trap_is_closed_page(store, &place, (uintptr_t)info->si_addr))
		return;
	if (store)
		class = trap_classify(store, signal, info, &place);
	if (class == FAULT_TRAP)
		switch_leave(store->state.host_sp, SV_TRAPPED);
	if (class == FAULT_BUG)
		signal_die(store, signal, info, &place);
	signal_chain(signal, info, context);
}

/* Sent by the thread's own timer, or by sv_store_interrupt. async-signal-safe */
static bool signal_is_ours(const struct thread *thread, const siginfo_t *info)
{
	const void *mark = info->si_value.sival_ptr;
	return thread && ((info->si_code == SI_TIMER && mark == thread) ||
				 (info->si_code == SI_QUEUE && mark == &thread->engine->threads));
}

/* End the call or its turn, here or when the host returns. async-signal-safe */
static void signal_end_guest(struct thread *thread, struct sv_store *store, enum sv_trap verdict,
		const void *context)
{
	struct fault_place place = fault_place(context);
	uint32_t pending = atomic_load_explicit(&store->state.pending, memory_order_relaxed);
	pending = verdict ? (pending & ~SWITCH_PENDING_TRAP) | verdict
			  : pending | SWITCH_PENDING_TURN;
	/* Left set when the guest is left here: guests further out end too. */
	atomic_store_explicit(&store->state.pending, pending, memory_order_relaxed);
	if (!store_instance_at(store, place.pc) ||
			(!verdict && !suspend_by_signal(store, context))) {
		deadline_arm_again(thread);
		return;
	}
	/* The timer is set when the activation ends, or for the next call. */
	thread->is_masked = true;
	switch_leave(store->state.host_sp,
			verdict ? trap_record(store, verdict, &place) : SV_PREEMPTED);
}

/* async-signal-safe */
static void signal_timer(int signal, siginfo_t *info, void *context)
{
	int saved_errno = errno;
	struct thread *thread = thread_current;
	if (!signal_is_ours(thread, info)) {
		signal_chain(signal, info, context);
		return;
	}
	deadline_fired(thread);
	struct sv_store *store = signal_store();
	enum sv_trap verdict = store ? deadline_verdict(thread) : SV_TRAP_NONE;
	bool is_turn = !verdict && deadline_turn_is_over(thread);
	if (is_turn && (!store || thread->depth > 1 || !suspend_is_possible(store))) {
		deadline_postpone_turn(thread);
		is_turn = false;
	}
	if (verdict || is_turn)
		signal_end_guest(thread, store, verdict, context);
	else
		deadline_arm_later(thread);
	errno = saved_errno;
}

void signals_remove(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(signal_rows); i++) {
		struct signal_row *row = &signal_rows[i];
		struct sigaction now;
		if (sigaction(row->signal, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
				now.sa_sigaction == row->handler)
			sigaction(row->signal, &row->foreign, NULL);
	}
}

/* Those before it are installed: they would take themselves for foreign the next time. */
static bool signals_fail(const struct signal_row *row, struct sv_error *error)
{
	sv_fail_errno(error, "cannot handle signal %d", row->signal);
	signals_remove();
	return false;
}

bool signals_install(struct sv_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(signal_rows); i++) {
		struct signal_row *row = &signal_rows[i];
		struct sigaction ours = {.sa_sigaction = row->handler,
				.sa_flags = SA_SIGINFO | SA_ONSTACK | row->flags};
		sigemptyset(&ours.sa_mask);
		/* Known before it is needed: the handler may run at once. */
		if (sigaction(row->signal, NULL, &row->foreign) != 0 ||
				sigaction(row->signal, &ours, NULL) != 0)
			return signals_fail(row, error);
	}
	return true;
}

void signals_list(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LENGTH(signal_rows); i++)
		sigaddset(set, signal_rows[i].signal);
}
