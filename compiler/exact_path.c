/*
 * exact_path.c: what some path goes without. All that is needed of a value is taken for needed on
 * every path at first; what turns out not to be is, to its operands, no longer read. So a bit that
 * each turn of a loop shifts on is in the end not needed in any.
 * Bounded everywhere: in doubt nothing is needed, which costs speed and nothing else.
 */
#include "compiler/exact_path.h"

enum {
	MAX_USES = 256, /* and operands of one user that are looked at */
	MAX_PLACES = 64,
	MAX_BLOCKS = 64, /* blocks behind the definition that are looked at */
	MAX_CHECKS = 32, /* of one value */
};

/* Where a value is read: in a block, or if `from` is there, by phis on the edge from it. */
struct place {
	LLVMBasicBlockRef from, block;
};

struct search {
	LLVMBasicBlockRef definition;
	demand_parts here, there; /* what readers in the same block need; what all others do */
	struct place places[MAX_PLACES];
	unsigned place_count;
	LLVMBasicBlockRef blocks[MAX_BLOCKS];
	unsigned block_count;
};

/* What the user needs of this operand whenever it is reached. */
static demand_parts user_demand(const struct need_set *set, LLVMValueRef user, unsigned operand)
{
	if (need_is_root(user))
		return demand_all(LLVMTypeOf(LLVMGetOperand(user, operand)));
	const struct need *need = need_find(set, user);
	return need ? demand_of_operand(user, operand, need->parts) : 0;
}

/* False if there are more places than fit. */
static bool place_add(struct search *search, LLVMValueRef user, unsigned operand)
{
	if (search->place_count == MAX_PLACES)
		return false;
	struct place *place = &search->places[search->place_count++];
	bool phi = LLVMIsAPHINode(user);
	place->from = phi ? LLVMGetIncomingBlock(user, operand) : NULL;
	place->block = LLVMGetInstructionParent(user);
	return true;
}

/*
 * What one operand of a user needs. Of a load only what has the last byte counts; of other values,
 * what is read in their own block, or else what each of the other readers needs.
 */
static bool search_add(struct search *search, LLVMValueRef value, LLVMValueRef user,
		unsigned operand, demand_parts parts)
{
	if (!parts || (LLVMIsALoadInst(value) && !demand_has_last_byte(LLVMTypeOf(value), parts)))
		return true;
	if (!LLVMIsAPHINode(user) && LLVMGetInstructionParent(user) == search->definition) {
		search->here |= parts;
		return true;
	}
	search->there &= parts;
	return place_add(search, user, operand);
}

static void search_places(struct search *search, const struct need_set *set, LLVMValueRef value)
{
	LLVMUseRef use = LLVMGetFirstUse(value);
	for (unsigned uses = 0; use && uses < MAX_USES; use = LLVMGetNextUse(use), uses++) {
		LLVMValueRef user = LLVMGetUser(use);
		unsigned count = (unsigned)LLVMGetNumOperands(user);
		for (unsigned i = 0; i < count && i < MAX_USES; i++) {
			if (LLVMGetOperand(user, i) == value &&
					!search_add(search, value, user, i,
							user_demand(set, user, i)))
				return;
		}
	}
}

static bool search_is_place(const struct search *search, LLVMBasicBlockRef from,
		LLVMBasicBlockRef block)
{
	for (unsigned i = 0; i < search->place_count; i++) {
		const struct place *place = &search->places[i];
		if (place->block == block && (!place->from || place->from == from))
			return true;
	}
	return false;
}

/* Go on behind `from` through `block`: false if the path may end there without a reader. */
static bool search_step(struct search *search, LLVMBasicBlockRef from, LLVMBasicBlockRef block)
{
	if (search_is_place(search, from, block))
		return true;
	if (block == search->definition)
		return false;
	for (unsigned i = 0; i < search->block_count; i++) {
		if (search->blocks[i] == block)
			return true;
	}
	if (search->block_count == MAX_BLOCKS)
		return false;
	search->blocks[search->block_count++] = block;
	return true;
}

static bool search_all_paths(struct search *search)
{
	search->blocks[search->block_count++] = search->definition;
	for (unsigned i = 0; i < search->block_count; i++) {
		LLVMValueRef end = LLVMGetBasicBlockTerminator(search->blocks[i]);
		unsigned count = LLVMGetNumSuccessors(end);
		/* A trap at the end of a path is none of a reader: the load's comes first. */
		if (count == 0)
			return false;
		for (unsigned k = 0; k < count; k++) {
			if (!search_step(search, search->blocks[i], LLVMGetSuccessor(end, k)))
				return false;
		}
	}
	return true;
}

/* The parts of a value that are needed on every path. */
static demand_parts value_parts(const struct need_set *set, LLVMValueRef value)
{
	struct search search = {.definition = LLVMGetInstructionParent(value),
			.there = ~(demand_parts)0};
	search_places(&search, set, value);
	if (search.here)
		return search.here;
	return search.place_count && search_all_paths(&search) ? search.there : 0;
}

void paths_check(struct need_set *set)
{
	for (size_t i = 0; i < set->slot_count; i++) {
		if (set->slots[i].parts)
			need_visit_later(set, set->slots[i].value);
	}
	while (set->pending_count) {
		LLVMValueRef value = set->pending[--set->pending_count];
		struct need *need = need_find(set, value);
		if (!need)
			continue;
		demand_parts parts = ++need->checks > MAX_CHECKS ? 0 : value_parts(set, value);
		if (!(need->parts & ~parts))
			continue;
		need->parts &= parts;
		for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(value); i++)
			need_visit_later(set, LLVMGetOperand(value, i));
	}
}
