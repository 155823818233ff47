/*
 * emit_passes.cc: what LLVMTargetMachineEmitToMemoryBuffer does, with a say in which passes run.
 */
#include "compiler/emit_passes.h"

#include <memory>
#include <utility>

#include <llvm/ADT/SmallVector.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit_trap.hh"

/*
 * Guests' variables are in no debug information: looking for where they are was a tenth of -O0.
 * Instructions are not put in order again behind the allocation of registers: LLVM does that for
 * some CPUs only, all of which find an order themselves.
 */
static void passes_leave_out(llvm::TargetPassConfig *config)
{
	config->disablePass(&llvm::PostRASchedulerID);
	config->disablePass(&llvm::LiveDebugValuesID);
	config->disablePass(&llvm::RemoveRedundantDebugValuesID);
	config->disablePass(&llvm::StackMapLivenessID);
}

extern "C" LLVMMemoryBufferRef emit_passes_run(LLVMTargetMachineRef machine_ref,
		LLVMModuleRef module_ref, LLVMCodeGenFileType kind)
{
	auto *machine = reinterpret_cast<llvm::TargetMachine *>(machine_ref);
	auto type = kind == LLVMAssemblyFile ? llvm::CodeGenFileType::AssemblyFile
					     : llvm::CodeGenFileType::ObjectFile;
	llvm::Module *module = llvm::unwrap(module_ref);
	llvm::SmallVector<char, 0> bytes;
	llvm::raw_svector_ostream stream(bytes);
	{
		llvm::legacy::PassManager passes;
		auto *info = new llvm::MachineModuleInfoWrapperPass(machine); /* the manager's */
		llvm::TargetPassConfig *config = machine->createPassConfig(passes);
		config->setDisableVerify(true); /* as LLVM's own does it */
		passes_leave_out(config);
		passes.add(config);
		passes.add(info);
		llvm::Pass *traps = emit_traps(*module);
		if (config->addISelPasses())
			return nullptr;
		passes.add(traps);
		config->addMachinePasses();
		config->setInitialized();
		if (machine->addAsmPrinter(passes, stream, nullptr, type,
				    info->getMMI().getContext()))
			return nullptr;
		passes.add(llvm::createFreeMachineFunctionPass());
		passes.run(*module);
	}
	return llvm::wrap(std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), false)
					  .release());
}
