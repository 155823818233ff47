/*
 * exact_access.cc: tells accesses of the guest from our own, by their alias tags and by the
 * pointers they go through. What it does not recognise is taken for the guest's.
 */
#include "compiler/exact_access.hh"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

using namespace llvm;

namespace exact
{

static const char inside_name[] = "selvage.inside";

bool has_tag(const Instruction &access, LLVMValueRef tag)
{
	const MDNode *node = access.getMetadata(LLVMContext::MD_tbaa);
	return node && cast<MetadataAsValue>(unwrap(tag))->getMetadata() == node;
}

void set_tag(Instruction &access, LLVMValueRef tag)
{
	access.setMetadata(LLVMContext::MD_tbaa,
			cast<MDNode>(cast<MetadataAsValue>(unwrap(tag))->getMetadata()));
}

bool context_offset(const Value *pointer, const Function &function, uint64_t &offset)
{
	const DataLayout &data = function.getParent()->getDataLayout();
	APInt distance(data.getIndexTypeSizeInBits(pointer->getType()), 0);
	const Value *root = pointer->stripAndAccumulateConstantOffsets(data, distance, true);
	if (function.arg_empty() || root != function.getArg(0))
		return false;
	offset = distance.getZExtValue();
	return true;
}

/* The memory of whose row this value is the field at `field`. */
static uint32_t row_memory(const Value *value, uint64_t field, const exact_layout &layout)
{
	const LoadInst *load = dyn_cast<LoadInst>(value);
	uint64_t offset;
	if (!load || !load->hasMetadata(LLVMContext::MD_invariant_load) ||
			!context_offset(load->getPointerOperand(), *load->getFunction(), offset) ||
			offset < layout.rows + field)
		return no_memory;
	uint64_t distance = offset - layout.rows - field;
	if (distance % layout.row_size || distance / layout.row_size >= layout.memory_count)
		return no_memory;
	return uint32_t(distance / layout.row_size);
}

static uint32_t loaded_base(const Value *value, const exact_layout &layout)
{
	return row_memory(value, layout.row_base, layout);
}

static uint32_t loaded_size(const Value *value, const exact_layout &layout)
{
	const LoadInst *load = dyn_cast<LoadInst>(value);
	if (!load || load->isAtomic() || !has_tag(*load, layout.alias_tags[ALIAS_SIZE]))
		return no_memory;
	const DataLayout &data = load->getModule()->getDataLayout();
	APInt offset(64, 0);
	const Value *view = load->getPointerOperand()->stripAndAccumulateConstantOffsets(data,
			offset, true);
	if (offset != layout.view_size)
		return no_memory;
	return row_memory(view, layout.row_view, layout);
}

static const unsigned phi_depth = 4;

typedef uint32_t (*memory_finder)(const Value *value, const exact_layout &layout);

/* Behind loops there are several loads of the same thing, one for each way. */
static uint32_t any_memory(memory_finder find, const Value *value, const exact_layout &layout,
		unsigned depth)
{
	const PHINode *phi = dyn_cast<PHINode>(value);
	if (!phi || depth == 0)
		return find(value, layout);
	uint32_t memory = any_memory(find, phi->getIncomingValue(0), layout, depth - 1);
	for (const Value *incoming : phi->incoming_values()) {
		if (any_memory(find, incoming, layout, depth - 1) != memory)
			return no_memory;
	}
	return memory;
}

uint32_t base_memory(const Value *value, const exact_layout &layout)
{
	return any_memory(loaded_base, value, layout, phi_depth);
}

uint32_t size_memory(const Value *value, const exact_layout &layout)
{
	return any_memory(loaded_size, value, layout, phi_depth);
}

Span access_span(const Instruction &access)
{
	const DataLayout &data = access.getModule()->getDataLayout();
	const Value *pointer = getLoadStorePointerOperand(&access);
	APInt offset(data.getIndexTypeSizeInBits(pointer->getType()), 0);
	pointer = pointer->stripAndAccumulateConstantOffsets(data, offset, true);
	int64_t first = offset.getSExtValue();
	return {pointer, first, first + (int64_t)data.getTypeStoreSize(getLoadStoreType(&access))};
}

static bool is_tagged(const Instruction &access, const exact_layout &layout, enum alias_class alias)
{
	return has_tag(access, layout.alias_tags[alias]);
}

static bool is_stack(const Instruction &access)
{
	return isa<AllocaInst>(getUnderlyingObject(getLoadStorePointerOperand(&access)));
}

/* Nobody looks at it after a trap. */
static bool is_private(const Instruction &access, const exact_layout &layout)
{
	static const alias_class classes[] = {ALIAS_CONTEXT, ALIAS_SIZE, ALIAS_ROOT, ALIAS_VIEW};
	return is_stack(access) || any_of(classes, [&](alias_class alias) {
		return is_tagged(access, layout, alias);
	});
}

/* Neither bounds nor a null in its way that it would run into: those have checks. */
static bool is_ours(const Instruction &access, const exact_layout &layout)
{
	if (access.hasMetadata(LLVMContext::MD_invariant_load) || is_stack(access))
		return true;
	for (int alias = 0; alias < ALIAS_COUNT; alias++) {
		bool guest = alias == ALIAS_MEMORY || alias == ALIAS_SHARED;
		if (!guest && is_tagged(access, layout, (alias_class)alias))
			return true;
	}
	return false;
}

bool is_guest_memory(const Instruction &access, const exact_layout &layout)
{
	return is_tagged(access, layout, ALIAS_MEMORY) || is_tagged(access, layout, ALIAS_SHARED);
}

bool may_trap(const Instruction &access, const exact_layout &layout)
{
	if ((!isa<LoadInst>(access) && !isa<StoreInst>(access)) || is_inside(access) ||
			is_ours(access, layout))
		return false;
	const Value *base = getUnderlyingObject(getLoadStorePointerOperand(&access));
	uint32_t memory = base_memory(base, layout);
	return memory == no_memory || !layout.memories[memory].is_checked;
}

bool is_seen(const Instruction &instruction, const exact_layout &layout)
{
	return isa<StoreInst>(instruction) && !is_private(instruction, layout);
}

bool is_opaque(const Instruction &instruction)
{
	if (const CallBase *call = dyn_cast<CallBase>(&instruction))
		return !isa<IntrinsicInst>(call);
	return instruction.isAtomic();
}

static LoadInst *emit_field(IRBuilder<> &builder, uint32_t memory, uint64_t field,
		const exact_layout &layout)
{
	uint64_t offset = layout.rows + memory * layout.row_size + field;
	Value *instance = builder.GetInsertBlock()->getParent()->getArg(0);
	Value *place = builder.CreateConstGEP1_64(builder.getInt8Ty(), instance, offset);
	LoadInst *load = builder.CreateLoad(builder.getPtrTy(), place);
	load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(builder.getContext(), {}));
	return load;
}

Value *emit_base(IRBuilder<> &builder, uint32_t memory, const exact_layout &layout)
{
	return emit_field(builder, memory, layout.row_base, layout);
}

/* A memory never shrinks: what is below its size now is so from now on. */
Value *emit_size(IRBuilder<> &builder, uint32_t memory, const exact_layout &layout)
{
	Value *view = emit_field(builder, memory, layout.row_view, layout);
	Value *place = builder.CreateConstGEP1_64(builder.getInt8Ty(), view, layout.view_size);
	LoadInst *load = builder.CreateLoad(builder.getInt64Ty(), place);
	set_tag(*load, layout.alias_tags[ALIAS_SIZE]);
	exact_memory limits = layout.memories[memory];
	if (limits.size_end != limits.least_size)
		load->setMetadata(LLVMContext::MD_range,
				MDBuilder(builder.getContext())
						.createRange(APInt(64, limits.least_size),
								APInt(64, limits.size_end)));
	return load;
}

void set_inside(Instruction &instruction)
{
	instruction.setMetadata(inside_name, MDNode::get(instruction.getContext(), {}));
}

bool is_inside(const Instruction &instruction)
{
	return instruction.hasMetadata(inside_name);
}

void clear_inside(Instruction &instruction)
{
	instruction.setMetadata(inside_name, nullptr);
}

} // namespace exact
