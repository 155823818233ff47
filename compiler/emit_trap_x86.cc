/*
 * emit_trap_x86.cc: x86-64: traps in functions that are not optimised. Fast selection of
 * instructions knows llvm.trap but not llvm.ubsantrap, for which the slow one builds a graph.
 * So the one stands for the other while instructions are selected, and is exchanged behind that.
 */
#include "compiler/emit_trap.hh"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/MachineInstrBuilder.h>
#include <llvm/CodeGen/TargetInstrInfo.h>
#include <llvm/CodeGen/TargetSubtargetInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

extern "C" {
#include "base/check.h"
}

using namespace llvm;

namespace
{

/*
 * Of the trap itself: that its block is split before instructions are selected, as for some atomic
 * operations, changes nothing.
 */
using Kinds = DenseMap<const Instruction *, uint64_t>;

/* Behind a trap is nothing, so that a block has one at most. */
const Instruction *trap_of(const BasicBlock &block)
{
	return block.getTerminator()->getPrevNode();
}

void trap_exchange(BasicBlock &block, Kinds &kinds)
{
	auto *trap = dyn_cast_or_null<IntrinsicInst>(const_cast<Instruction *>(trap_of(block)));
	if (!trap || trap->getIntrinsicID() != Intrinsic::ubsantrap)
		return;
	IRBuilder<> builder(trap);
	kinds[builder.CreateIntrinsic(Intrinsic::trap, {})] =
			cast<ConstantInt>(trap->getArgOperand(0))->getZExtValue();
	trap->eraseFromParent();
}

/* The numbers of instructions are in no header of LLVM's, their names are there. */
unsigned trap_opcode(const TargetInstrInfo &instructions, StringRef name)
{
	unsigned opcode = 0;
	while (opcode < instructions.getNumOpcodes() && instructions.getName(opcode) != name)
		opcode++;
	check(opcode < instructions.getNumOpcodes());
	return opcode;
}

class TrapPass : public MachineFunctionPass
{
public:
	explicit TrapPass(Kinds taken) : MachineFunctionPass(ID), kinds(std::move(taken)) {}

	void getAnalysisUsage(AnalysisUsage &usage) const override
	{
		usage.setPreservesAll();
		MachineFunctionPass::getAnalysisUsage(usage);
	}

	bool runOnMachineFunction(MachineFunction &function) override
	{
		if (!function.getFunction().hasOptNone())
			return false;
		const TargetInstrInfo &instructions = *function.getSubtarget().getInstrInfo();
		if (!simple) {
			simple = trap_opcode(instructions, "TRAP");
			with_kind = trap_opcode(instructions, "UBSAN_UD1");
		}
		for (MachineBasicBlock &block : function)
			finish(block, instructions);
		return true;
	}

private:
	static char ID;
	Kinds kinds;
	unsigned simple = 0, with_kind = 0;

	void finish(MachineBasicBlock &block, const TargetInstrInfo &instructions)
	{
		for (MachineInstr &at : make_early_inc_range(block)) {
			if (at.getOpcode() != simple)
				continue;
			auto kind = kinds.find(trap_of(*block.getBasicBlock()));
			check(kind != kinds.end());
			BuildMI(block, at, at.getDebugLoc(), instructions.get(with_kind))
					.addImm(kind->second);
			at.eraseFromParent();
		}
	}
};

char TrapPass::ID;

} // namespace

Pass *emit_traps(Module &module)
{
	Kinds kinds;
	for (Function &function : module) {
		if (!function.hasOptNone())
			continue;
		for (BasicBlock &block : function)
			trap_exchange(block, kinds);
	}
	return new TrapPass(std::move(kinds));
}
