/*
 * link.cc: shim over lld's driver, which has no C interface.
 */
#include "compiler/link.h"

#include <cstdio>
#include <mutex>
#include <string>

#include <lld/Common/Driver.h>
#include <llvm/ADT/ArrayRef.h>
#include <llvm/Support/raw_ostream.h>

LLD_HAS_DRIVER(elf)

extern "C" bool link_run(const char *const *arguments, size_t count, char *message, size_t size)
{
	static std::mutex one_at_a_time;
	std::lock_guard<std::mutex> lock(one_at_a_time);
	std::string said;
	llvm::raw_string_ostream stream(said);
	lld::Result result = lld::lldMain(llvm::ArrayRef<const char *>(arguments, count), stream,
			stream, {{lld::Gnu, &lld::elf::link}});
	stream.flush();
	std::snprintf(message, size, "%s", said.c_str());
	return result.retCode == 0 && result.canRunAgain;
}
