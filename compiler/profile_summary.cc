/*
 * profile_summary.cc: see profile_summary.h; LLVM's C interface has none of this.
 */
#include "compiler/profile_summary.h"

#include <memory>

#include <llvm/IR/Module.h>
#include <llvm/IR/ProfileSummary.h>
#include <llvm/ProfileData/ProfileCommon.h>

struct profile_summary {
	llvm::InstrProfSummaryBuilder builder{llvm::ProfileSummaryBuilder::DefaultCutoffs.vec()};
	std::unique_ptr<llvm::ProfileSummary> complete;
};

extern "C" struct profile_summary *profile_summary_new(void)
{
	return new profile_summary;
}

extern "C" void profile_summary_add(struct profile_summary *summary, const uint64_t *counts,
		size_t count)
{
	summary->builder.addEntryCount(counts[0]);
	for (size_t i = 1; i < count; i++)
		summary->builder.addInternalCount(counts[i]);
}

extern "C" void profile_summary_complete(struct profile_summary *summary)
{
	summary->complete = summary->builder.getSummary();
}

extern "C" void profile_summary_set(const struct profile_summary *summary, LLVMModuleRef module)
{
	llvm::Module *unwrapped = llvm::unwrap(module);
	unwrapped->setProfileSummary(summary->complete->getMD(unwrapped->getContext()),
			llvm::ProfileSummary::PSK_Instr);
}

extern "C" void profile_summary_free(struct profile_summary *summary)
{
	delete summary;
}
