/*
 * profile_use.c: counts as LLVM wants them: weights at branches, entry counts and attributes of
 * functions; and direct calls of what an indirect one mostly goes to.
 */
#include "compiler/profile_use.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/fixed_table.h"
#include "compiler/lower.h"
#include "compiler/profile_guide.h"
#include "compiler/profile_summary.h"

/* One of many is preferred if it is half of them at least, and comparing is worth it. */
static const uint64_t favourite_share = 2;
static const uint64_t favourite_calls = 16;

static const struct profile_function *use_known(const struct lowering *l)
{
	if (!l->ir->guide || l->expression)
		return NULL;
	return l->ir->guide->functions[l->index - l->ir->wasm->imported_functions];
}

/* ---- weights ---- */

static LLVMMetadataRef use_text(struct ir *ir, const char *text)
{
	return LLVMMDStringInContext2(ir->context, text, strlen(text));
}

static LLVMMetadataRef use_number(LLVMTypeRef type, uint64_t number)
{
	return LLVMValueAsMetadata(LLVMConstInt(type, number, 0));
}

/* Metadata of `count` weights, scaled to 32 bits; NULL if they are all 0. */
static LLVMValueRef use_weights(struct ir *ir, const uint64_t *counts, size_t count)
{
	uint64_t most = 0;
	for (size_t i = 0; i < count; i++)
		most = counts[i] > most ? counts[i] : most;
	if (!most)
		return NULL;
	uint64_t scale = most / UINT32_MAX + 1;
	LLVMMetadataRef *parts = calloc(count + 1, sizeof *parts);
	check(parts);
	parts[0] = use_text(ir, "branch_weights");
	for (size_t i = 0; i < count; i++)
		parts[i + 1] = use_number(ir->i32, counts[i] / scale);
	LLVMMetadataRef node = LLVMMDNodeInContext2(ir->context, parts, count + 1);
	free(parts);
	return LLVMMetadataAsValue(ir->context, node);
}

bool profile_use_condition(struct lowering *l, LLVMValueRef instruction)
{
	const struct profile_function *known = use_known(l);
	if (!known)
		return false;
	const uint64_t *counts = known->counters + l->profile.counter;
	const uint64_t in_order[] = {counts[1], counts[0]};
	LLVMValueRef weights = use_weights(l->ir, in_order, 2);
	if (weights)
		LLVMSetMetadata(instruction, l->ir->weights_kind, weights);
	return weights != NULL;
}

/* LLVM has the default first. */
void profile_use_labels(struct lowering *l, LLVMValueRef instruction)
{
	const struct profile_function *known = use_known(l);
	uint32_t count = l->at->label_count;
	if (!known || !count)
		return;
	const uint64_t *counts = known->counters + l->profile.counter;
	uint64_t *in_order = calloc((size_t)count + 1, sizeof *in_order);
	check(in_order);
	in_order[0] = counts[count];
	memcpy(in_order + 1, counts, count * sizeof *counts);
	LLVMValueRef weights = use_weights(l->ir, in_order, (size_t)count + 1);
	if (weights)
		LLVMSetMetadata(instruction, l->ir->weights_kind, weights);
	free(in_order);
}

/* ---- functions ---- */

void profile_use_function(struct lowering *l)
{
	struct ir *ir = l->ir;
	const struct profile_function *known = use_known(l);
	if (!known)
		return;
	LLVMMetadataRef parts[] = {
			use_text(ir, "function_entry_count"),
			use_number(ir->i64, known->counters[0]),
	};
	LLVMGlobalSetMetadata(l->function, ir->weights_kind,
			LLVMMDNodeInContext2(ir->context, parts, 2));
	enum heat heat = ir->guide->heats[l->index - ir->wasm->imported_functions];
	if (l->is_plain || heat == HEAT_WARM)
		return;
	const char *names[] = {heat == HEAT_HOT ? "hot" : "cold",
			heat == HEAT_HOT ? NULL : "optsize"};
	for (size_t i = 0; i < ARRAY_LENGTH(names) && names[i]; i++)
		LLVMAddAttributeAtIndex(l->function, LLVMAttributeFunctionIndex,
				ir_attribute(ir, names[i], 0));
}

/* ---- indirect calls ---- */

bool profile_use_target(struct lowering *l, const struct fixed_table *table,
		struct favourite *favourite)
{
	struct ir *ir = l->ir;
	const struct module *wasm = ir->wasm;
	const struct profile_function *known = use_known(l);
	if (!known)
		return false;
	const struct profile_target *target = &known->targets[l->profile.target];
	if (target->calls < favourite_calls || target->votes > target->calls ||
			target->votes < target->calls / favourite_share ||
			target->index >= table->count)
		return false;
	uint32_t function = table->entries[target->index];
	/* One of another instance has another context; one of another type may be due to trap. */
	if (function == SV_NO_INDEX || function < wasm->imported_functions ||
			wasm->types[wasm->functions[function].type].canonical !=
					wasm->types[l->at->index].canonical)
		return false;
	/* What is beyond the votes went there half of the time, if there was one other place. */
	uint64_t others = (target->calls - target->votes) / 2;
	const uint64_t counts[] = {target->calls - others, others};
	*favourite = (struct favourite){.function = function,
			.index = target->index,
			.weights = use_weights(ir, counts, 2)};
	return true;
}

/* ---- all of it ---- */

void profile_use_module(struct ir *ir)
{
	if (ir->guide)
		profile_summary_set(ir->guide->summary, ir->module);
}
