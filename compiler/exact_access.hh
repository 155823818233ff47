/*
 * exact_access.hh: what the loads and stores of a function are, as far as their traps go.
 */
#ifndef SELVAGE_COMPILER_EXACT_ACCESS_HH
#define SELVAGE_COMPILER_EXACT_ACCESS_HH

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include "compiler/exact_order.h"

namespace exact
{

const uint32_t no_memory = UINT32_MAX;

/* Has the tag, an LLVMValueRef as made by LLVMMDNodeInContext. */
bool has_tag(const llvm::Instruction &access, LLVMValueRef tag);
void set_tag(llvm::Instruction &access, LLVMValueRef tag);

/* Offset of a pointer from the function's context; false if it is no constant. */
bool context_offset(const llvm::Value *pointer, const llvm::Function &function, uint64_t &offset);

/* The memory whose base this value is, or no_memory. */
uint32_t base_memory(const llvm::Value *value, const exact_layout &layout);

/* The memory whose size this value is, or no_memory. */
uint32_t size_memory(const llvm::Value *value, const exact_layout &layout);

/* The bytes of a load or store, from a pointer that has no constant added to it. */
struct Span {
	const llvm::Value *pointer;
	int64_t first, end;
};

Span access_span(const llvm::Instruction &access);

/* A load or store of a memory of the guest's. */
bool is_guest_memory(const llvm::Instruction &access, const exact_layout &layout);

/* A load or store that may run out of bounds, not known to be inside (see set_inside). */
bool may_trap(const llvm::Instruction &access, const exact_layout &layout);

/* A store whose effect can be seen after a trap. */
bool is_seen(const llvm::Instruction &instruction, const exact_layout &layout);

/* A call or the like of which LLVM knows nothing: it keeps the order by itself. */
bool is_opaque(const llvm::Instruction &instruction);

/* A memory's size and base, loaded at the builder's place. */
llvm::Value *emit_size(llvm::IRBuilder<> &builder, uint32_t memory, const exact_layout &layout);
llvm::Value *emit_base(llvm::IRBuilder<> &builder, uint32_t memory, const exact_layout &layout);

/*
 * Note that an access is in bounds; of a terminator, that nothing traps in its block. A note
 * need not outlive passes that run before it is read: what has lost it is slower, and as exact.
 */
void set_inside(llvm::Instruction &instruction);
bool is_inside(const llvm::Instruction &instruction);
void clear_inside(llvm::Instruction &instruction);

} // namespace exact

#endif
