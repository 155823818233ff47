/*
 * ir.h: one LLVM module under construction: a shard of the functions, or the artifact's
 * records.
 */
#ifndef SELVAGE_COMPILER_IR_H
#define SELVAGE_COMPILER_IR_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

#include "abi/layout.h"
#include "compiler/alias.h"
#include "compiler/body.h"
#include "compiler/compiler.h"
#include "compiler/module.h"

/* Sections that the linker collects; the first bounds the text of an artifact. */
#define TEXT_SECTION "wasm_text"

struct effects;
struct fixed_tables;
struct profile_guide;
struct profile_plan;
struct source_lines;

struct ir {
	const struct module *wasm;
	const struct sv_compile_options *options;
	const struct effects *effects;
	const struct fixed_tables *tables;
	const struct source_lines *lines; /* NULL: none */
	const struct profile_plan *plan; /* if there is anything to count, or a guide */
	const struct profile_guide *guide; /* NULL: nothing is known of how the module runs */
	const uint8_t *shapes; /* by function: bits of enum body_shape */
	const char *cpu_features; /* that the code may rely on; comma-separated */
	struct sv_context_layout layout;

	LLVMContextRef context;
	LLVMModuleRef module;
	LLVMBuilderRef builder;
	LLVMTypeRef i1, i8, i16, i32, i64, f32, f64, ptr, none;
	LLVMTypeRef v128; /* on the value stack and in memory; shapes are for one operator */
	LLVMTypeRef i8x16, i16x8, i32x4, i64x2, f32x4, f64x2;

	const uint8_t *type_uses; /* artifact.c: which stubs a type needs */
	LLVMTypeRef *types;      /* by type index, made on first use */
	LLVMValueRef *functions; /* by function index, declared on first use */

	LLVMValueRef alias_tags[ALIAS_COUNT];
	LLVMValueRef empty_node;     /* for !invariant.load */
	LLVMValueRef unlikely, likely; /* branch weights: first target unlikely, likely */
	LLVMValueRef expected[3]; /* the same by enum expectation, for what the module says */
	unsigned tbaa_kind, invariant_kind, weights_kind, range_kind;
	LLVMAttributeRef nomerge;

	LLVMDIBuilderRef debug;
	LLVMMetadataRef debug_file, debug_unit, debug_type;
	LLVMMetadataRef *debug_sources; /* owned; files of `lines`, made on first use */
};

/* ---- lower.c: modules and types ---- */

void ir_init(struct ir *ir, const struct module *wasm, const struct sv_compile_options *options,
		const char *triple, const char *data_layout);
void ir_finish(struct ir *ir);
LLVMTypeRef ir_type(struct ir *ir, enum sv_type type);
/* The integers, or vector of integers, that have the bits of `type`. */
LLVMTypeRef ir_bits_type(struct ir *ir, LLVMTypeRef type);
LLVMTypeRef ir_function_type(struct ir *ir, uint32_t type_index);
/* NONE too for results that are left in the store's view. */
LLVMTypeRef ir_result_type(struct ir *ir, const struct function_type *type);
LLVMValueRef ir_function(struct ir *ir, uint32_t function);
/* The attributes all code of an artifact has: probed stack, frame pointer, no library calls. */
void ir_add_code_attributes(struct ir *ir, LLVMValueRef function);
void ir_add_string_attribute(struct ir *ir, LLVMValueRef function, const char *key,
		const char *value);
/* Add a hidden function of ours (stub, thunk) in the text section. */
LLVMValueRef ir_add_stub(struct ir *ir, const char *name, LLVMTypeRef type);
/* Symbol of a wasm function: its name and its index. */
void ir_function_symbol(const struct module *wasm, uint32_t function, char *symbol, size_t size);
LLVMAttributeRef ir_attribute(struct ir *ir, const char *name, uint64_t value);
/* True if every CPU that the artifact accepts has this feature of abi/cpu.def. */
bool ir_has_cpu_feature(const struct ir *ir, const char *name);
LLVMValueRef ir_intrinsic(struct ir *ir, const char *name, LLVMTypeRef *types, size_t count);

/*
 * Sizes in bytes that a memory of such limits can have: from *least on and below *end (0: 2^64).
 * False if that is any size. There are two at least: one alone LLVM would make a constant, of which
 * nobody could tell any more that it is the size of a memory.
 */
bool ir_memory_size_range(const struct limits *limits, uint64_t *least, uint64_t *end);

#endif
