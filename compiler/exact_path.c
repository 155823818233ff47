/*
 * exact_path.c: values that some path goes without. All needed values are taken for needed on
 * every path at first; one that turns out not to be is, to its operands, no longer a reader.
 * Bounded everywhere: in doubt a value is skipped, which costs speed and nothing else.
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
	struct place places[MAX_PLACES];
	unsigned place_count;
	LLVMBasicBlockRef blocks[MAX_BLOCKS];
	unsigned block_count;
};

static bool is_condition(LLVMValueRef value)
{
	LLVMTypeRef type = LLVMTypeOf(value);
	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) == 1;
}

static bool is_extended_condition(LLVMValueRef value)
{
	return (LLVMIsAZExtInst(value) || LLVMIsASExtInst(value)) &&
			is_condition(LLVMGetOperand(value, 0));
}

/* Can this operation do without the operand, for some values of the others? */
static bool user_may_ignore(LLVMValueRef user, unsigned operand)
{
	switch (LLVMGetInstructionOpcode(user)) {
	case LLVMSelect:
		return operand > 0;
	case LLVMAnd:
	case LLVMOr:
	case LLVMMul:
		return is_condition(user) ||
				is_extended_condition(LLVMGetOperand(user, 1 - operand));
	default:
		return false;
	}
}

/* Does the user need this operand whenever it is reached? */
static bool user_reads(const struct need_set *set, LLVMValueRef user, unsigned operand)
{
	if (LLVMIsAStoreInst(user) || LLVMIsALoadInst(user) || need_is_root(user))
		return true;
	const struct need *need = need_find(set, user);
	return need && !need->is_skipped && !user_may_ignore(user, operand) &&
			demand_of_operand(user, operand, need->parts);
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

static void search_places(struct search *search, const struct need_set *set, LLVMValueRef value)
{
	LLVMUseRef use = LLVMGetFirstUse(value);
	for (unsigned uses = 0; use && uses < MAX_USES; use = LLVMGetNextUse(use), uses++) {
		LLVMValueRef user = LLVMGetUser(use);
		unsigned count = (unsigned)LLVMGetNumOperands(user);
		for (unsigned i = 0; i < count && i < MAX_USES; i++) {
			if (LLVMGetOperand(user, i) == value && user_reads(set, user, i) &&
					!place_add(search, user, i))
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

/* Is the value needed on every path? */
static bool value_is_read(const struct need_set *set, LLVMValueRef value)
{
	struct search search = {.definition = LLVMGetInstructionParent(value)};
	search_places(&search, set, value);
	if (search.place_count == 0)
		return false;
	for (unsigned i = 0; i < search.place_count; i++) {
		if (!search.places[i].from && search.places[i].block == search.definition)
			return true;
	}
	return search_all_paths(&search);
}

static void value_skip(struct need_set *set, struct need *need)
{
	need->is_skipped = true;
	unsigned count = (unsigned)LLVMGetNumOperands(need->value);
	for (unsigned i = 0; i < count; i++) {
		LLVMValueRef operand = LLVMGetOperand(need->value, i);
		if (need_find(set, operand))
			need_visit_later(set, operand);
	}
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
		if (need->is_skipped)
			continue;
		if (++need->checks > MAX_CHECKS || !value_is_read(set, value))
			value_skip(set, need);
	}
}
