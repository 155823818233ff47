/*
 * artifact.c: records, code tables, image and note as LLVM globals. Every pointer is a 32-bit
 * distance that the linker computes, so the object needs no relocation when it is loaded.
 */
#include "compiler/artifact.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "base/version.h"
#include "compiler/convention.h"

static LLVMValueRef artifact_bytes(struct ir *ir, const void *bytes, size_t length)
{
	return LLVMConstStringInContext2(ir->context, bytes, length, 1);
}

static LLVMValueRef artifact_global(struct ir *ir, const char *name, LLVMValueRef value,
		unsigned alignment)
{
	LLVMValueRef global = LLVMAddGlobal(ir->module, LLVMTypeOf(value), name);
	LLVMSetInitializer(global, value);
	LLVMSetGlobalConstant(global, 1);
	LLVMSetAlignment(global, alignment);
	LLVMSetVisibility(global, LLVMHiddenVisibility);
	return global;
}

/* The 32-bit distance from `origin` to `place`. */
static LLVMValueRef artifact_distance(struct ir *ir, LLVMValueRef place, LLVMValueRef origin)
{
	LLVMValueRef difference = LLVMConstSub(LLVMConstPtrToInt(place, ir->i64),
			LLVMConstPtrToInt(origin, ir->i64));
	return LLVMConstTrunc(difference, ir->i32);
}

typedef LLVMValueRef (*artifact_code_at)(struct ir *ir, uint32_t index);

/* A table of distances from its own start to pieces of code. */
static LLVMValueRef artifact_code_table(struct ir *ir, const char *name, uint32_t count,
		artifact_code_at code_at)
{
	LLVMTypeRef type = LLVMArrayType2(ir->i32, count);
	LLVMValueRef table = LLVMAddGlobal(ir->module, type, name);
	LLVMValueRef *distances = calloc(count + 1, sizeof *distances);
	check(distances);
	for (uint32_t i = 0; i < count; i++)
		distances[i] = artifact_distance(ir, code_at(ir, i), table);
	LLVMSetInitializer(table, LLVMConstArray2(ir->i32, distances, count));
	free(distances);
	LLVMSetGlobalConstant(table, 1);
	LLVMSetAlignment(table, 4);
	LLVMSetVisibility(table, LLVMHiddenVisibility);
	return table;
}

static LLVMValueRef artifact_own_function(struct ir *ir, uint32_t index)
{
	return ir_function(ir, ir->wasm->imported_functions + index);
}

/* The text of a module without functions or types must exist too, or it would have no bounds. */
static void artifact_add_text(struct ir *ir)
{
	ir_add_stub(ir, "selvage.text", LLVMFunctionType(ir->none, NULL, 0, 0));
	LLVMBuildUnreachable(ir->builder);
}

/* Declared types of one record share their stubs; only functions have any. */
enum type_use { TYPE_ENTERED = 1, TYPE_IMPORTED = 2 };

/*
 * Which stubs a type needs: an entry stub if the host may call a function of it (one that can
 * be referred to, or the start function), a thunk if one is imported with it.
 */
static uint8_t *artifact_type_uses(const struct module *wasm)
{
	uint8_t *uses = calloc(wasm->type_count + 1, 1);
	check(uses);
	for (uint32_t i = 0; i < wasm->function_count; i++) {
		const struct function *function = &wasm->functions[i];
		if (function->reference != SV_NO_INDEX || i == wasm->start)
			uses[function->type] |= TYPE_ENTERED;
		if (i < wasm->imported_functions)
			uses[function->type] |= TYPE_IMPORTED;
	}
	return uses;
}

static LLVMValueRef artifact_entry(struct ir *ir, uint32_t type)
{
	if (ir->type_uses[type] & TYPE_ENTERED)
		return stub_entry(ir, type);
	return LLVMGetNamedFunction(ir->module, "selvage.text");
}

static LLVMValueRef artifact_thunk(struct ir *ir, uint32_t type)
{
	if (ir->type_uses[type] & TYPE_IMPORTED)
		return stub_thunk(ir, type);
	return LLVMGetNamedFunction(ir->module, "selvage.text");
}

static LLVMValueRef artifact_bound(struct ir *ir, const char *symbol)
{
	LLVMValueRef bound = LLVMAddGlobal(ir->module, ir->i8, symbol);
	LLVMSetVisibility(bound, LLVMHiddenVisibility);
	return bound;
}

/* A field of the header that only the linker can fill in. */
struct artifact_fixup {
	size_t offset; /* in the header; in ascending order */
	LLVMValueRef place;
};

/* Spans of the state, and seven more. */
enum {
#define STATE_SPAN(name, type) ARTIFACT_STATE_##name,
#include "abi/state.def"
#undef STATE_SPAN
	ARTIFACT_STATE_SPANS,
	FIXUP_COUNT = ARTIFACT_STATE_SPANS + 7
};

static void artifact_add_header(struct ir *ir, const struct records *records,
		const struct artifact_fixup *fixups)
{
	LLVMTypeRef types[2 * FIXUP_COUNT + 1];
	size_t lengths[FIXUP_COUNT + 1];
	size_t at = 0;
	for (int i = 0; i < FIXUP_COUNT; i++) {
		lengths[i] = fixups[i].offset - at;
		types[2 * i] = LLVMArrayType2(ir->i8, lengths[i]);
		types[2 * i + 1] = ir->i32;
		at = fixups[i].offset + sizeof(int32_t);
	}
	lengths[FIXUP_COUNT] = records->bytes.length - at;
	types[2 * FIXUP_COUNT] = LLVMArrayType2(ir->i8, lengths[FIXUP_COUNT]);
	LLVMTypeRef type = LLVMStructTypeInContext(ir->context, types, 2 * FIXUP_COUNT + 1, 1);
	LLVMValueRef header = LLVMAddGlobal(ir->module, type, SV_ARTIFACT_SYMBOL);
	LLVMValueRef parts[2 * FIXUP_COUNT + 1];
	at = 0;
	for (int i = 0; i < FIXUP_COUNT; i++) {
		parts[2 * i] = artifact_bytes(ir, records->bytes.data + at, lengths[i]);
		parts[2 * i + 1] = artifact_distance(ir, fixups[i].place, header);
		at = fixups[i].offset + sizeof(int32_t);
	}
	parts[2 * FIXUP_COUNT] = artifact_bytes(ir, records->bytes.data + at, lengths[FIXUP_COUNT]);
	LLVMSetInitializer(header,
			LLVMConstStructInContext(ir->context, parts, 2 * FIXUP_COUNT + 1, 1));
	LLVMSetGlobalConstant(header, 1);
	LLVMSetAlignment(header, 16);
	/* The one symbol that the runtime looks up. */
	LLVMSetVisibility(header, LLVMDefaultVisibility);
}

/*
 * What instances begin with: the image, the state records, and a byte, since there is no segment
 * for nothing. It is declared as writable because the linker puts that behind all else, where
 * a snapshot can be as long as it must; package.c makes it read-only.
 */
static LLVMValueRef artifact_add_state(struct ir *ir, const struct records *records,
		const struct image *image)
{
	LLVMValueRef parts[3] = {
			artifact_bytes(ir, image->bytes.data, image->bytes.length),
			artifact_bytes(ir, records->state.data, records->state.length),
			LLVMConstNull(ir->i8),
	};
	LLVMValueRef value = LLVMConstStructInContext(ir->context, parts, 3, 1);
	LLVMValueRef global = artifact_global(ir, "selvage.image", value, SV_HOST_PAGE);
	LLVMSetGlobalConstant(global, 0);
	LLVMSetSection(global, SV_IMAGE_SECTION);
	return global;
}

/* A place in the state records, behind the image. */
static LLVMValueRef artifact_state_at(struct ir *ir, LLVMValueRef state, const struct image *image,
		struct sv_span span)
{
	LLVMValueRef index = LLVMConstInt(ir->i64,
			image->bytes.length + (uint64_t)(uint32_t)span.offset, 0);
	return LLVMConstGEP2(ir->i8, state, &index, 1);
}

static void artifact_add_note(struct ir *ir, const struct target *target)
{
	struct {
		uint32_t owner_size, descriptor_size, type;
		char owner[8];
		struct sv_artifact_note descriptor;
	} note = {
			.owner_size = sizeof SV_NOTE_OWNER,
			.descriptor_size = sizeof(struct sv_artifact_note),
			.type = SV_NOTE_TYPE,
			.owner = SV_NOTE_OWNER,
			.descriptor =
					{
							.abi_version = SV_ABI_VERSION,
							.bounds = ir->options->bounds,
							.optimisation = ir->options->level,
							.compiler = SV_VERSION,
					},
	};
	snprintf(note.descriptor.target, sizeof note.descriptor.target, "%s", target->name);
	snprintf(note.descriptor.cpu, sizeof note.descriptor.cpu, "%s", target->required);
	LLVMValueRef bytes = artifact_bytes(ir, &note, sizeof note);
	LLVMSetSection(artifact_global(ir, "selvage.note", bytes, 4), SV_NOTE_SECTION);
}

void artifact_add(struct ir *ir, const struct records *records, const struct image *image,
		const struct target *target)
{
	const struct sv_artifact_header *header = &records->header;
	uint8_t *uses = artifact_type_uses(ir->wasm);
	ir->type_uses = uses;
	artifact_add_text(ir);
	fixed_tables_define(ir);
	LLVMValueRef state = artifact_add_state(ir, records, image);
	const struct artifact_fixup fixups[FIXUP_COUNT] = {
#define STATE_SPAN(name, type) \
	{offsetof(struct sv_artifact_header, name.offset), \
			artifact_state_at(ir, state, image, header->name)},
#include "abi/state.def"
#undef STATE_SPAN
			{offsetof(struct sv_artifact_header, image.offset), state},
			{offsetof(struct sv_artifact_header, code.offset),
					artifact_code_table(ir, "selvage.code", header->code.count,
							artifact_own_function)},
			{offsetof(struct sv_artifact_header, entries.offset),
					artifact_code_table(ir, "selvage.entries",
							header->entries.count, artifact_entry)},
			{offsetof(struct sv_artifact_header, thunks.offset),
					artifact_code_table(ir, "selvage.thunks",
							header->thunks.count, artifact_thunk)},
			{offsetof(struct sv_artifact_header, constants.offset),
					artifact_code_table(ir, "selvage.constants",
							header->constants.count, lower_expression)},
			/* The linker defines these two around the section's contents. */
			{offsetof(struct sv_artifact_header, text_start),
					artifact_bound(ir, "__start_" TEXT_SECTION)},
			{offsetof(struct sv_artifact_header, text_end),
					artifact_bound(ir, "__stop_" TEXT_SECTION)},
	};
	artifact_add_header(ir, records, fixups);
	artifact_add_note(ir, target);
	ir->type_uses = NULL;
	free(uses);
}
