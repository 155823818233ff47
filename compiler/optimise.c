/*
 * optimise.c: the passes of each level. Order matters: values into SSA form, floats made
 * exact, a small clean-up that shows which loads are needed, then LLVM's own pipeline.
 */
#include "compiler/optimise.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "abi/artifact.h"
#include "compiler/exact_order.h"
#include "compiler/optimise_product.h"
#include "compiler/optimise_scan.h"
#include "compiler/optimise_width.h"

enum phase { CLEAN, FOLD, INLINE, MAIN };

struct pass_row {
	unsigned least, greatest; /* levels */
	enum phase phase;
	const char *text;
};

static const struct pass_row pass_rows[] = {
#define SV_PASSES(least, greatest, phase, text) {least, greatest, phase, text},
#include "compiler/passes.def"
#undef SV_PASSES
};

static bool optimise_verify(struct ir *ir, const char *when, struct sv_error *error)
{
	char *message = NULL;
	if (!LLVMVerifyModule(ir->module, LLVMReturnStatusAction, &message)) {
		LLVMDisposeMessage(message);
		return true;
	}
	sv_fail(error, SV_ERROR_INTERNAL, "LLVM rejects our code %s: %s", when, message);
	LLVMDisposeMessage(message);
	return false;
}

static bool optimise_passes(struct ir *ir, LLVMTargetMachineRef machine, const char *passes,
		struct sv_error *error)
{
	char text[2048];
	/* Passes of functions only see a summary of counts that has been made for the module. */
	int length = snprintf(text, sizeof text, "%s%s",
			ir->guide ? "require<profile-summary>," : "", passes);
	check(length > 0 && (size_t)length < sizeof text);
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMPassBuilderOptionsSetLoopInterleaving(options, 1);
	LLVMPassBuilderOptionsSetLoopVectorization(options, 1);
	LLVMPassBuilderOptionsSetSLPVectorization(options, 1);
	LLVMPassBuilderOptionsSetLoopUnrolling(options, 1);
	LLVMErrorRef failure = LLVMRunPasses(ir->module, text, machine, options);
	LLVMDisposePassBuilderOptions(options);
	if (!failure)
		return true;
	char *message = LLVMGetErrorMessage(failure);
	sv_fail(error, SV_ERROR_INTERNAL, "LLVM passes failed: %s", message);
	LLVMDisposeErrorMessage(message);
	return false;
}

static bool optimise_phase(struct ir *ir, LLVMTargetMachineRef machine, enum phase phase,
		struct sv_error *error)
{
	unsigned level = ir->options->level;
	for (size_t i = 0; i < ARRAY_LENGTH(pass_rows); i++) {
		const struct pass_row *row = &pass_rows[i];
		if (row->phase != phase || level < row->least || level > row->greatest)
			continue;
		TRY(optimise_passes(ir, machine, row->text, error));
	}
	return true;
}

static bool optimise_is_off(LLVMValueRef function)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("optnone", 7);
	return LLVMIsDeclaration(function) ||
			LLVMGetEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
}

/* Selection of instructions folds floats too, so this is for all levels and functions. */
static void optimise_floats(struct ir *ir)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function))
		exact_floats(ir, function);
}

static void optimise_all_products(struct ir *ir)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function)) {
		if (!optimise_is_off(function))
			optimise_products(function);
	}
}

/* What is for the selection of instructions. */
static void optimise_last(struct ir *ir)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function)) {
		exact_widen(ir, function);
		if (optimise_is_off(function))
			continue;
		exact_thaw(function);
		optimise_widths(function);
	}
}

/* What the functions below must know of the module's memories; the caller frees the list. */
static bool optimise_layout(struct ir *ir, struct exact_layout *layout,
		struct exact_memory **memories, struct sv_error *error)
{
	const struct module *module = ir->wasm;
	bool checks = ir->options->bounds == SV_BOUNDS_CHECK;
	*memories = calloc(module->memory_count + 1, sizeof **memories);
	if (!*memories)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a list of memories");
	for (uint32_t i = 0; i < module->memory_count; i++) {
		const struct limits *limits = &module->memories[i].limits;
		ir_memory_size_range(limits, &(*memories)[i].least_size, &(*memories)[i].size_end);
		(*memories)[i].is_64 = limits->is_64;
		(*memories)[i].is_shared = limits->is_shared;
		(*memories)[i].is_checked =
				checks || sv_memory_needs_check(limits->is_64, limits->page_log2);
	}
	*layout = (struct exact_layout){.rows = ir->layout.memories,
			.row_size = sizeof(struct sv_memory_row),
			.row_base = offsetof(struct sv_memory_row, base),
			.row_view = offsetof(struct sv_memory_row, memory),
			.view_size = offsetof(struct sv_memory_view, size),
			.memories = *memories,
			.memory_count = module->memory_count,
			.alias_tags = ir->alias_tags};
	return true;
}

static bool optimise_has_checks(const struct exact_layout *layout)
{
	for (uint32_t i = 0; i < layout->memory_count; i++) {
		if (layout->memories[i].is_checked)
			return true;
	}
	return false;
}

static void optimise_function_accesses(struct ir *ir, LLVMValueRef function,
		const struct exact_layout *layout)
{
	bool checks = optimise_has_checks(layout);
	if (checks)
		exact_checks(function, layout);
	exact_known(function, layout);
	if (ir->options->bounds == SV_BOUNDS_GUARD) {
		exact_stores(function);
		if (!ir->options->strict_traps)
			exact_loads(ir, function);
	}
	exact_loops(function, layout);
	if (checks)
		exact_chains(function, layout);
	exact_order(function, layout);
}

static void optimise_all_accesses(struct ir *ir, const struct exact_layout *layout)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function)) {
		if (!optimise_is_off(function))
			optimise_function_accesses(ir, function, layout);
	}
}

static void optimise_all_scans(struct ir *ir, const struct exact_layout *layout)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function)) {
		if (!optimise_is_off(function))
			optimise_scans(function, layout);
	}
}

/* What needs to know the module's memories. */
static bool optimise_memories(struct ir *ir, LLVMTargetMachineRef machine, struct sv_error *error)
{
	struct exact_layout layout;
	struct exact_memory *memories;
	TRY(optimise_layout(ir, &layout, &memories, error));
	optimise_all_scans(ir, &layout);
	bool done = optimise_phase(ir, machine, INLINE, error);
	if (done)
		optimise_all_accesses(ir, &layout);
	free(memories);
	return done;
}

bool optimise_run(struct ir *ir, LLVMTargetMachineRef machine, struct sv_error *error)
{
	TRY(optimise_verify(ir, "as lowered", error));
	TRY(optimise_phase(ir, machine, CLEAN, error));
	optimise_floats(ir);
	if (ir->options->level == 0)
		return true;
	TRY(optimise_phase(ir, machine, FOLD, error));
	optimise_all_products(ir);
	TRY(optimise_memories(ir, machine, error));
	TRY(optimise_phase(ir, machine, MAIN, error));
	optimise_last(ir);
	return optimise_verify(ir, "after the passes", error);
}
