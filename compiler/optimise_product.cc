/*
 * optimise_product.cc: products of 64 by 64 bits that are made of four of 32 by 32, as compilers
 * for WebAssembly do (__multi3) and hash functions in portable C. Of the halves of a and b,
 *
 *   low = lo(a) * lo(b)
 *   t = (low >> 32) + one cross product      u = lo(t) + the other one
 *   or: t = one cross product                u = (low >> 32) + lo(t) + the other one
 *
 * no sum overflows, and a * b has hi(a) * hi(b) + (t >> 32) + (u >> 32) as its upper half and
 * (u << 32) + lo(low) as its lower. Both are taken from one product of 128 bits instead.
 */
#include "compiler/optimise_product.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/PatternMatch.h>

using namespace llvm;
using namespace llvm::PatternMatch;

namespace
{

const unsigned half_bits = 32;
const unsigned most_parts = 8; /* of a sum; one of more gives a part too many, and not all */

/* The parts of a product that were found. */
struct Product {
	Value *a, *b;
	Value *low; /* lo(a) * lo(b) */
	Value *carry; /* t */
	Instruction *middle; /* u */
};

typedef SmallVector<Value *, 8> Parts;

} // namespace

static bool is_low(Value *value, Value *&of)
{
	Value *narrow;
	if (match(value, m_And(m_Value(of), m_SpecificInt(UINT32_MAX))))
		return true;
	return match(value, m_ZExt(m_Value(narrow))) && narrow->getType()->isIntegerTy(half_bits) &&
			match(narrow, m_Trunc(m_Value(of))) && of->getType() == value->getType();
}

static bool is_high(Value *value, Value *&of)
{
	return match(value, m_LShr(m_Value(of), m_SpecificInt(half_bits)));
}

static bool is_low_product(Value *value, Product &product)
{
	Value *first, *second;
	product.low = value;
	return match(value, m_Mul(m_Value(first), m_Value(second))) && is_low(first, product.a) &&
			is_low(second, product.b);
}

/* hi(a) * lo(b) */
static bool is_cross(Value *value, Value *a, Value *b)
{
	Value *first, *second, *high, *low;
	if (!match(value, m_Mul(m_Value(first), m_Value(second))))
		return false;
	if (!is_high(first, high))
		std::swap(first, second);
	return is_high(first, high) && is_low(second, low) && high == a && low == b;
}

static bool are_crosses(Value *one, Value *other, const Product &product)
{
	return (is_cross(one, product.a, product.b) && is_cross(other, product.b, product.a)) ||
			(is_cross(one, product.b, product.a) &&
					is_cross(other, product.a, product.b));
}

static bool is_high_product(Value *value, const Product &product)
{
	Value *first, *second, *a, *b;
	return match(value, m_Mul(m_Value(first), m_Value(second))) && is_high(first, a) &&
			is_high(second, b) &&
			((a == product.a && b == product.b) || (a == product.b && b == product.a));
}

/* What a sum is made of; `whole`: only sums that nothing else uses are taken apart. */
static void sum_parts(Value *value, Parts &parts, bool whole)
{
	SmallVector<Value *, 8> waiting{value};
	while (!waiting.empty() && parts.size() <= most_parts) {
		Value *next = waiting.pop_back_val(), *first, *second;
		bool is_sum = match(next, m_Add(m_Value(first), m_Value(second)));
		if (is_sum && (next == value || !whole || next->hasOneUse())) {
			waiting.push_back(first);
			waiting.push_back(second);
		} else {
			parts.push_back(next);
		}
	}
}

/* u = lo(t) + cross, t = (low >> 32) + cross */
static bool middle_in_turn(Product &product, Value *low_part, Value *cross)
{
	Value *first, *second, *low;
	if (!is_low(low_part, product.carry) ||
			!match(product.carry, m_Add(m_Value(first), m_Value(second))))
		return false;
	if (!is_high(first, low))
		std::swap(first, second);
	return is_high(first, low) && is_low_product(low, product) &&
			are_crosses(second, cross, product);
}

/* u = (low >> 32) + lo(t) + cross, t = cross */
static bool middle_at_once(Product &product, Value *high_part, Value *low_part, Value *cross)
{
	Value *low;
	return is_high(high_part, low) && is_low_product(low, product) &&
			is_low(low_part, product.carry) &&
			are_crosses(product.carry, cross, product);
}

static bool product_of_middle(Product &product, Instruction &middle)
{
	Parts parts;
	if (middle.getOpcode() != Instruction::Add || !middle.getType()->isIntegerTy(64))
		return false;
	product.middle = &middle;
	if (middle_in_turn(product, middle.getOperand(0), middle.getOperand(1)) ||
			middle_in_turn(product, middle.getOperand(1), middle.getOperand(0)))
		return true;
	sum_parts(&middle, parts, false);
	if (parts.size() != 3)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		Value *others[] = {parts[(i + 1) % 3], parts[(i + 2) % 3]};
		if (middle_at_once(product, parts[i], others[0], others[1]) ||
				middle_at_once(product, parts[i], others[1], others[0]))
			return true;
	}
	return false;
}

/* Take one part that satisfies it off the list. */
template <typename Test> static bool parts_take(Parts &parts, Test test)
{
	auto found = find_if(parts, test);
	if (found == parts.end())
		return false;
	parts.erase(found);
	return true;
}

/* The sum that has the upper half as parts: `rest` is what else it has. */
static bool is_upper(Value *sum, const Product &product, Parts &rest)
{
	const auto high_of = [](Value *wanted) {
		return [wanted](Value *part) {
			Value *of;
			return is_high(part, of) && of == wanted;
		};
	};
	rest.clear();
	sum_parts(sum, rest, true);
	/* Of a sum of more, not all were told. */
	return rest.size() <= most_parts && parts_take(rest, high_of(product.middle)) &&
			parts_take(rest, high_of(product.carry)) &&
			parts_take(rest, [&](Value *part) {
				return is_high_product(part, product);
			});
}

static void upper_replace(Instruction *sum, Value *upper, const Parts &rest)
{
	IRBuilder<> builder(sum);
	for (Value *part : rest)
		upper = builder.CreateAdd(upper, part);
	sum->replaceAllUsesWith(upper);
}

/* Sums above u >> 32: the first that has all parts. */
static bool upper_find(Instruction *high, const Product &product, Value *upper)
{
	Instruction *sum = high;
	Parts rest;
	for (unsigned i = 0; i < most_parts; i++) {
		if (i && !sum->hasOneUse())
			return false;
		Instruction *above = nullptr;
		for (User *user : sum->users()) {
			if (cast<Instruction>(user)->getOpcode() == Instruction::Add)
				above = cast<Instruction>(user);
		}
		if (!above)
			return false;
		sum = above;
		if (is_upper(sum, product, rest)) {
			upper_replace(sum, upper, rest);
			return true;
		}
	}
	return false;
}

/* (u << 32) + lo(low) */
static bool lower_find(Instruction *shifted, const Product &product, Value *lower)
{
	for (User *user : shifted->users()) {
		Value *part, *of;
		bool is_sum = match(user, m_c_Add(m_Specific(shifted), m_Value(part))) ||
				match(user, m_c_Or(m_Specific(shifted), m_Value(part)));
		if (!is_sum || !is_low(part, of) || of != product.low)
			continue;
		user->replaceAllUsesWith(lower);
		return true;
	}
	return false;
}

static void product_use(const Product &product)
{
	IRBuilder<> builder(product.middle);
	Type *wide = builder.getInt128Ty();
	Value *whole = builder.CreateNUWMul(builder.CreateZExt(product.a, wide),
			builder.CreateZExt(product.b, wide));
	Value *lower = builder.CreateTrunc(whole, builder.getInt64Ty());
	Value *upper = builder.CreateTrunc(builder.CreateLShr(whole, 64), builder.getInt64Ty());
	SmallVector<Instruction *, 4> users;
	for (User *user : product.middle->users())
		users.push_back(cast<Instruction>(user));
	for (Instruction *user : users) {
		if (match(user, m_LShr(m_Value(), m_SpecificInt(half_bits))))
			upper_find(user, product, upper);
		else if (match(user, m_Shl(m_Value(), m_SpecificInt(half_bits))))
			lower_find(user, product, lower);
	}
}

void optimise_products(LLVMValueRef function)
{
	for (Instruction &instruction : instructions(*unwrap<Function>(function))) {
		Product product{};
		if (product_of_middle(product, instruction))
			product_use(product);
	}
}
