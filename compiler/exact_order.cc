/*
 * exact_order.cc: to LLVM an ordinary load or store does not trap, so that it would drop, delay or
 * combine stores across one. A marker keeps them in order: a call that may read all memory and
 * may not return, made of no instruction. On every path one stands between a store and the next
 * access that may trap, between an access that may trap and the next store, and between a store
 * that alone needs what a load gave and one that could overwrite it.
 */
#include "compiler/exact_order.h"

#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/exact_access.hh"

using namespace llvm;

namespace
{

/* What matters of an instruction. */
struct Event {
	Instruction *at;
	bool is_opaque, traps, is_seen;
	bool is_needed; /* by a load that could be dropped if this store were */
	exact::Span span; /* of an access */
};

/* What has happened since the last marker, on any path to a place. */
struct State {
	bool stored; /* something that can be seen */
	bool accessed; /* something may have trapped */
	bool needed; /* stored what a load needs */

	bool operator==(const State &other) const
	{
		return stored == other.stored && accessed == other.accessed &&
				needed == other.needed;
	}
};

/* Inside a block more is known. */
struct Order {
	State state; /* but for what the lists say */
	SmallVector<Instruction *, 8> loads; /* ordinary loads that may trap */
	SmallVector<exact::Span, 8> needed; /* stores */
};

struct Block {
	BasicBlock *block;
	bool is_inside; /* nothing traps there, and no marker may hinder LLVM */
	bool leads_inside;
	bool is_reached;
	State in, out;
	std::vector<Event> events;
};

const unsigned operand_depth = 6, most_values = 64;
const unsigned most_loads = 8, most_needed = 8;

} // namespace

static void marker_insert(Instruction &before)
{
	IRBuilder<> builder(&before);
	FunctionType *type = FunctionType::get(builder.getVoidTy(), false);
	CallInst *marker = builder.CreateCall(type, InlineAsm::get(type, "", "", true));
	marker->setDoesNotThrow();
	marker->setOnlyReadsMemory();
}

/* ---- values ---- */

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

/* Does it come from a load whose trap rests on its being needed? In doubt, yes. */
static bool value_is_loaded(const Value *value, const exact_layout &layout, unsigned &budget)
{
	const Instruction *instruction = dyn_cast<Instruction>(value);
	if (!instruction || exact::is_opaque(*instruction))
		return false;
	if (isa<LoadInst>(instruction))
		return !instruction->isVolatile() && exact::may_trap(*instruction, layout);
	if (isa<PHINode>(instruction) || budget == 0)
		return true;
	budget--;
	return any_of(instruction->operands(), [&](const Value *operand) {
		return value_is_loaded(operand, layout, budget);
	});
}

/* ---- what a block does ---- */

static void block_read(Block &block, const exact_layout &layout)
{
	for (Instruction &instruction : *block.block) {
		Event event{&instruction, exact::is_opaque(instruction), false, false, false, {}};
		if (!event.is_opaque) {
			event.traps = exact::may_trap(instruction, layout);
			event.is_seen = exact::is_seen(instruction, layout);
		}
		if (event.is_seen) {
			unsigned budget = most_values;
			event.span = exact::access_span(instruction);
			event.is_needed = !event.traps && value_is_loaded(instruction.getOperand(0),
							layout, budget);
		}
		if (event.is_opaque || event.traps || event.is_seen)
			block.events.push_back(event);
	}
}

static bool order_waits(const Order &order, const Instruction &store)
{
	if (order.state.accessed)
		return false;
	for (const Instruction *load : order.loads) {
		if (!value_depends(store.getOperand(0), load, operand_depth) &&
				!value_depends(store.getOperand(1), load, operand_depth))
			return false;
	}
	return true;
}

/* Could a store make one dead that a load is needed for? */
static bool order_overwrites(const Order &order, const Event &event, bool same_only)
{
	if (order.state.needed && !same_only)
		return true;
	return any_of(order.needed, [&](const exact::Span &other) {
		if (other.pointer != event.span.pointer)
			return !same_only;
		return other.first < event.span.end && event.span.first < other.end;
	});
}

static bool order_needs_marker(const Order &order, const Event &event, const Block &block)
{
	if (block.is_inside)
		return event.is_seen && order_overwrites(order, event, true);
	if (event.traps && order.state.stored)
		return true;
	return event.is_seen &&
			(!order_waits(order, *event.at) || order_overwrites(order, event, false));
}

static void order_note(Order &order, const Event &event)
{
	order.state.stored |= event.is_seen;
	if (event.is_needed && order.needed.size() < most_needed)
		order.needed.push_back(event.span);
	else
		order.state.needed |= event.is_needed;
	if (!event.traps)
		return;
	if (isa<LoadInst>(event.at) && !event.at->isVolatile() && order.loads.size() < most_loads)
		order.loads.push_back(event.at);
	else
		order.state.accessed = true;
}

static State order_state(const Order &order)
{
	return {order.state.stored, order.state.accessed || !order.loads.empty(),
			order.state.needed || !order.needed.empty()};
}

/* The state behind a block, from that in front of it. */
static State block_run(Block &block, bool insert)
{
	Order order{block.in, {}, {}};
	for (const Event &event : block.events) {
		bool marker = order_needs_marker(order, event, block);
		if (marker && insert)
			marker_insert(*event.at);
		if (marker || event.is_opaque)
			order = {};
		if (!event.is_opaque)
			order_note(order, event);
	}
	State state = order_state(order);
	if (!block.leads_inside || block.is_inside || !(state.accessed || state.needed))
		return state;
	if (insert)
		marker_insert(*block.block->getTerminator());
	return {};
}

/* ---- functions ---- */

static bool is_inside(const BasicBlock *block)
{
	return exact::is_inside(*block->getTerminator());
}

static std::vector<Block> blocks_read(Function &function, const exact_layout &layout)
{
	std::vector<Block> blocks;
	for (BasicBlock *block : ReversePostOrderTraversal<Function *>(&function)) {
		blocks.push_back({block, is_inside(block), any_of(successors(block), is_inside),
				false, {}, {}, {}});
		block_read(blocks.back(), layout);
	}
	return blocks;
}

/*
 * Run the blocks until nothing changes. What is known behind one only ever grows, so that in the
 * end it is at least what running it on what is known in front of it gives.
 */
static void blocks_settle(std::vector<Block> &blocks)
{
	DenseMap<const BasicBlock *, Block *> find;
	for (Block &block : blocks)
		find[block.block] = &block;
	bool changed = true;
	while (changed) {
		changed = false;
		for (Block &block : blocks) {
			State in{};
			for (const BasicBlock *from : predecessors(block.block)) {
				const Block *before = find.lookup(from);
				if (!before)
					continue;
				in.stored |= before->out.stored;
				in.accessed |= before->out.accessed;
				in.needed |= before->out.needed;
			}
			if (block.is_reached && in == block.in)
				continue;
			block.is_reached = true;
			block.in = in;
			State out = block_run(block, false);
			block.out.stored |= out.stored;
			block.out.accessed |= out.accessed;
			block.out.needed |= out.needed;
			changed = true;
		}
	}
}

void exact_order(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	bool traps = any_of(instructions(whole), [&](const Instruction &instruction) {
		return exact::may_trap(instruction, *layout);
	});
	if (traps) {
		std::vector<Block> blocks = blocks_read(whole, *layout);
		blocks_settle(blocks);
		for (Block &block : blocks)
			block_run(block, true);
	}
	for (Instruction &instruction : instructions(whole))
		exact::clear_inside(instruction);
}
