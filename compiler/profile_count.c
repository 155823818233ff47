/*
 * profile_count.c: counters of an instance, which its context points to. They are the instance's
 * own, so that plain additions are exact whatever other threads do; the runtime adds them up. They
 * are volatile: a trap later on finds all that was counted before it.
 */
#include "compiler/profile_count.h"

#include <stddef.h>

#include "compiler/lower.h"

static bool count_is_on(const struct lowering *l)
{
	return l->ir->options->profile_generate && !l->expression;
}

static const struct profile_plan_part *count_part(const struct lowering *l)
{
	return &l->ir->plan->functions[l->index - l->ir->wasm->imported_functions];
}

void profile_count_step(struct lowering *l)
{
	struct profile_cursor *cursor = &l->profile;
	cursor->counter += cursor->site.counters;
	cursor->target += cursor->site.targets;
	cursor->site = profile_plan_site(l->at);
}

/* ---- words ---- */

/* Address of a word, `offset` words behind the first counter of the module. */
static LLVMValueRef count_address(struct lowering *l, LLVMValueRef offset)
{
	LLVMValueRef words = access_load_constant(l, l->ir->ptr,
			access_at(l, l->context, l->ir->layout.profile));
	return LLVMBuildGEP2(l->ir->builder, l->ir->i64, words, &offset, 1, "");
}

static LLVMValueRef count_number(struct lowering *l, uint64_t number)
{
	return LLVMConstInt(l->ir->i64, number, 0);
}

static LLVMValueRef count_load(struct lowering *l, LLVMValueRef address)
{
	LLVMValueRef load = access_load(l, l->ir->i64, address, ALIAS_PROFILE);
	LLVMSetVolatile(load, 1);
	return load;
}

static void count_store(struct lowering *l, LLVMValueRef value, LLVMValueRef address)
{
	LLVMSetVolatile(access_store(l, value, address, ALIAS_PROFILE), 1);
}

/* ---- counters ---- */

/* One more at the counter that is `which` (NULL: 0) of those of the current operator. */
static void count_one(struct lowering *l, LLVMValueRef which)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef offset = count_number(l, count_part(l)->first_counter + l->profile.counter);
	if (which)
		offset = LLVMBuildAdd(b, offset, which, "");
	LLVMValueRef address = count_address(l, offset);
	count_store(l, LLVMBuildAdd(b, count_load(l, address), count_number(l, 1), ""), address);
}

void profile_count_entry(struct lowering *l)
{
	if (count_is_on(l))
		count_one(l, NULL);
}

void profile_count_head(struct lowering *l)
{
	if (count_is_on(l))
		count_one(l, NULL);
}

void profile_count_condition(struct lowering *l, LLVMValueRef condition)
{
	if (count_is_on(l))
		count_one(l, lower_wide(l, condition));
}

void profile_count_label(struct lowering *l, LLVMValueRef index)
{
	if (!count_is_on(l))
		return;
	LLVMValueRef arguments[] = {index, LLVMConstInt(l->ir->i32, l->at->label_count, 0)};
	count_one(l, lower_wide(l, number_call(l, "llvm.umin", l->ir->i32, arguments, 2)));
}

/* ---- targets ---- */

static LLVMValueRef count_field(struct lowering *l, size_t field)
{
	const size_t words = sizeof(struct profile_target) / sizeof(uint64_t);
	uint64_t target = count_part(l)->first_target + (uint64_t)l->profile.target;
	return count_address(l, count_number(l, l->ir->plan->size.counters + target * words +
						field / sizeof(uint64_t)));
}

/*
 * The majority by votes (Boyer and Moore): an index with no votes left is replaced, one that comes
 * again gets a vote, any other takes one away.
 */
void profile_count_target(struct lowering *l, LLVMValueRef index)
{
	LLVMBuilderRef b = l->ir->builder;
	if (!count_is_on(l))
		return;
	LLVMValueRef calls_at = count_field(l, offsetof(struct profile_target, calls));
	LLVMValueRef index_at = count_field(l, offsetof(struct profile_target, index));
	LLVMValueRef votes_at = count_field(l, offsetof(struct profile_target, votes));
	LLVMValueRef one = count_number(l, 1), less = count_number(l, UINT64_MAX);
	LLVMValueRef votes = count_load(l, votes_at), kept = count_load(l, index_at);
	LLVMValueRef is_new = LLVMBuildIsNull(b, votes, "");
	kept = LLVMBuildSelect(b, is_new, index, kept, "");
	LLVMValueRef is_it = LLVMBuildICmp(b, LLVMIntEQ, kept, index, "");
	LLVMValueRef change = LLVMBuildSelect(b, is_it, one, less, "");
	count_store(l, LLVMBuildAdd(b, count_load(l, calls_at), one, ""), calls_at);
	count_store(l, kept, index_at);
	count_store(l, LLVMBuildAdd(b, votes, change, ""), votes_at);
}
