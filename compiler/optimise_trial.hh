/*
 * optimise_trial.hh: runs a function on a string of which only that is known what the function may
 * ask: the address but for its last bits, where the first byte is that is looked for, and that the
 * bytes before it are none of these. What a trial finds is so for all such strings.
 */
#ifndef SELVAGE_COMPILER_OPTIMISE_TRIAL_HH
#define SELVAGE_COMPILER_OPTIMISE_TRIAL_HH

#include <array>
#include <optional>

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Instructions.h>

#include "compiler/exact_access.hh"

namespace trial
{

const unsigned most_word = 8;       /* bytes */
const unsigned chunk_bytes = 32;      /* where the byte may be */
const unsigned room_bytes = chunk_bytes + most_word; /* that are in the memory, from the start */

/* What is known of a byte. */
enum Byte : uint8_t {
	ANY,
	ZERO,
	WANTED, /* the lowest byte of the second argument, which is not zero */
	OTHER, /* before the byte that is looked for: neither of the two above, each its own */
	SOME, /* not zero */
};

/* What is known of an integer. */
struct Fact {
	enum Shape { UNKNOWN, LINEAR, BYTES } shape = UNKNOWN;
	unsigned bits = 0;
	int starts = 0;      /* LINEAR: so many times the first argument, -1 to 1, and */
	uint64_t number = 0; /* this, modulo 2^bits */
	std::array<Byte, most_word> bytes{}; /* BYTES: from the lowest */

	bool is_number() const
	{
		return shape == LINEAR && starts == 0;
	}
	bool is_place() const
	{
		return shape == LINEAR && starts == 1;
	}
};

struct Question {
	const llvm::Function &function;
	const exact_layout &layout;
	unsigned &steps_left; /* instructions that may be gone through, by all trials of a function */
	bool has_wanted; /* is the second argument looked for, too? */
	unsigned alignment; /* the start, modulo most_word */
	unsigned place; /* from the start, of the byte that is looked for */
	Byte found; /* which it is */
};

struct Answer {
	Fact result;
	uint32_t memory; /* that was read */
};

/* Nothing if the trial cannot go on, or does anything that could be seen, or could trap. */
std::optional<Answer> answer(const Question &question);

} // namespace trial

#endif
