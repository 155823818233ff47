/*
 * exact_demand.c: one rule for each kind of instruction that the lowering and the passes
 * before exact.c produce. What has no rule needs nothing, which keeps loads as they are.
 */
#include "compiler/exact_demand.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "compiler/exact_apart.h"

/* ---- types ---- */

static const unsigned most_parts = 64;
static const int least_bits = 4; /* of a byte that counts as needed */

/* How a type is divided: `count` lanes of `size` parts. */
struct lanes {
	unsigned count, size;
	bool vector; /* parts are bytes; else bits */
	bool flags;  /* a vector of i1: parts are lanes */
};

static unsigned scalar_bits(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMIntegerTypeKind:
		return LLVMGetIntTypeWidth(type);
	case LLVMFloatTypeKind:
		return 32;
	case LLVMDoubleTypeKind:
	case LLVMPointerTypeKind:
		return 64;
	default:
		return 0;
	}
}

/* Of a type that is not divided: one lane of one part. */
static struct lanes lanes_of(LLVMTypeRef type)
{
	const struct lanes whole = {1, 1, false, false};
	if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
		unsigned bits = scalar_bits(type);
		return bits && bits <= most_parts ? (struct lanes){1, bits, false, false} : whole;
	}
	unsigned bits = scalar_bits(LLVMGetElementType(type));
	unsigned size = bits == 1 ? 1 : bits / 8;
	struct lanes lanes = {LLVMGetVectorSize(type), size, true, bits == 1};
	bool divided = bits == 1 || (bits && bits % 8 == 0);
	return divided && lanes.count * lanes.size <= most_parts ? lanes : whole;
}

static bool is_divided(LLVMTypeRef type)
{
	return lanes_of(type).vector || lanes_of(type).size == scalar_bits(type);
}

/* The lowest `count` parts. */
static demand_parts low(unsigned count)
{
	return count >= most_parts ? ~(demand_parts)0 : ((demand_parts)1 << count) - 1;
}

static demand_parts shift_up(demand_parts parts, unsigned by)
{
	return by >= most_parts ? 0 : parts << by;
}

static demand_parts shift_down(demand_parts parts, unsigned by)
{
	return by >= most_parts ? 0 : parts >> by;
}

demand_parts demand_all(LLVMTypeRef type)
{
	struct lanes lanes = lanes_of(type);
	return low(lanes.count * lanes.size);
}

bool demand_has_last_byte(LLVMTypeRef type, demand_parts parts)
{
	struct lanes lanes = lanes_of(type);
	unsigned byte = lanes.vector || lanes.size < 8 ? 1 : 8;
	demand_parts last = shift_down(parts, lanes.count * lanes.size - byte);
	/* Of few bits each value may have a branch of its own, behind which it is a constant. */
	return byte == 1 ? last != 0 : __builtin_popcountll(last) >= least_bits;
}

/* ---- lane by lane ---- */

/* The parts of one lane from a lane of the result; `from` and `to` are the lanes' sizes. */
typedef demand_parts (*lane_rule)(demand_parts result, unsigned from, unsigned to);

static demand_parts lane_whole(demand_parts result, unsigned from, unsigned to)
{
	(void)from;
	return result ? low(to) : 0;
}

static demand_parts lane_same(demand_parts result, unsigned from, unsigned to)
{
	(void)from;
	return result & low(to);
}

/* Carries: a part needs those below it. */
static demand_parts lane_carry(demand_parts result, unsigned from, unsigned to)
{
	(void)from;
	demand_parts parts = result;
	for (unsigned by = 1; by < most_parts; by *= 2)
		parts |= parts >> by;
	return parts & low(to);
}

/* What is above the operand's lane is its sign. */
static demand_parts lane_sign_extended(demand_parts result, unsigned from, unsigned to)
{
	(void)from;
	return (result & low(to)) | (shift_down(result, to) ? low(to) & ~low(to - 1) : 0);
}

/* Apply a rule to all lanes of an operand, which has as many as the result. */
static demand_parts lanes_map(LLVMTypeRef from_type, LLVMTypeRef to_type, demand_parts result,
		lane_rule rule)
{
	struct lanes from = lanes_of(from_type), to = lanes_of(to_type);
	demand_parts parts = 0;
	if (from.count != to.count || !is_divided(from_type) || !is_divided(to_type))
		return 0;
	for (unsigned i = 0; i < from.count; i++) {
		demand_parts lane = shift_down(result, i * from.size) & low(from.size);
		parts |= shift_up(rule(lane, from.size, to.size), i * to.size);
	}
	return parts;
}

/* ---- constants ---- */

/* A constant integer, or one that all lanes have. */
static bool constant_of(LLVMValueRef value, uint64_t *number)
{
	*number = 0;
	if (LLVMIsConstant(value) && LLVMIsNull(value))
		return true;
	if (LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind) {
		LLVMValueRef first = LLVMIsAConstantDataVector(value)
				? LLVMGetAggregateElement(value, 0)
				: NULL;
		for (unsigned i = 1; first && i < LLVMGetVectorSize(LLVMTypeOf(value)); i++) {
			if (LLVMGetAggregateElement(value, i) != first)
				first = NULL;
		}
		return first && constant_of(first, number);
	}
	if (!LLVMIsAConstantInt(value) || scalar_bits(LLVMTypeOf(value)) > most_parts)
		return false;
	*number = LLVMConstIntGetZExtValue(value);
	return true;
}

/* The bits of a scalar that may be set; all of those of which nothing is known. */
static uint64_t possible_bits(LLVMValueRef value)
{
	uint64_t number;
	if (constant_of(value, &number))
		return number;
	if (LLVMIsAZExtInst(value))
		return low(scalar_bits(LLVMTypeOf(LLVMGetOperand(value, 0))));
	if (LLVMIsABinaryOperator(value) && constant_of(LLVMGetOperand(value, 1), &number)) {
		if (LLVMGetInstructionOpcode(value) == LLVMAnd)
			return number;
		if (LLVMGetInstructionOpcode(value) == LLVMLShr)
			return shift_down(demand_all(LLVMTypeOf(value)), (unsigned)number & 63);
		if (LLVMGetInstructionOpcode(value) == LLVMShl)
			return shift_up(possible_bits(LLVMGetOperand(value, 0)), (unsigned)number);
	}
	return demand_all(LLVMTypeOf(value));
}

/* The bytes of a constant vector that are `byte`. */
static demand_parts bytes_equal(LLVMValueRef constant, unsigned byte)
{
	struct lanes lanes = lanes_of(LLVMTypeOf(constant));
	demand_parts parts = 0;
	for (unsigned i = 0; i < lanes.count * lanes.size; i++) {
		LLVMValueRef lane = LLVMGetAggregateElement(constant, i / lanes.size);
		uint64_t number;
		if (lane && constant_of(lane, &number) &&
				(number >> (8 * (i % lanes.size)) & 0xff) == byte)
			parts |= shift_up(1, i);
	}
	return parts;
}

/* ---- operators on integers ---- */

/*
 * `and` and `or` with a constant decide some bits alone. What is no constant yet may become one, in
 * a turn of an unrolled loop or behind a branch; only where it cannot have a one, `or` leaves what
 * the other operand has.
 */
static demand_parts demand_masked(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMValueRef other = LLVMGetOperand(instruction, 1 - index);
	bool is_and = LLVMGetInstructionOpcode(instruction) == LLVMAnd;
	uint64_t number;
	if (lanes_of(LLVMTypeOf(other)).vector)
		return LLVMIsConstant(other) ? result & bytes_equal(other, is_and ? 0xff : 0) : 0;
	if (is_and)
		return constant_of(other, &number) ? result & number : 0;
	return result & ~possible_bits(other);
}

/* Nothing cancels out what has no part in the other operand. */
static demand_parts demand_sum(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef type = LLVMTypeOf(instruction);
	if (!exact_stands_apart(instruction, index))
		return 0;
	if (LLVMGetInstructionOpcode(instruction) == LLVMXor)
		return result;
	return lanes_map(type, type, result, lane_carry);
}

/* Bits of an operand that a shift by `by` brings to `result`; bytes if all of their bits are. */
static demand_parts lane_shifted(demand_parts result, unsigned size, unsigned by, bool up,
		bool bytes)
{
	unsigned unit = bytes ? 8 : 1;
	demand_parts parts = 0;
	for (unsigned i = 0; i < size; i++) {
		unsigned first = i * unit;
		if (up ? first + by + unit > size * unit : first < by)
			continue;
		first = up ? first + by : first - by;
		unsigned last = first + unit - 1;
		if (result >> (first / unit) & result >> (last / unit) & 1)
			parts |= shift_up(1, i);
	}
	return parts;
}

/* A shift of one constant number of bits, in scalars and in lanes. */
static demand_parts demand_shifted(LLVMValueRef instruction, demand_parts result, uint64_t by)
{
	struct lanes lanes = lanes_of(LLVMTypeOf(instruction));
	LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
	demand_parts parts = 0;
	if (by >= most_parts)
		return 0;
	for (unsigned i = 0; i < lanes.count; i++) {
		demand_parts lane = shift_down(result, i * lanes.size) & low(lanes.size);
		demand_parts moved = lane_shifted(lane, lanes.size, (unsigned)by, opcode == LLVMShl,
				lanes.vector);
		demand_parts top = low(lanes.size) & ~low(lanes.size - 1);
		if (opcode == LLVMAShr && (lane & top))
			moved |= top;
		parts |= shift_up(moved, i * lanes.size);
	}
	return parts;
}

static demand_parts demand_shift(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	uint64_t by;
	if (index == 0 && constant_of(LLVMGetOperand(instruction, 1), &by))
		return demand_shifted(instruction, result, by);
	return 0;
}

/* Multiplication by an even number loses as many bits at the top as the number has zeros. */
static demand_parts demand_product(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef type = LLVMTypeOf(instruction);
	LLVMValueRef other = LLVMGetOperand(instruction, 1 - index);
	uint64_t number;
	demand_parts parts = lanes_map(type, type, result, lane_carry);
	if (!constant_of(other, &number))
		return 0;
	if (lanes_of(type).vector)
		return number & 1 ? parts : 0;
	return number ? shift_down(parts, (unsigned)__builtin_ctzll(number)) : 0;
}

/* Division by a power of two is a shift. Other quotients may be known from a range. */
static demand_parts demand_quotient(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	uint64_t by;
	if (index != 0 || !constant_of(LLVMGetOperand(instruction, 1), &by) || !by ||
			(by & (by - 1)) != 0)
		return 0;
	return shift_up(result, (unsigned)__builtin_ctzll(by)) &
			demand_all(LLVMTypeOf(instruction));
}

/* ---- lanes that move ---- */

static demand_parts bits_of_bytes(demand_parts bytes)
{
	demand_parts bits = 0;
	for (unsigned i = 0; i < most_parts / 8; i++) {
		if (bytes >> i & 1)
			bits |= shift_up(0xff, 8 * i);
	}
	return bits;
}

/* Those bytes of which every bit is there. */
static demand_parts bytes_of_bits(demand_parts bits)
{
	demand_parts bytes = 0;
	for (unsigned i = 0; i < most_parts / 8; i++) {
		if ((bits >> (8 * i) & 0xff) == 0xff)
			bytes |= shift_up(1, i);
	}
	return bytes;
}

static demand_parts demand_cast_bits(LLVMTypeRef from, LLVMTypeRef to, demand_parts result)
{
	struct lanes a = lanes_of(from), b = lanes_of(to);
	if (!is_divided(from) || !is_divided(to))
		return 0;
	/* Bits of a scalar are the lanes of a vector of i1; else bits are parts of bytes. */
	if (a.flags || b.flags)
		return a.count * a.size == b.count * b.size ? result : 0;
	if (a.vector == b.vector)
		return result;
	return a.vector ? bits_of_bytes(result) : bytes_of_bits(result);
}

static bool lane_index(LLVMValueRef instruction, unsigned operand, unsigned *index)
{
	uint64_t number;
	if (!constant_of(LLVMGetOperand(instruction, operand), &number) || number >= most_parts)
		return false;
	*index = (unsigned)number;
	return true;
}

static demand_parts demand_extracted(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef vector = LLVMTypeOf(LLVMGetOperand(instruction, 0));
	unsigned lane;
	if (index != 0 || !lane_index(instruction, 1, &lane) || !is_divided(vector))
		return 0;
	unsigned size = lanes_of(vector).size;
	demand_parts parts = lanes_of(vector).flags ? result : bytes_of_bits(result);
	return shift_up(parts & low(size), lane * size);
}

static demand_parts demand_inserted(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef vector = LLVMTypeOf(instruction);
	unsigned lane;
	if (index > 1 || !lane_index(instruction, 2, &lane) || !is_divided(vector))
		return 0;
	unsigned size = lanes_of(vector).size;
	if (index == 0)
		return result & ~shift_up(low(size), lane * size);
	demand_parts parts = shift_down(result, lane * size) & low(size);
	return lanes_of(vector).flags ? parts : bits_of_bytes(parts);
}

static demand_parts demand_shuffled(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(instruction, index));
	if (!is_divided(LLVMTypeOf(instruction)) || !is_divided(type))
		return 0;
	struct lanes lanes = lanes_of(type);
	unsigned count = LLVMGetNumMaskElements(instruction);
	demand_parts parts = 0;
	for (unsigned i = 0; i < count; i++) {
		int from = LLVMGetMaskValue(instruction, i);
		if (from == LLVMGetUndefMaskElem() || (unsigned)from / lanes.count != index)
			continue;
		demand_parts lane = shift_down(result, i * lanes.size) & low(lanes.size);
		parts |= shift_up(lane, (unsigned)from % lanes.count * lanes.size);
	}
	return parts;
}

/* ---- intrinsics ---- */

/* How the lanes of an intrinsic's operands are used. */
enum call_rule {
	CALL_LANES,     /* each lane of the result needs the same lane of each operand */
	CALL_POSITIONS, /* the same, though the operands' lanes are narrower: the same bytes */
	CALL_ALL,       /* everything */
	CALL_INDICES,   /* all of the last operand; which of the others is not known */
	CALL_MAGNITUDE, /* all but the sign */
	CALL_SIGN,      /* the sign of the second operand, and the rest of the first */
};

static const struct call_row {
	const char *name;
	enum call_rule rule;
} call_rows[] = {
		{"llvm.abs", CALL_LANES},
		{"llvm.canonicalize", CALL_LANES},
		{"llvm.ceil", CALL_LANES},
		{"llvm.copysign", CALL_SIGN},
		{"llvm.ctlz", CALL_LANES},
		{"llvm.ctpop", CALL_LANES},
		{"llvm.cttz", CALL_LANES},
		{"llvm.fabs", CALL_MAGNITUDE},
		{"llvm.floor", CALL_LANES},
		{"llvm.fma", CALL_LANES},
		{"llvm.fptosi.sat", CALL_LANES},
		{"llvm.fptoui.sat", CALL_LANES},
		{"llvm.roundeven", CALL_LANES},
		{"llvm.sadd.sat", CALL_LANES},
		{"llvm.smax", CALL_LANES},
		{"llvm.smin", CALL_LANES},
		{"llvm.sqrt", CALL_LANES},
		{"llvm.ssub.sat", CALL_LANES},
		{"llvm.trunc", CALL_LANES},
		{"llvm.uadd.sat", CALL_LANES},
		{"llvm.umax", CALL_LANES},
		{"llvm.umin", CALL_LANES},
		{"llvm.usub.sat", CALL_LANES},
		{"llvm.vector.reduce.or", CALL_ALL},
		{"llvm.x86.sse2.cvttps2dq", CALL_LANES},
		{"llvm.x86.sse2.pmadd.wd", CALL_POSITIONS},
		{"llvm.x86.ssse3.pmadd.ub.sw.128", CALL_POSITIONS},
		{"llvm.x86.ssse3.pmul.hr.sw.128", CALL_LANES},
		{"llvm.x86.ssse3.pshuf.b.128", CALL_INDICES},
};

/* Overloaded ones have their types behind the name. */
static const struct call_row *call_find(LLVMValueRef callee)
{
	size_t length;
	const char *name = LLVMGetValueName2(callee, &length);
	for (size_t i = 0; i < ARRAY_LENGTH(call_rows); i++) {
		size_t own = strlen(call_rows[i].name);
		if (strncmp(name, call_rows[i].name, own) != 0)
			continue;
		if (length == own || (name[own] == '.' && strchr("vif", name[own + 1])))
			return &call_rows[i];
	}
	return NULL;
}

static demand_parts call_sign(LLVMTypeRef type)
{
	return demand_all(type) & ~low(lanes_of(type).size - 1);
}

static bool is_of_integers(LLVMTypeRef type)
{
	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
		type = LLVMGetElementType(type);
	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind;
}

/*
 * Counts of bits, minima and sums that saturate have few results, or one, of what is known to be
 * in some range, or if an operand decides alone. Nothing is known of ranges of vectors, so it takes
 * an operand for those, which may become a constant, or the other operand; if it is a constant
 * already, all lanes must be the same, since some could decide and others not.
 */
static bool call_may_be_known(LLVMValueRef call, unsigned index)
{
	LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(call, index));
	uint64_t number;
	if (!is_of_integers(type))
		return false;
	if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
		return true;
	for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++) {
		if (i != index && !constant_of(LLVMGetOperand(call, i), &number))
			return true;
	}
	return false;
}

static demand_parts demand_called(LLVMValueRef call, unsigned index, demand_parts result)
{
	const struct call_row *row = call_find(LLVMGetCalledValue(call));
	LLVMTypeRef from = LLVMTypeOf(call), to = LLVMTypeOf(LLVMGetOperand(call, index));
	if (!row || index >= LLVMGetNumArgOperands(call) || call_may_be_known(call, index))
		return 0;
	switch (row->rule) {
	case CALL_POSITIONS:
		return lanes_map(from, from, result, lane_whole);
	case CALL_ALL:
		return demand_all(to);
	case CALL_INDICES:
		return index == 1 && result == demand_all(from) ? demand_all(to) : 0;
	case CALL_MAGNITUDE:
		return lanes_of(to).vector ? result : result & ~call_sign(to);
	case CALL_SIGN:
		return index == 1 ? result & call_sign(to) : result & ~call_sign(to);
	case CALL_LANES:
		break;
	}
	return lanes_map(from, to, result, lane_whole);
}

/* ---- all of them ---- */

demand_parts demand_of_operand(LLVMValueRef instruction, unsigned index, demand_parts result)
{
	LLVMTypeRef from = LLVMTypeOf(instruction);
	LLVMTypeRef to = LLVMTypeOf(LLVMGetOperand(instruction, index));
	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMAdd:
	case LLVMSub:
	case LLVMXor:
		return demand_sum(instruction, index, result);
	case LLVMMul:
		return demand_product(instruction, index, result);
	case LLVMUDiv:
		return demand_quotient(instruction, index, result);
	case LLVMAnd:
	case LLVMOr:
		return demand_masked(instruction, index, result);
	case LLVMShl:
	case LLVMLShr:
	case LLVMAShr:
		return demand_shift(instruction, index, result);
	case LLVMPHI:
	case LLVMFreeze:
	case LLVMFNeg:
	case LLVMIntToPtr:
	case LLVMPtrToInt:
		return result & demand_all(to);
	case LLVMTrunc:
	case LLVMZExt:
		return lanes_map(from, to, result, lane_same);
	case LLVMSExt:
		return lanes_map(from, to, result, lane_sign_extended);
	case LLVMFAdd:
	case LLVMFSub:
	case LLVMFMul:
	case LLVMFDiv:
	case LLVMFPTrunc:
	case LLVMFPExt:
	case LLVMFPToSI:
	case LLVMFPToUI:
	case LLVMSIToFP:
	case LLVMUIToFP:
		return lanes_map(from, to, result, lane_whole);
	case LLVMBitCast:
		return demand_cast_bits(from, to, result);
	case LLVMExtractElement:
		return demand_extracted(instruction, index, result);
	case LLVMInsertElement:
		return demand_inserted(instruction, index, result);
	case LLVMShuffleVector:
		return demand_shuffled(instruction, index, result);
	case LLVMGetElementPtr:
		return exact_stands_apart(instruction, index) ? demand_all(to) : 0;
	case LLVMInsertValue:
		return demand_all(to);
	case LLVMCall:
		return demand_called(instruction, index, result);
	default:
		return 0;
	}
}
