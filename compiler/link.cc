/*
 * link.cc: shim over lld's driver, which has no C interface.
 */
#include "compiler/link.h"

#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>

#include <lld/Common/CommonLinkerContext.h>
#include <lld/Common/Driver.h>
#include <llvm/ADT/ArrayRef.h>
#include <llvm/Support/Signals.h>
#include <llvm/Support/raw_ostream.h>

LLD_HAS_DRIVER(elf)

/*
 * When lld writes its first file, LLVM installs handlers for SIGSEGV and others, for good; but
 * those signals are the runtime's where a process compiles and runs. LLVM does so once: have
 * it done while the library is loaded, before there are threads, and take it back.
 */
static bool link_keep_signals()
{
	struct sigaction before[SIGSYS + 1];
	stack_t stack;
	sigaltstack(nullptr, &stack);
	for (int signal = 1; signal < SIGSYS + 1; signal++)
		sigaction(signal, nullptr, &before[signal]);
	llvm::sys::SetInterruptFunction(nullptr);
	for (int signal = 1; signal < SIGSYS + 1; signal++) {
		if (signal != SIGKILL && signal != SIGSTOP)
			sigaction(signal, &before[signal], nullptr);
	}
	sigaltstack(&stack, nullptr);
	return true;
}

static const bool link_signals_are_kept = link_keep_signals();

extern "C" bool link_run(const char *const *arguments, size_t count, char *message, size_t size)
{
	static std::mutex one_at_a_time;
	std::lock_guard<std::mutex> lock(one_at_a_time);
	std::string said;
	llvm::raw_string_ostream stream(said);
	(void)link_signals_are_kept;
	/* Not lldMain: it installs handlers of its own for crashes. */
	bool linked = lld::elf::link(llvm::ArrayRef<const char *>(arguments, count), stream, stream,
			false, false);
	lld::CommonLinkerContext::destroy();
	stream.flush();
	std::snprintf(message, size, "%s", said.c_str());
	return linked;
}
