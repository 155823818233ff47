/*
 * optimise_trial.cc: a trial goes through a function one instruction after the other, with what is
 * known of each value. Where it is not known where a branch goes, it goes both ways.
 */
#include "compiler/optimise_trial.hh"

#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/PatternMatch.h>

#include "compiler/exact_loop.hh"

using namespace llvm;
using namespace llvm::PatternMatch;
using namespace trial;

namespace
{

const unsigned most_forks = 3; /* on one way */

struct Trial {
	const Question &question;
	DenseMap<const Value *, Fact> facts;
	uint32_t memory = exact::no_memory;
	const BasicBlock *block;
	std::optional<Fact> result;

	explicit Trial(const Question &of) : question(of), block(&of.function.getEntryBlock())
	{
	}
};

} // namespace

/* ---- facts ---- */

static uint64_t cut(uint64_t number, unsigned bits)
{
	return bits < 64 ? number & ((UINT64_C(1) << bits) - 1) : number;
}

static Fact fact_linear(unsigned bits, int starts, uint64_t number)
{
	Fact fact;
	if (starts < -1 || starts > 1)
		return fact;
	fact.shape = Fact::LINEAR;
	fact.bits = bits;
	fact.starts = starts;
	fact.number = cut(number, bits);
	return fact;
}

static uint8_t number_byte(uint64_t number, unsigned at)
{
	return uint8_t(number >> 8 * at);
}

/* The bytes of a value, if it has whole ones. */
static bool fact_bytes(const Fact &fact, Fact &bytes)
{
	bytes = fact;
	if (fact.shape == Fact::BYTES)
		return true;
	if (!fact.is_number() || fact.bits % 8 != 0)
		return false;
	bytes.shape = Fact::BYTES;
	for (unsigned i = 0; i < fact.bits / 8; i++)
		bytes.bytes[i] = number_byte(fact.number, i) ? SOME : ZERO;
	return true;
}

static bool is_nonzero(Byte byte)
{
	return byte == WANTED || byte == OTHER || byte == SOME;
}

static Fact fact_argument(const Question &question, const Argument &argument)
{
	Fact fact;
	if (!argument.getType()->isIntegerTy(32))
		return fact;
	if (argument.getArgNo() == 1)
		return fact_linear(32, 1, 0);
	if (argument.getArgNo() == 2 && question.has_wanted) {
		fact.shape = Fact::BYTES;
		fact.bits = 32;
		fact.bytes[0] = WANTED;
	}
	return fact;
}

static Fact fact_of(const Trial &trial, const Value *value)
{
	const ConstantInt *constant = dyn_cast<ConstantInt>(value);
	if (constant && constant->getBitWidth() <= 64)
		return fact_linear(constant->getBitWidth(), 0, constant->getZExtValue());
	if (const Argument *argument = dyn_cast<Argument>(value))
		return fact_argument(trial.question, *argument);
	return trial.facts.lookup(value);
}

/* ---- loads ---- */

/* Is [start + from, start + from + size) known to be in the memory? */
static bool is_in_room(uint64_t from, uint64_t size)
{
	return from < room_bytes && size <= room_bytes - from;
}

static bool is_memory(Trial &trial, uint32_t memory)
{
	if (memory == exact::no_memory ||
			(trial.memory != exact::no_memory && trial.memory != memory))
		return false;
	trial.memory = memory;
	const exact_memory &kind = trial.question.layout.memories[memory];
	return !kind.is_shared && !kind.is_64;
}

/* How far from the start is it read? */
static bool load_place(Trial &trial, const LoadInst &load, uint64_t &place)
{
	const DataLayout &data = load.getModule()->getDataLayout();
	APInt offset(64, 0);
	const Value *pointer = load.getPointerOperand()->stripAndAccumulateConstantOffsets(data,
			offset, true);
	const GetElementPtrInst *way = dyn_cast<GetElementPtrInst>(pointer);
	if (!way || way->getNumIndices() != 1 || !way->getSourceElementType()->isIntegerTy(8) ||
			!is_memory(trial,
					exact::base_memory(way->getPointerOperand(),
							trial.question.layout)))
		return false;
	Fact index = fact_of(trial, way->getOperand(1));
	place = index.number + offset.getZExtValue();
	return index.is_place() && index.bits == 64 &&
			is_in_room(place, data.getTypeStoreSize(load.getType()));
}

static bool load_fact(Trial &trial, const LoadInst &load, Fact &fact)
{
	uint64_t place;
	if (!exact::is_guest_memory(load, trial.question.layout))
		return !load.isAtomic() && !exact::may_trap(load, trial.question.layout);
	if (load.isAtomic() || !load_place(trial, load, place))
		return false;
	unsigned bits = unsigned(load.getType()->getPrimitiveSizeInBits());
	if (!load.getType()->isIntegerTy() || bits % 8 != 0 || bits > 8 * most_word)
		return true;
	fact.shape = Fact::BYTES;
	fact.bits = bits;
	for (unsigned i = 0; i < bits / 8; i++, place++) {
		unsigned found = trial.question.place;
		fact.bytes[i] = place < found ? OTHER : place == found ? trial.question.found : ANY;
	}
	return true;
}

/* ---- operations ---- */

static Fact linear_and(const Trial &trial, const Fact &fact, uint64_t mask)
{
	/* Of a place the lowest bits are known. */
	if (fact.starts && mask >= most_word)
		return {};
	uint64_t number = fact.number + uint64_t(fact.starts) * trial.question.alignment;
	return fact_linear(fact.bits, 0, number & mask);
}

static Fact linear_binary(const Trial &trial, unsigned operation, const Fact &a, const Fact &b)
{
	switch (operation) {
	case Instruction::Add:
		return fact_linear(a.bits, a.starts + b.starts, a.number + b.number);
	case Instruction::Sub:
		return fact_linear(a.bits, a.starts - b.starts, a.number - b.number);
	case Instruction::And:
		return b.is_number() ? linear_and(trial, a, b.number) : Fact{};
	case Instruction::Xor:
		if (b.is_number() && b.number == cut(UINT64_MAX, b.bits))
			return fact_linear(a.bits, -a.starts, -a.number - 1);
		break;
	default:
		break;
	}
	if (!a.is_number() || !b.is_number())
		return {};
	switch (operation) {
	case Instruction::Or:
		return fact_linear(a.bits, 0, a.number | b.number);
	case Instruction::Xor:
		return fact_linear(a.bits, 0, a.number ^ b.number);
	case Instruction::Mul:
		return fact_linear(a.bits, 0, a.number * b.number);
	default:
		return {};
	}
}

static Byte byte_binary(unsigned operation, Byte a, Byte b)
{
	switch (operation) {
	case Instruction::Xor:
		if (a == ZERO || b == ZERO)
			return a == ZERO ? b : a;
		if (a == WANTED && b == WANTED)
			return ZERO;
		return (a == WANTED && b == OTHER) || (a == OTHER && b == WANTED) ? SOME : ANY;
	case Instruction::Or:
		if (a == ZERO || b == ZERO)
			return a == ZERO ? b : a;
		return is_nonzero(a) || is_nonzero(b) ? SOME : ANY;
	default:
		return a == ZERO || b == ZERO ? ZERO : ANY;
	}
}

static Fact bytes_mask(Fact bytes, uint64_t mask)
{
	for (unsigned i = 0; i < bytes.bits / 8; i++) {
		uint8_t part = number_byte(mask, i);
		if (part != UINT8_MAX)
			bytes.bytes[i] = part == 0 ? ZERO : ANY;
	}
	return bytes;
}

/* One byte in all places: a product with 0x0101...01. */
static Fact bytes_repeat(Fact bytes, uint64_t by)
{
	unsigned count = bytes.bits / 8;
	if (by != APInt::getSplat(bytes.bits, APInt(8, 1)).getZExtValue())
		return {};
	for (unsigned i = 1; i < count; i++) {
		if (bytes.bytes[i] != ZERO)
			return {};
		bytes.bytes[i] = bytes.bytes[0];
	}
	return bytes;
}

static Fact bytes_binary(unsigned operation, const Fact &first, const Fact &second)
{
	Fact a, b;
	if (!fact_bytes(first, a) || !fact_bytes(second, b))
		return {};
	switch (operation) {
	case Instruction::Mul:
		return second.is_number() ? bytes_repeat(a, second.number) : Fact{};
	case Instruction::And:
		if (second.is_number())
			return bytes_mask(a, second.number);
		break;
	case Instruction::Xor:
	case Instruction::Or:
		break;
	default:
		return {};
	}
	for (unsigned i = 0; i < a.bits / 8; i++)
		a.bytes[i] = byte_binary(operation, a.bytes[i], b.bytes[i]);
	return a;
}

/* Of conditions one may be known and decide. */
static Fact condition_binary(unsigned operation, const Fact &a, const Fact &b)
{
	uint64_t deciding = operation == Instruction::Or;
	bool decided = (operation == Instruction::Or || operation == Instruction::And) &&
			((a.is_number() && a.number == deciding) ||
					(b.is_number() && b.number == deciding));
	return decided ? fact_linear(1, 0, deciding) : Fact{};
}

static Fact binary_fact(const Trial &trial, const BinaryOperator &instruction)
{
	Fact a = fact_of(trial, instruction.getOperand(0));
	Fact b = fact_of(trial, instruction.getOperand(1));
	unsigned operation = instruction.getOpcode();
	if (a.shape == Fact::LINEAR && b.shape == Fact::LINEAR)
		return linear_binary(trial, operation, a, b);
	if (instruction.getType()->isIntegerTy(1))
		return condition_binary(operation, a, b);
	return bytes_binary(operation, a, b);
}

static Fact cast_fact(const Trial &trial, const CastInst &cast)
{
	Fact fact = fact_of(trial, cast.getOperand(0));
	if (!cast.getType()->isIntegerTy() || cast.getType()->getIntegerBitWidth() > 64)
		return {};
	unsigned bits = cast.getType()->getIntegerBitWidth(), old = fact.bits;
	bool is_trunc = cast.getOpcode() == Instruction::Trunc;
	if (!is_trunc && cast.getOpcode() != Instruction::ZExt)
		return {};
	fact.bits = bits;
	if (fact.shape == Fact::BYTES) {
		if (bits % 8 != 0)
			return {};
		for (unsigned i = old / 8; i < bits / 8; i++)
			fact.bytes[i] = ZERO;
		return fact;
	}
	if (fact.is_number())
		return fact_linear(bits, 0, fact.number);
	/* In the memory nothing has started again at 0. */
	return !is_trunc && fact.is_place() && is_in_room(fact.number, 0) ? fact : Fact{};
}

/* ---- comparisons ---- */

/*
 * Has a word a byte that is zero? (w - 0x01..01) & ~w & 0x80..80 is not 0 just if it has; the
 * complement of the first two is (0x01..00 - w) | w.
 */
static const Value *zeros_of(const ICmpInst &compare)
{
	Value *mixed, *word;
	const APInt *highs, *end;
	if (!compare.isEquality() || !match(compare.getOperand(1), m_APInt(end)) ||
			!match(compare.getOperand(0), m_And(m_Value(mixed), m_APInt(highs))))
		return nullptr;
	unsigned bits = highs->getBitWidth();
	if (bits % 8 != 0 || *highs != APInt::getSplat(bits, APInt(8, 0x80)))
		return nullptr;
	APInt ones = APInt::getSplat(bits, APInt(8, 1));
	bool matches = end->isZero()
			? match(mixed,
					  m_c_And(m_Not(m_Value(word)),
							  m_Add(m_Deferred(word),
									  m_SpecificInt(-ones))))
			: *end == *highs &&
					match(mixed,
							m_c_Or(m_Sub(m_SpecificInt(ones - 1),
									       m_Value(word)),
									m_Deferred(word)));
	return matches ? word : nullptr;
}

static Fact fact_condition(bool holds)
{
	return fact_linear(1, 0, holds);
}

static Fact zeros_fact(const Trial &trial, const ICmpInst &compare, const Value *word)
{
	Fact bytes;
	bool equal = compare.getPredicate() == CmpInst::ICMP_EQ, all = true;
	if (!fact_bytes(fact_of(trial, word), bytes))
		return {};
	for (unsigned i = 0; i < bytes.bits / 8; i++) {
		if (bytes.bytes[i] == ZERO)
			return fact_condition(!equal);
		all &= is_nonzero(bytes.bytes[i]);
	}
	return all ? fact_condition(equal) : Fact{};
}

static bool bytes_are_equal(Byte a, Byte b)
{
	return a == b && (a == ZERO || a == WANTED);
}

static bool bytes_differ(Byte a, Byte b)
{
	return (a == ZERO && is_nonzero(b)) || (b == ZERO && is_nonzero(a)) ||
			(a == WANTED && b == OTHER) || (a == OTHER && b == WANTED);
}

static Fact bytes_compare(bool wants_equal, const Fact &first, const Fact &second)
{
	Fact a, b;
	bool all = true;
	if (!fact_bytes(first, a) || !fact_bytes(second, b))
		return {};
	for (unsigned i = 0; i < a.bits / 8; i++) {
		if (bytes_differ(a.bytes[i], b.bytes[i]))
			return fact_condition(!wants_equal);
		all &= bytes_are_equal(a.bytes[i], b.bytes[i]);
	}
	return all ? fact_condition(wants_equal) : Fact{};
}

static Fact compare_fact(const Trial &trial, const ICmpInst &compare)
{
	if (const Value *word = zeros_of(compare))
		return zeros_fact(trial, compare, word);
	Fact a = fact_of(trial, compare.getOperand(0)), b = fact_of(trial, compare.getOperand(1));
	if (a.shape == Fact::LINEAR && b.shape == Fact::LINEAR) {
		if (a.starts != b.starts || (a.starts && !compare.isEquality()))
			return {};
		return fact_condition(ICmpInst::compare(APInt(a.bits, a.number),
				APInt(b.bits, b.number), compare.getPredicate()));
	}
	bool wants_equal = compare.getPredicate() == CmpInst::ICMP_EQ;
	return compare.isEquality() ? bytes_compare(wants_equal, a, b) : Fact{};
}

static Fact select_fact(const Trial &trial, const SelectInst &select)
{
	Fact condition = fact_of(trial, select.getCondition());
	if (!condition.is_number())
		return {};
	return fact_of(trial, condition.number ? select.getTrueValue() : select.getFalseValue());
}

/* ---- the way through ---- */

static bool trial_jump(Trial &trial, const BasicBlock *to)
{
	SmallVector<std::pair<const Value *, Fact>, 4> values;
	for (const PHINode &phi : to->phis())
		values.push_back({&phi, fact_of(trial, phi.getIncomingValueForBlock(trial.block))});
	for (const auto &[phi, fact] : values)
		trial.facts[phi] = fact;
	trial.block = to;
	return true;
}

/* A check is passed where the place is known to be in the memory. */
static bool trial_check(Trial &trial, const BranchInst &branch, const exact::Site &site)
{
	Fact offset = fact_of(trial, site.offset);
	return is_memory(trial, site.memory) && offset.is_place() && offset.bits == 64 &&
			is_in_room(offset.number, site.last + 1) &&
			trial_jump(trial,
					branch.getSuccessor(exact::block_is_bounds_trap(branch
									.getSuccessor(0))));
}

/* Go where the block goes; it is open if that is not known. */
static bool trial_end_block(Trial &trial, const Instruction &end, bool &is_open)
{
	is_open = false;
	if (const ReturnInst *last = dyn_cast<ReturnInst>(&end)) {
		if (last->getReturnValue())
			trial.result = fact_of(trial, last->getReturnValue());
		return last->getReturnValue();
	}
	const BranchInst *branch = dyn_cast<BranchInst>(&end);
	if (!branch)
		return false;
	if (branch->isUnconditional())
		return trial_jump(trial, branch->getSuccessor(0));
	exact::Site site{};
	if (exact::site_of_branch(site, const_cast<BranchInst *>(branch), trial.question.layout))
		return trial_check(trial, *branch, site);
	Fact condition = fact_of(trial, branch->getCondition());
	is_open = !condition.is_number();
	return is_open || trial_jump(trial, branch->getSuccessor(!condition.number));
}

/* False for what has an effect, or may have one. */
static bool trial_step(Trial &trial, const Instruction &instruction)
{
	Fact fact;
	if (const LoadInst *load = dyn_cast<LoadInst>(&instruction)) {
		if (!load_fact(trial, *load, fact))
			return false;
	} else if (instruction.mayHaveSideEffects() || instruction.mayReadFromMemory()) {
		return false;
	} else if (const BinaryOperator *binary = dyn_cast<BinaryOperator>(&instruction)) {
		fact = binary_fact(trial, *binary);
	} else if (const ICmpInst *compare = dyn_cast<ICmpInst>(&instruction)) {
		fact = compare_fact(trial, *compare);
	} else if (const CastInst *cast = dyn_cast<CastInst>(&instruction)) {
		fact = cast_fact(trial, *cast);
	} else if (const SelectInst *select = dyn_cast<SelectInst>(&instruction)) {
		fact = select_fact(trial, *select);
	} else if (isa<FreezeInst>(instruction)) {
		fact = fact_of(trial, instruction.getOperand(0));
	}
	trial.facts[&instruction] = fact;
	return true;
}

static bool trial_block(Trial &trial, bool &is_open)
{
	const BasicBlock *block = trial.block;
	for (const Instruction &instruction : *block) {
		if (trial.question.steps_left == 0)
			return false;
		trial.question.steps_left--;
		if (!isa<PHINode>(instruction) && !instruction.isTerminator() &&
				!trial_step(trial, instruction))
			return false;
	}
	return trial_end_block(trial, *block->getTerminator(), is_open);
}

static bool is_same(const Fact &a, const Fact &b)
{
	return a.shape == Fact::LINEAR && b.shape == Fact::LINEAR && a.starts == b.starts &&
			a.number == b.number;
}

/* Bytes behind the one that is looked for may lead both ways: both must end the same. */
static bool trial_run(Trial &trial, unsigned forks)
{
	bool is_open = false;
	while (!trial.result && !is_open) {
		if (!trial_block(trial, is_open))
			return false;
	}
	if (!is_open)
		return true;
	if (forks == 0)
		return false;
	Trial other = trial;
	const Instruction *end = trial.block->getTerminator();
	return trial_jump(trial, end->getSuccessor(0)) && trial_jump(other, end->getSuccessor(1)) &&
			trial_run(trial, forks - 1) && trial_run(other, forks - 1) &&
			is_same(*trial.result, *other.result) && trial.memory == other.memory;
}

std::optional<Answer> trial::answer(const Question &question)
{
	Trial trial(question);
	if (!trial_run(trial, most_forks))
		return {};
	return Answer{*trial.result, trial.memory};
}
