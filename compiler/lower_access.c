/*
 * lower_access.c: loads and stores of everything that is not linear memory: the context,
 * its rows, globals, tables; and calls of the runtime's helpers.
 */
#include "compiler/lower.h"

#include <stddef.h>

LLVMValueRef access_at(struct lowering *l, LLVMValueRef base, uint64_t offset)
{
	LLVMValueRef index = LLVMConstInt(l->ir->i64, offset, 0);
	return LLVMBuildGEP2(l->ir->builder, l->ir->i8, base, &index, 1, "");
}

void access_note(struct lowering *l, LLVMValueRef instruction, unsigned kind, LLVMValueRef note)
{
	if (!l->is_plain)
		LLVMSetMetadata(instruction, kind, note);
}

static LLVMValueRef access_tag(struct lowering *l, LLVMValueRef access, enum alias_class alias)
{
	access_note(l, access, l->ir->tbaa_kind, l->ir->alias_tags[alias]);
	return access;
}

LLVMValueRef access_load(struct lowering *l, LLVMTypeRef type, LLVMValueRef address,
		enum alias_class alias)
{
	return access_tag(l, LLVMBuildLoad2(l->ir->builder, type, address, ""), alias);
}

/* For what never changes while the instance lives. */
LLVMValueRef access_load_constant(struct lowering *l, LLVMTypeRef type, LLVMValueRef address)
{
	LLVMValueRef load = access_load(l, type, address, ALIAS_CONTEXT);
	access_note(l, load, l->ir->invariant_kind, l->ir->empty_node);
	return load;
}

LLVMValueRef access_store(struct lowering *l, LLVMValueRef value, LLVMValueRef address,
		enum alias_class alias)
{
	return access_tag(l, LLVMBuildStore(l->ir->builder, value, address), alias);
}

LLVMValueRef access_view(struct lowering *l)
{
	if (l->view)
		return l->view;
	LLVMBasicBlockRef saved = lower_enter_entry(l);
	l->view = access_load_constant(l, l->ir->ptr,
			access_at(l, l->context, offsetof(struct sv_context, view)));
	lower_leave_entry(l, saved);
	return l->view;
}

struct helper_info {
	const char *signature;
};

static const struct helper_info helper_infos[SV_HELPER_COUNT] = {
#define SV_HELPER(name, signature) {signature},
#include "abi/helpers.def"
#undef SV_HELPER
};

static LLVMTypeRef helper_letter_type(struct ir *ir, char letter)
{
	return letter == '\0' ? ir->none : ir_type(ir, sv_type_of_letter(letter));
}

LLVMValueRef access_helper(struct lowering *l, enum sv_helper helper, LLVMValueRef *arguments)
{
	struct ir *ir = l->ir;
	LLVMTypeRef types[6] = {ir->ptr};
	LLVMValueRef values[6] = {l->context};
	unsigned count = 1;
	const char *letter = helper_infos[helper].signature;
	for (; *letter != ':'; letter++, count++) {
		check(count < ARRAY_LENGTH(types));
		types[count] = helper_letter_type(ir, *letter);
		values[count] = arguments[count - 1];
	}
	LLVMTypeRef type = LLVMFunctionType(helper_letter_type(ir, letter[1]), types, count, 0);
	LLVMValueRef table = access_load_constant(l, ir->ptr,
			access_at(l, l->context, offsetof(struct sv_context, helpers)));
	LLVMValueRef code = access_load_constant(l, ir->ptr,
			access_at(l, table, helper * sizeof(sv_helper_code)));
	trap_mark_position(l);
	lower_begin_line(l);
	return LLVMBuildCall2(ir->builder, type, code, values, count, "");
}
