/*
 * optimise_scan.cc: functions that are given an address and find the first byte behind it that is
 * zero, or zero or their second argument: strlen, strchrnul and the like, whatever the library and
 * its name. Such a function goes by bytes to a multiple of a word, then by words, then by bytes in
 * the word found; most strings end before it has got into its stride. What it gives is proven by
 * trials, one for each place in a chunk where the byte may be, each alignment of the address, and
 * each byte that is looked for. Then it looks at the chunk first, all bytes at once, if that is in
 * bounds; a chunk without the byte, or one out of bounds, is the function's own matter, as are all
 * traps.
 */
#include "compiler/optimise_scan.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/optimise_trial.hh"

using namespace llvm;
using namespace trial;

namespace
{

/* Of all trials of a function; strchrnul of wasi-libc takes 85,000. */
const unsigned most_steps = 1 << 18;

/* What was proven of a function. */
struct Scan {
	bool has_wanted;  /* the second argument is looked for, too, if it is not zero */
	bool gives_place; /* else the distance from the start */
	uint32_t memory;
};

} // namespace

/* ---- proof ---- */

static bool scan_try(const Question &question, Scan &scan)
{
	std::optional<Answer> found = answer(question);
	if (!found || found->memory == exact::no_memory || found->result.shape != Fact::LINEAR ||
			found->result.number != question.place || found->result.starts < 0)
		return false;
	bool is_first = question.alignment == 0 && question.place == 0 && question.found == ZERO;
	Scan seen = {question.has_wanted, found->result.is_place(), found->memory};
	if (is_first)
		scan = seen;
	return scan.gives_place == seen.gives_place && scan.memory == seen.memory;
}

static bool scan_prove(const Function &function, const exact_layout &layout, bool has_wanted,
		Scan &scan)
{
	unsigned steps = most_steps;
	for (unsigned alignment = 0; alignment < most_word; alignment++) {
		for (unsigned place = 0; place < chunk_bytes; place++) {
			Question question{function, layout, steps, has_wanted, alignment, place,
					ZERO};
			if (!scan_try(question, scan))
				return false;
			question.found = WANTED;
			if (has_wanted && !scan_try(question, scan))
				return false;
		}
	}
	return true;
}

static bool is_index(const Function &function, unsigned argument)
{
	return function.arg_size() > argument &&
			function.getArg(argument)->getType()->isIntegerTy(32);
}

static bool scan_find(const Function &function, const exact_layout &layout, Scan &scan)
{
	if (!function.getReturnType()->isIntegerTy(32) || !is_index(function, 1) ||
			isa<AllocaInst>(function.getEntryBlock().front()))
		return false;
	return scan_prove(function, layout, false, scan) ||
			(is_index(function, 2) && scan_prove(function, layout, true, scan));
}

/* ---- use ---- */

static Value *chunk_load(IRBuilder<> &builder, Value *start, const Scan &scan,
		const exact_layout &layout)
{
	Value *address = builder.CreateGEP(builder.getInt8Ty(),
			exact::emit_base(builder, scan.memory, layout), start);
	LoadInst *chunk = builder.CreateAlignedLoad(FixedVectorType::get(builder.getInt8Ty(),
								    chunk_bytes),
			address, Align(1));
	exact::set_tag(*chunk, layout.alias_tags[ALIAS_MEMORY]);
	exact::set_inside(*chunk);
	return chunk;
}

/* A bit for each byte that is looked for. */
static Value *chunk_finds(IRBuilder<> &builder, Value *chunk, Value *wanted)
{
	Value *finds = builder.CreateICmpEQ(chunk, Constant::getNullValue(chunk->getType()));
	if (wanted) {
		Value *all = builder.CreateVectorSplat(chunk_bytes, wanted);
		finds = builder.CreateOr(finds, builder.CreateICmpEQ(chunk, all));
	}
	return builder.CreateBitCast(finds, builder.getIntNTy(chunk_bytes));
}

static void scan_use(Function &function, const exact_layout &layout, const Scan &scan)
{
	LLVMContext &context = function.getContext();
	BasicBlock *body = &function.getEntryBlock();
	BasicBlock *found = BasicBlock::Create(context, "found", &function, body);
	BasicBlock *chunk = BasicBlock::Create(context, "scan", &function, found);
	BasicBlock *entry = BasicBlock::Create(context, "entry", &function, chunk);
	IRBuilder<> builder(entry);
	builder.SetCurrentDebugLocation(body->getTerminator()->getDebugLoc());

	Value *start = builder.CreateZExt(function.getArg(1), builder.getInt64Ty());
	Value *end = builder.CreateAdd(start, builder.getInt64(room_bytes));
	Value *size = exact::emit_size(builder, scan.memory, layout);
	Value *may_look = builder.CreateICmpULE(end, size), *wanted = nullptr;
	if (scan.has_wanted) {
		wanted = builder.CreateTrunc(function.getArg(2), builder.getInt8Ty());
		may_look = builder.CreateAnd(may_look, builder.CreateIsNotNull(wanted));
	}
	builder.CreateCondBr(may_look, chunk, body);

	builder.SetInsertPoint(chunk);
	Value *finds = chunk_finds(builder, chunk_load(builder, start, scan, layout), wanted);
	builder.CreateCondBr(builder.CreateIsNotNull(finds), found, body);

	builder.SetInsertPoint(found);
	Value *place = builder.CreateBinaryIntrinsic(Intrinsic::cttz, finds, builder.getTrue());
	if (scan.gives_place)
		place = builder.CreateAdd(place, function.getArg(1));
	builder.CreateRet(place);
}

void optimise_scans(LLVMValueRef value, const exact_layout *layout)
{
	Function &function = *unwrap<Function>(value);
	Scan scan{};
	if (scan_find(function, *layout, scan))
		scan_use(function, *layout, scan);
}
