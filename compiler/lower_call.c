/*
 * lower_call.c: calls and tail calls: direct, of imports, through tables and references.
 */
#include "compiler/convention.h"

#include <stddef.h>

#include "abi/limits.h"
#include "compiler/effects.h"
#include "compiler/fixed_table.h"
#include "compiler/profile_use.h"

/* What a function whose body is not at hand may do. */
static const uint8_t any_effect = EFFECT_THROWS | EFFECT_COLLECTS;

/* What is called, and with which context. */
struct callee {
	uint32_t type; /* index */
	LLVMValueRef code, context;
	uint8_t effects;    /* bits of enum effect */
	LLVMValueRef index; /* in place of code: in a fixed table with few functions of the type */
	struct fixed_targets targets; /* these */
	bool is_favoured; /* or it is this one, mostly */
	struct favourite favourite;
};

static LLVMValueRef call_one_of(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments, unsigned count);
static LLVMValueRef call_favourite(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments, unsigned count);

/* What is called by an index. */
static LLVMValueRef call_by_index(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments, unsigned count)
{
	return callee->is_favoured ? call_favourite(l, callee, arguments, count)
				   : call_one_of(l, callee, arguments, count);
}

/* The callee's arguments off the stack. */
static unsigned call_arguments(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments)
{
	const struct function_type *type = &l->ir->wasm->types[callee->type].function;
	LLVMValueRef view = ir_parameters_are_wide(type) ? access_view(l) : NULL;
	arguments[0] = callee->context;
	l->depth -= type->parameter_count;
	return ir_pass_arguments(l->ir, type, l->stack + l->depth, view, arguments);
}

/* Call with the arguments on the stack, and push the results. */
static void call_build(struct lowering *l, const struct callee *callee)
{
	struct ir *ir = l->ir;
	const struct function_type *type = &ir->wasm->types[callee->type].function;
	LLVMValueRef arguments[1 + SV_MAX_PARAMETERS], results[SV_MAX_RESULTS];
	bool is_wide = sv_results_are_wide(type->results, type->result_count);
	LLVMValueRef view = is_wide ? access_view(l) : NULL;
	unsigned count = call_arguments(l, callee, arguments);
	if (callee->effects & EFFECT_COLLECTS)
		root_spill(l);
	trap_mark_position(l);
	LLVMValueRef returned = callee->index
			? call_by_index(l, callee, arguments, count)
			: ir_call(ir, ir_function_type(ir, callee->type), callee->code, arguments,
					  count);
	if (ir->effects->propagates && callee->effects & EFFECT_THROWS)
		exception_check(l);
	ir_take_results(ir, type, returned, view, results);
	lower_begin_line(l);
	for (uint32_t i = 0; i < type->result_count; i++)
		push(l, results[i]);
}

/* Leave the function for the callee: its results are this function's. */
static void call_build_tail(struct lowering *l, const struct callee *callee)
{
	struct ir *ir = l->ir;
	LLVMValueRef arguments[1 + SV_MAX_PARAMETERS];
	unsigned count = call_arguments(l, callee, arguments);
	root_pop(l);
	trap_mark_position(l);
	ir_tail_call(ir, ir_function_type(ir, callee->type), callee->code, arguments, count);
	l->reachable = false;
}

static LLVMValueRef call_row_field(struct lowering *l, uint32_t function, size_t field)
{
	uint64_t row = (uint64_t)function * sizeof(struct sv_function_row);
	return access_load_constant(l, l->ir->ptr,
			access_at(l, l->context, l->ir->layout.functions + row + field));
}

static struct callee call_imported(struct lowering *l, uint32_t function)
{
	return (struct callee){
			.effects = any_effect,
			.type = l->ir->wasm->functions[function].type,
			.code = call_row_field(l, function, offsetof(struct sv_function_row, code)),
			.context = call_row_field(l, function,
					offsetof(struct sv_function_row, context)),
	};
}

static struct callee call_direct(struct lowering *l)
{
	uint32_t function = l->at->index;
	if (function < l->ir->wasm->imported_functions)
		return call_imported(l, function);
	return (struct callee){
			.effects = l->ir->effects->functions[function],
			.type = l->ir->wasm->functions[function].type,
			.code = ir_function(l->ir, function),
			.context = l->context,
	};
}

void lower_call(struct lowering *l)
{
	struct callee callee = call_direct(l);
	call_build(l, &callee);
}

void lower_return_call(struct lowering *l)
{
	struct callee callee = call_direct(l);
	call_build_tail(l, &callee);
}

/* ---- through a table ---- */

/* Another type than the wanted one: an empty entry has a trap of its own; a type below passes. */
static void call_check_other_type(struct lowering *l, LLVMValueRef found, uint32_t type_index,
		LLVMBasicBlockRef next)
{
	LLVMBuilderRef b = l->ir->builder;
	trap_unless(l, LLVMBuildIsNotNull(b, found, ""), SV_TRAP_NULL_ELEMENT);
	if (!l->ir->wasm->types[type_index].is_final) {
		trap_unless(l, type_is_below(l, found, type_index), SV_TRAP_CALL_TYPE);
		LLVMBuildBr(b, next);
		return;
	}
	trap_here(l, SV_TRAP_CALL_TYPE);
}

static void call_check_type(struct lowering *l, LLVMValueRef found, uint32_t type_index)
{
	LLVMBasicBlockRef other = lower_new_block(l, "other_type");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef branch = LLVMBuildCondBr(l->ir->builder, type_is_same(l, found, type_index),
			next, other);
	access_note(l, branch, l->ir->weights_kind, l->ir->likely);
	lower_into(l, other);
	call_check_other_type(l, found, type_index, next);
	lower_into(l, next);
}

static LLVMValueRef call_table(struct lowering *l)
{
	uint64_t row = l->ir->layout.tables + (uint64_t)l->at->index2 * sizeof(struct sv_table *);
	return access_load_constant(l, l->ir->ptr, access_at(l, l->context, row));
}

static void call_check_index(struct lowering *l, LLVMValueRef index, LLVMValueRef size)
{
	trap_unless(l, LLVMBuildICmp(l->ir->builder, LLVMIntULT, index, size, ""),
			SV_TRAP_UNDEFINED_ELEMENT);
}

/* Address of an entry that is in the table. */
static LLVMValueRef call_entry(struct lowering *l, LLVMValueRef index)
{
	struct ir *ir = l->ir;
	LLVMValueRef table = call_table(l);
	LLVMValueRef entries = access_load(l, ir->ptr, table, ALIAS_TABLE);
	LLVMValueRef width = LLVMConstInt(ir->i64, sizeof(struct sv_table_entry), 0);
	LLVMValueRef offset = LLVMBuildMul(ir->builder, index, width, "");
	return LLVMBuildGEP2(ir->builder, ir->i8, entries, &offset, 1, "");
}

static LLVMValueRef call_entry_field(struct lowering *l, LLVMValueRef entry, size_t offset)
{
	return access_load(l, l->ir->ptr, access_at(l, entry, offset), ALIAS_TABLE);
}

/* The callee of an index that is in the table. */
static struct callee call_from_table(struct lowering *l, LLVMValueRef index)
{
	const struct module *wasm = l->ir->wasm;
	uint32_t type_index = l->at->index;
	enum sv_type element = wasm->tables[l->at->index2].element;
	LLVMValueRef entry = call_entry(l, index);
	LLVMValueRef found = call_entry_field(l, entry, offsetof(struct sv_table_entry, type));
	/*
	 * What the table may hold can make the comparison needless. It is null even where no entry
	 * can be, until the instance has started.
	 */
	if (!sv_type_is_defined(element) ||
			!defined_matches(wasm, sv_type_index(element), type_index))
		call_check_type(l, found, type_index);
	else
		trap_unless(l, LLVMBuildIsNotNull(l->ir->builder, found, ""), SV_TRAP_NULL_ELEMENT);
	return (struct callee){
			.effects = any_effect,
			.type = type_index,
			.code = call_entry_field(l, entry, offsetof(struct sv_table_entry, code)),
			.context = call_entry_field(l, entry,
					offsetof(struct sv_table_entry, context)),
	};
}

/* ---- through a table that never changes ---- */

/* A word of the entry's constant. */
static LLVMValueRef fixed_word(struct lowering *l, LLVMValueRef index, unsigned word)
{
	struct ir *ir = l->ir;
	LLVMValueRef global = fixed_table_global(ir, l->at->index2);
	LLVMValueRef place = LLVMBuildMul(ir->builder, index, LLVMConstInt(ir->i64, 2, 0), "");
	place = LLVMBuildAdd(ir->builder, place, LLVMConstInt(ir->i64, word, 0), "");
	LLVMValueRef address = LLVMBuildGEP2(ir->builder, ir->i32, global, &place, 1, "");
	return access_load_constant(l, ir->i32, address);
}

/* What is at the index has not just the wanted type. Trap, unless it is elsewhere or below it. */
static struct callee fixed_other(struct lowering *l, LLVMValueRef index, LLVMValueRef found,
		bool all_own)
{
	if (!all_own)
		return call_from_table(l, index);
	LLVMValueRef none = LLVMConstInt(l->ir->i32, SV_NO_INDEX, 0);
	trap_unless(l, LLVMBuildICmp(l->ir->builder, LLVMIntNE, found, none, ""),
			SV_TRAP_NULL_ELEMENT);
	trap_here(l, SV_TRAP_CALL_TYPE);
	return (struct callee){0};
}

/* Go on in a new block: with `callee`, or from `from` with the other one if it has any code. */
static void fixed_join(struct lowering *l, struct callee *callee, LLVMBasicBlockRef from,
		const struct callee *other, LLVMBasicBlockRef next)
{
	struct ir *ir = l->ir;
	LLVMBasicBlockRef blocks[] = {from, LLVMGetInsertBlock(ir->builder)};
	if (other->code)
		LLVMBuildBr(ir->builder, next);
	lower_into(l, next);
	if (!other->code)
		return;
	LLVMValueRef codes[] = {callee->code, other->code};
	LLVMValueRef contexts[] = {callee->context, other->context};
	callee->code = LLVMBuildPhi(ir->builder, ir->ptr, "");
	callee->context = LLVMBuildPhi(ir->builder, ir->ptr, "");
	LLVMAddIncoming(callee->code, codes, blocks, 2);
	LLVMAddIncoming(callee->context, contexts, blocks, 2);
}

/* Code and context of an entry that is of the module and of the type. */
static struct callee fixed_callee(struct lowering *l, LLVMValueRef index)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef distance = LLVMBuildSExt(b, fixed_word(l, index, 1), l->ir->i64, "");
	LLVMValueRef global = fixed_table_global(l->ir, l->at->index2);
	return (struct callee){
			.effects = any_effect,
			.type = l->at->index,
			.code = LLVMBuildGEP2(b, l->ir->i8, global, &distance, 1, ""),
			.context = l->context,
	};
}

static struct callee call_fixed(struct lowering *l, const struct fixed_table *table,
		const struct fixed_targets *targets, LLVMValueRef index)
{
	struct ir *ir = l->ir;
	const struct module *wasm = ir->wasm;
	LLVMBasicBlockRef other = lower_new_block(l, "other"), next = lower_new_block(l, "");
	bool is_single = targets->count == 1 && targets->all_own;
	LLVMValueRef found = NULL, is_wanted;
	struct callee callee;
	if (is_single) {
		uint32_t function = table->entries[targets->index];
		is_wanted = LLVMBuildICmp(ir->builder, LLVMIntEQ, index,
				LLVMConstInt(ir->i64, targets->index, 0), "");
		callee = (struct callee){.type = l->at->index,
				.code = ir_function(ir, function),
				.context = l->context,
				.effects = ir->effects->functions[function]};
	} else {
		call_check_index(l, index, LLVMConstInt(ir->i64, table->count, 0));
		found = fixed_word(l, index, 0);
		callee = fixed_callee(l, index);
		is_wanted = LLVMBuildICmp(ir->builder, LLVMIntEQ, found,
				LLVMConstInt(ir->i32, wasm->types[l->at->index].canonical, 0), "");
	}
	LLVMBasicBlockRef from = LLVMGetInsertBlock(ir->builder);
	LLVMValueRef branch = LLVMBuildCondBr(ir->builder, is_wanted, next, other);
	access_note(l, branch, ir->weights_kind, ir->likely);
	lower_into(l, other);
	if (is_single) {
		call_check_index(l, index, LLVMConstInt(ir->i64, table->count, 0));
		found = fixed_word(l, index, 0);
	}
	struct callee rest = fixed_other(l, index, found, targets->all_own);
	fixed_join(l, &callee, from, &rest, next);
	return callee;
}

/* One call of each function that the index may mean, which LLVM may inline; all else traps. */
static LLVMValueRef call_one_of(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments, unsigned count)
{
	struct ir *ir = l->ir;
	const struct fixed_targets *targets = &callee->targets;
	const struct fixed_table *table = &ir->tables->tables[l->at->index2];
	LLVMBasicBlockRef other = lower_new_block(l, "other"), next = lower_new_block(l, "");
	LLVMValueRef choice = LLVMBuildSwitch(ir->builder, callee->index, other, targets->count);
	LLVMTypeRef type = ir_function_type(ir, callee->type);
	LLVMBasicBlockRef blocks[FIXED_FEW];
	LLVMValueRef returned[FIXED_FEW];
	for (uint32_t i = 0; i < targets->few_count; i++) {
		blocks[i] = lower_new_block(l, "");
		lower_into(l, blocks[i]);
		returned[i] = ir_call(ir, type, ir_function(ir, targets->few[i].function),
				arguments, count);
		LLVMBuildBr(ir->builder, next);
		for (uint32_t k = 0; k < targets->few[i].count; k++)
			LLVMAddCase(choice, LLVMConstInt(ir->i64, targets->few[i].entries[k], 0),
					blocks[i]);
	}
	lower_into(l, other);
	call_check_index(l, callee->index, LLVMConstInt(ir->i64, table->count, 0));
	fixed_other(l, callee->index, fixed_word(l, callee->index, 0), true);
	lower_into(l, next);
	if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind)
		return NULL;
	LLVMValueRef result = LLVMBuildPhi(ir->builder, LLVMGetReturnType(type), "");
	LLVMAddIncoming(result, returned, blocks, targets->few_count);
	return result;
}

/* A call of what a profile names, which LLVM may inline; of any other function as without it. */
static LLVMValueRef call_favourite(struct lowering *l, const struct callee *callee,
		LLVMValueRef *arguments, unsigned count)
{
	struct ir *ir = l->ir;
	LLVMBasicBlockRef direct = lower_new_block(l, "favourite");
	LLVMBasicBlockRef other = lower_new_block(l, "other"), next = lower_new_block(l, "");
	LLVMTypeRef type = ir_function_type(ir, callee->type);
	LLVMValueRef is_it = LLVMBuildICmp(ir->builder, LLVMIntEQ, callee->index,
			LLVMConstInt(ir->i64, callee->favourite.index, 0), "");
	LLVMValueRef branch = LLVMBuildCondBr(ir->builder, is_it, direct, other);
	LLVMSetMetadata(branch, ir->weights_kind, callee->favourite.weights);
	lower_into(l, direct);
	LLVMValueRef returned[2];
	returned[0] = ir_call(ir, type, ir_function(ir, callee->favourite.function), arguments,
			count);
	LLVMBuildBr(ir->builder, next);
	lower_into(l, other);
	struct callee rest = call_fixed(l, &ir->tables->tables[l->at->index2], &callee->targets,
			callee->index);
	arguments[0] = rest.context;
	trap_mark_position(l);
	returned[1] = ir_call(ir, type, rest.code, arguments, count);
	LLVMBasicBlockRef blocks[] = {direct, LLVMGetInsertBlock(ir->builder)};
	LLVMBuildBr(ir->builder, next);
	lower_into(l, next);
	if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind)
		return NULL;
	LLVMValueRef result = LLVMBuildPhi(ir->builder, LLVMGetReturnType(type), "");
	LLVMAddIncoming(result, returned, blocks, 2);
	return result;
}

static struct callee call_few(struct lowering *l, const struct fixed_targets *targets,
		LLVMValueRef index)
{
	struct callee callee = {.type = l->at->index, .index = index, .context = l->context};
	callee.targets = *targets;
	for (uint32_t i = 0; i < targets->few_count; i++)
		callee.effects |= l->ir->effects->functions[targets->few[i].function];
	return callee;
}

static struct callee call_indirect(struct lowering *l, bool returns)
{
	struct ir *ir = l->ir;
	LLVMValueRef index = table_wide(l, l->at->index2, pop(l));
	if (returns)
		profile_count_target(l, index);
	const struct fixed_table *fixed = &ir->tables->tables[l->at->index2];
	if (fixed->entries) {
		struct fixed_targets targets = fixed_table_targets(fixed, ir->wasm, l->at->index);
		struct callee favoured = {.type = l->at->index, .index = index,
				.context = l->context, .effects = any_effect,
				.targets = targets, .is_favoured = true};
		if (returns && targets.count > 1 && !targets.few_count &&
				profile_use_target(l, fixed, &favoured.favourite))
			return favoured;
		return returns && targets.few_count ? call_few(l, &targets, index)
						    : call_fixed(l, fixed, &targets, index);
	}
	LLVMValueRef size = access_load(l, ir->i64,
			access_at(l, call_table(l), offsetof(struct sv_table, size)), ALIAS_TABLE);
	call_check_index(l, index, size);
	return call_from_table(l, index);
}

void lower_call_indirect(struct lowering *l)
{
	struct callee callee = call_indirect(l, true);
	call_build(l, &callee);
}

void lower_return_call_indirect(struct lowering *l)
{
	struct callee callee = call_indirect(l, false);
	call_build_tail(l, &callee);
}

/* ---- through a reference, whose type is known ---- */

static struct callee call_referred(struct lowering *l)
{
	LLVMTypeRef ptr = l->ir->ptr;
	LLVMValueRef reference = pop(l);
	trap_unless(l, LLVMBuildIsNotNull(l->ir->builder, reference, ""), SV_TRAP_NULL_FUNCTION);
	return (struct callee){
			.effects = any_effect,
			.type = l->at->index,
			.code = access_load_constant(l, ptr,
					access_at(l, reference, offsetof(struct sv_funcref, code))),
			.context = access_load_constant(l, ptr,
					access_at(l, reference,
							offsetof(struct sv_funcref, context))),
	};
}

void lower_call_ref(struct lowering *l)
{
	struct callee callee = call_referred(l);
	call_build(l, &callee);
}

void lower_return_call_ref(struct lowering *l)
{
	struct callee callee = call_referred(l);
	call_build_tail(l, &callee);
}
