/*
 * exact_order.cc: to LLVM an ordinary load or store does not trap, so that it would drop, delay or
 * combine stores across one. A marker keeps them in order: a call that may read all memory and
 * may not return, made of no instruction. It stands between a store and the next access that
 * may trap, and between an access that may trap and the next store.
 */
#include "compiler/exact_order.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/exact_access.hh"

using namespace llvm;

namespace
{

/* What has happened in a block since the last marker. */
struct Order {
	const exact_layout *layout;
	bool stored; /* something that can be seen */
	bool accessed; /* something may have trapped, other than `loads` */
	SmallVector<Instruction *, 8> loads; /* ordinary loads that may trap */
};

const unsigned operand_depth = 6;

} // namespace

static void marker_insert(Instruction &before, Order &order)
{
	IRBuilder<> builder(&before);
	FunctionType *type = FunctionType::get(builder.getVoidTy(), false);
	CallInst *marker = builder.CreateCall(type, InlineAsm::get(type, "", "", true));
	marker->setDoesNotThrow();
	marker->setOnlyReadsMemory();
	order.stored = false;
	order.accessed = false;
	order.loads.clear();
}

/* Does the value depend on the load, so that it cannot be had before it? */
static bool value_depends(const Value *value, const Instruction *load, unsigned depth)
{
	if (value == load)
		return true;
	const Instruction *instruction = dyn_cast<Instruction>(value);
	if (!instruction || depth == 0 || isa<PHINode>(instruction) ||
			isa<SelectInst>(instruction) ||
			instruction->getParent() != load->getParent())
		return false;
	for (const Value *operand : instruction->operands()) {
		if (value_depends(operand, load, depth - 1))
			return true;
	}
	return false;
}

static bool order_waits(const Order &order, const Instruction &store)
{
	if (order.accessed)
		return false;
	for (const Instruction *load : order.loads) {
		if (!value_depends(store.getOperand(0), load, operand_depth) &&
				!value_depends(store.getOperand(1), load, operand_depth))
			return false;
	}
	return true;
}

static void order_step(Order &order, Instruction &instruction)
{
	if (exact::is_opaque(instruction)) {
		order.stored = order.accessed = false;
		order.loads.clear();
		return;
	}
	bool traps = exact::may_trap(instruction, *order.layout);
	bool seen = exact::is_seen(instruction, *order.layout);
	if ((traps && order.stored) || (seen && !order_waits(order, instruction)))
		marker_insert(instruction, order);
	order.stored |= seen;
	if (!traps)
		return;
	if (isa<LoadInst>(instruction) && !instruction.isVolatile() && order.loads.size() < 8)
		order.loads.push_back(&instruction);
	else
		order.accessed = true;
}

static bool is_inside(const BasicBlock *block)
{
	return exact::is_inside(*block->getTerminator());
}

static void order_block(Order &order, BasicBlock &block)
{
	/* Stores are marked where their block ends, but for blocks in which nothing traps. */
	order.stored = any_of(predecessors(&block), is_inside);
	order.accessed = !block.isEntryBlock();
	order.loads.clear();
	for (Instruction &instruction : block)
		order_step(order, instruction);
	Instruction *end = block.getTerminator();
	bool left = order.stored && !isa<ReturnInst>(end) && !isa<UnreachableInst>(end);
	if (left || any_of(successors(&block), is_inside))
		marker_insert(*end, order);
}

void exact_order(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	Order order{layout, false, false, {}};
	bool traps = any_of(instructions(whole), [&](const Instruction &instruction) {
		return exact::may_trap(instruction, *layout);
	});
	for (BasicBlock &block : whole) {
		if (traps && !is_inside(&block))
			order_block(order, block);
	}
	for (Instruction &instruction : instructions(whole))
		exact::clear_inside(instruction);
}
