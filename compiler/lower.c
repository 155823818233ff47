/*
 * lower.c: LLVM modules, and the types, declarations and attributes in them.
 * Bodies are lower_function.c's.
 */
#include "compiler/lower.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Target.h>

#include "abi/limits.h"
#include "compiler/convention.h"

/* Leaves of the alias tree, in the order of enum alias_class. */
static const char *const alias_names[ALIAS_COUNT] = {
		"context",
		"global",
		"table",
		"size",
		"memory",
		"shared",
		"exception",
		"root",
		"fuel",
		"view",
		"field",
		"element",
		"profile",
};

static LLVMValueRef ir_node(struct ir *ir, LLVMMetadataRef *parts, size_t count)
{
	LLVMMetadataRef node = LLVMMDNodeInContext2(ir->context, parts, count);
	return LLVMMetadataAsValue(ir->context, node);
}

static LLVMMetadataRef ir_string_node(struct ir *ir, const char *text)
{
	return LLVMMDStringInContext2(ir->context, text, strlen(text));
}

static LLVMMetadataRef ir_number_node(LLVMTypeRef type, uint64_t number)
{
	return LLVMValueAsMetadata(LLVMConstInt(type, number, 0));
}

static void ir_init_aliases(struct ir *ir)
{
	LLVMMetadataRef root_part = ir_string_node(ir, "selvage");
	LLVMMetadataRef root = LLVMMDNodeInContext2(ir->context, &root_part, 1);
	LLVMMetadataRef zero = ir_number_node(ir->i64, 0);
	for (int i = 0; i < ALIAS_COUNT; i++) {
		LLVMMetadataRef parts[] = {ir_string_node(ir, alias_names[i]), root, zero};
		LLVMMetadataRef leaf = LLVMMDNodeInContext2(ir->context, parts, 3);
		LLVMMetadataRef tag[] = {leaf, leaf, zero};
		ir->alias_tags[i] = ir_node(ir, tag, 3);
	}
}

static LLVMValueRef ir_weights(struct ir *ir, uint32_t first, uint32_t second)
{
	LLVMMetadataRef parts[] = {
			ir_string_node(ir, "branch_weights"),
			ir_number_node(ir->i32, first),
			ir_number_node(ir->i32, second),
	};
	return ir_node(ir, parts, 3);
}

static void ir_init_metadata(struct ir *ir)
{
	LLVMContextRef c = ir->context;
	ir->tbaa_kind = LLVMGetMDKindIDInContext(c, "tbaa", 4);
	ir->invariant_kind = LLVMGetMDKindIDInContext(c, "invariant.load", 14);
	ir->weights_kind = LLVMGetMDKindIDInContext(c, "prof", 4);
	ir->range_kind = LLVMGetMDKindIDInContext(c, "range", 5);
	ir->empty_node = ir_node(ir, NULL, 0);
	ir->unlikely = ir_weights(ir, 1, 1u << 20);
	ir->likely = ir_weights(ir, 1u << 20, 1);
	/*
	 * Above the 99 % from which LLVM prefers a branch to a select. Far below a trap's: a
	 * module may be wrong about its branches, and the other side is not to count as cold.
	 */
	ir->expected[EXPECT_TAKEN] = ir_weights(ir, 128, 1);
	ir->expected[EXPECT_NOT_TAKEN] = ir_weights(ir, 1, 128);
	ir->nomerge = ir_attribute(ir, "nomerge", 0);
	ir_init_aliases(ir);
}

static void ir_init_vectors(struct ir *ir)
{
	ir->i8x16 = LLVMVectorType(ir->i8, 16);
	ir->i16x8 = LLVMVectorType(ir->i16, 8);
	ir->i32x4 = LLVMVectorType(ir->i32, 4);
	ir->i64x2 = LLVMVectorType(ir->i64, 2);
	ir->f32x4 = LLVMVectorType(ir->f32, 4);
	ir->f64x2 = LLVMVectorType(ir->f64, 2);
	/* No float shape has as many lanes: LLVM would make their selections integer ones. */
	ir->v128 = ir->i8x16;
}

/*
 * The stack is aligned to words (docs/decisions/0040): tailcc would pad the arguments that it never
 * has on the stack to 16 bytes, and let the callee take that off.
 */
static void ir_keep_stack_words(struct ir *ir)
{
	static const char flag[] = "override-stack-alignment"; /* in bytes */
	LLVMAddModuleFlag(ir->module, LLVMModuleFlagBehaviorError, flag, sizeof flag - 1,
			ir_number_node(ir->i32, sizeof(uint64_t)));
}

void ir_init(struct ir *ir, const struct module *wasm, const struct sv_compile_options *options,
		const char *triple, const char *data_layout)
{
	*ir = (struct ir){.wasm = wasm, .options = options};
	ir->layout = sv_context_layout((struct sv_context_counts){
			.memories = wasm->memory_count,
			.tables = wasm->table_count,
			.globals = wasm->global_count,
			.imported_functions = wasm->imported_functions,
			.types = wasm->type_count,
			.tags = wasm->tag_count,
			.profiles = options->profile_generate,
	});
	LLVMContextRef c = ir->context = LLVMContextCreate();
	/* Names of values are for who reads the IR. */
	LLVMContextSetDiscardValueNames(c, !options->dump && options->emit == SV_EMIT_ARTIFACT);
	ir->module = LLVMModuleCreateWithNameInContext("selvage", c);
	LLVMSetTarget(ir->module, triple);
	LLVMSetDataLayout(ir->module, data_layout);
	ir->builder = LLVMCreateBuilderInContext(c);
	ir->i1 = LLVMInt1TypeInContext(c);
	ir->i8 = LLVMInt8TypeInContext(c);
	ir->i16 = LLVMInt16TypeInContext(c);
	ir->i32 = LLVMInt32TypeInContext(c);
	ir->i64 = LLVMInt64TypeInContext(c);
	ir->f32 = LLVMFloatTypeInContext(c);
	ir->f64 = LLVMDoubleTypeInContext(c);
	ir->ptr = LLVMPointerTypeInContext(c, 0);
	ir_init_vectors(ir);
	ir->none = LLVMVoidTypeInContext(c);
	ir_keep_stack_words(ir);
	ir->types = calloc(wasm->type_count + 1, sizeof *ir->types);
	ir->functions = calloc(wasm->function_count + 1, sizeof *ir->functions);
	/* As everywhere in LLVM, no memory for a few words of ours ends the process. */
	check(ir->types && ir->functions);
	ir_init_metadata(ir);
	debug_init(ir);
}

void ir_finish(struct ir *ir)
{
	free(ir->types);
	free(ir->functions);
	free(ir->debug_sources);
	if (ir->debug)
		LLVMDisposeDIBuilder(ir->debug);
	if (ir->builder)
		LLVMDisposeBuilder(ir->builder);
	if (ir->module)
		LLVMDisposeModule(ir->module);
	if (ir->context)
		LLVMContextDispose(ir->context);
	*ir = (struct ir){0};
}

LLVMAttributeRef ir_attribute(struct ir *ir, const char *name, uint64_t value)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
	check(kind);
	return LLVMCreateEnumAttribute(ir->context, kind, value);
}

bool ir_has_cpu_feature(const struct ir *ir, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = ir->cpu_features; *at;) {
		size_t item = strcspn(at, ",");
		if (item == length && memcmp(at, name, length) == 0)
			return true;
		at += item + (at[item] == ',');
	}
	return false;
}

LLVMValueRef ir_intrinsic(struct ir *ir, const char *name, LLVMTypeRef *types, size_t count)
{
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
	check(id);
	return LLVMGetIntrinsicDeclaration(ir->module, id, types, count);
}

LLVMTypeRef ir_type(struct ir *ir, enum sv_type type)
{
	switch (type) {
	case SV_TYPE_I32:
		return ir->i32;
	case SV_TYPE_I64:
		return ir->i64;
	case SV_TYPE_F32:
		return ir->f32;
	case SV_TYPE_F64:
		return ir->f64;
	case SV_TYPE_V128:
		return ir->v128;
	default:
		check(sv_type_is_reference(type));
		return ir->ptr;
	}
}

LLVMTypeRef ir_bits_type(struct ir *ir, LLVMTypeRef type)
{
	if (type == ir->f32)
		return ir->i32;
	if (type == ir->f64)
		return ir->i64;
	if (type == ir->f32x4)
		return ir->i32x4;
	return type == ir->f64x2 ? ir->i64x2 : type;
}

/* Several results are a struct, in registers. */
LLVMTypeRef ir_result_type(struct ir *ir, const struct function_type *type)
{
	if (type->result_count == 0 || sv_results_are_wide(type->results, type->result_count))
		return ir->none;
	if (type->result_count == 1)
		return ir_type(ir, type->results[0]);
	LLVMTypeRef parts[SV_MAX_RESULTS];
	for (uint32_t i = 0; i < type->result_count; i++)
		parts[i] = ir_type(ir, type->results[i]);
	return LLVMStructTypeInContext(ir->context, parts, type->result_count, 0);
}

LLVMTypeRef ir_function_type(struct ir *ir, uint32_t type_index)
{
	if (ir->types[type_index])
		return ir->types[type_index];
	const struct function_type *type = &ir->wasm->types[type_index].function;
	LLVMTypeRef parts[1 + SV_MAX_PARAMETERS];
	unsigned count = ir_parameter_types(ir, type, parts);
	LLVMTypeRef result = ir_result_type(ir, type);
	ir->types[type_index] = LLVMFunctionType(result, parts, count, 0);
	return ir->types[type_index];
}

void ir_add_string_attribute(struct ir *ir, LLVMValueRef function, const char *key,
		const char *value)
{
	LLVMAttributeRef attribute = LLVMCreateStringAttribute(ir->context, key,
			(unsigned)strlen(key), value, (unsigned)strlen(value));
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, attribute);
}

void ir_add_code_attributes(struct ir *ir, LLVMValueRef function)
{
	static const struct {
		const char *key, *value;
	} attributes[] = {
			/* The backtrace walks frame pointers. */
			{"frame-pointer", "all"},
			/* No undefined symbols: loops never become calls of memset. */
			{"no-builtins", "true"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(attributes); i++)
		ir_add_string_attribute(ir, function, attributes[i].key, attributes[i].value);
	/* Large frames touch each page: nothing jumps over the guard below. */
	if (ir->options->bounds == SV_BOUNDS_GUARD)
		ir_add_string_attribute(ir, function, "probe-stack", "inline-asm");
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
			ir_attribute(ir, "nounwind", 0));
	LLVMSetSection(function, TEXT_SECTION);
}

/* Without what the assembler (control characters) and the linker (@: a version) would read. */
void ir_function_symbol(const struct module *wasm, uint32_t function, char *symbol, size_t size)
{
	const struct sv_bytes *name = &wasm->functions[function].name;
	char text[128];
	size_t length = name->length < sizeof text - 1 ? name->length : sizeof text - 1;
	for (size_t i = 0; i < length; i++)
		text[i] = iscntrl(name->data[i]) || name->data[i] == '@' ? '?'
									 : (char)name->data[i];
	text[length] = '\0';
	snprintf(symbol, size, "wasm.%s[%u]", length ? text : "function", function);
}

LLVMValueRef ir_function(struct ir *ir, uint32_t function)
{
	if (ir->functions[function])
		return ir->functions[function];
	char symbol[160];
	ir_function_symbol(ir->wasm, function, symbol, sizeof symbol);
	LLVMTypeRef type = ir_function_type(ir, ir->wasm->functions[function].type);
	LLVMValueRef value = LLVMAddFunction(ir->module, symbol, type);
	LLVMSetVisibility(value, LLVMHiddenVisibility);
	ir_set_convention_of_own(ir, value, function);
	LLVMAddAttributeAtIndex(value, LLVMAttributeFunctionIndex, ir_attribute(ir, "nounwind", 0));
	ir->functions[function] = value;
	return value;
}

LLVMValueRef ir_add_stub(struct ir *ir, const char *name, LLVMTypeRef type)
{
	LLVMValueRef function = LLVMAddFunction(ir->module, name, type);
	LLVMSetVisibility(function, LLVMHiddenVisibility);
	ir_add_code_attributes(ir, function);
	LLVMBasicBlockRef block = LLVMAppendBasicBlockInContext(ir->context, function, "entry");
	LLVMPositionBuilderAtEnd(ir->builder, block);
	return function;
}

bool ir_memory_size_range(const struct limits *limits, uint64_t *least, uint64_t *end)
{
	const uint64_t memory32_end = UINT64_C(1) << 32;
	*least = limits->minimum << limits->page_log2;
	*end = limits->is_64 ? 0 : memory32_end + 1;
	if (limits->has_maximum && limits->maximum < UINT64_MAX >> limits->page_log2)
		*end = (limits->maximum << limits->page_log2) + 1;
	if (*end == *least + 1)
		++*end;
	return *least != *end;
}
