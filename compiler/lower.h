/*
 * lower.h: what the lowering files share. A validated module goes in, LLVM IR comes out.
 *
 * struct ir (ir.h) is one LLVM module under construction; struct lowering is one function
 * body in it. LLVM values carry their types, so the lowering keeps a stack of values and no
 * types. Builders are not checked for failure: their inputs are validated, and every module
 * is verified.
 */
#ifndef SELVAGE_COMPILER_LOWER_H
#define SELVAGE_COMPILER_LOWER_H

#include "compiler/ir.h"
#include "compiler/lower_fuel.h"
#include "compiler/profile_count.h"

/* One open block, loop or if. */
struct control {
	enum op op; /* OP_block, OP_loop, OP_if, OP_else; OP_NONE: the function itself */
	LLVMBasicBlockRef target;     /* where a branch goes: behind the end, or the loop's head */
	LLVMBasicBlockRef otherwise;  /* if: the else part, until it is met */
	LLVMValueRef *phis;           /* at target, one per value a branch carries */
	LLVMValueRef *parameters;     /* if: values the else part starts with */
	struct function_type type;
	uint32_t branch_count;        /* values a branch to it carries */
	uint32_t height;              /* of the value stack below the parameters */
	uint32_t root_shown;          /* of the lowering, where the block begins */
	bool reached;                 /* target has a predecessor */
	bool joined;                  /* one that is a branch */
	/* try and try_table: where exceptions arrive, if any can; then those not yet caught. */
	LLVMBasicBlockRef handler;
	LLVMValueRef exception; /* try: the one that arrived */
	const struct catch_clause *catches;
	uint32_t catch_count;
};

struct lowering {
	struct ir *ir;
	struct arena *arena; /* owns the arrays below; one function's life */
	struct body body;
	const struct instruction *at; /* the operator being lowered */
	const struct function_type *type;
	uint32_t index;

	LLVMValueRef function, context;
	LLVMBasicBlockRef outside; /* where exceptions leave the function, if any can */
	LLVMValueRef view; /* of the store; loaded in entry on first use */
	LLVMValueRef expression; /* where the value of a constant expression goes, or NULL */
	LLVMBasicBlockRef entry; /* allocas and values that are constant in the function */
	LLVMValueRef *locals;    /* allocas */
	/* By local: its value, if that was seen in the straight line at hand (lower_variable.c). */
	struct known_local {
		LLVMValueRef value;
		uint64_t line;
	} *known;
	uint64_t line; /* a number for each block, and for what is behind a call in it */
	LLVMValueRef root_frame; /* first slot on the root stack; NULL: nothing is rooted */
	uint32_t *root_locals; /* slot of each local, or SV_NO_INDEX */
	uint32_t root_slots, root_operands; /* how many; the first one of operands */
	uint32_t *root_counts;  /* by place in the operand stack: slots of those below */
	uint32_t root_capacity;
	uint32_t root_shown; /* operands below this place are in their slots */
	uint32_t root_top; /* slots of operands that the collector sees, or SV_NO_INDEX */
	uint64_t start_offset; /* of the body in the module */
	LLVMValueRef *bases;     /* by memory: base pointer, loaded in entry on first use */
	LLVMMetadataRef scope;
	struct fuel_line fuel;
	struct profile_cursor profile;

	LLVMValueRef *stack;
	struct control *controls;
	uint32_t depth, stack_capacity, control_count, control_capacity;
	bool reachable;
	uint32_t skipped; /* blocks opened in unreachable code */
	bool is_plain; /* not to be optimised */
	struct aside {
		LLVMTypeRef type;
		LLVMValueRef place;
	} asides[8], index_aside; /* for each type that is stored, and for indices */
};

/* ---- lower_function.c ---- */

SV_MUST_USE bool lower_function(struct ir *ir, uint32_t function, struct arena *arena,
		struct sv_error *error);
void push(struct lowering *l, LLVMValueRef value);
LLVMValueRef pop(struct lowering *l);
/* The same, a vector in the shape that an operator wants: push takes any shape. */
LLVMValueRef pop_as(struct lowering *l, LLVMTypeRef type);
LLVMBasicBlockRef lower_new_block(struct lowering *l, const char *name);
/* Locals are to be read again: values are not to be kept in registers from before here. */
void lower_begin_line(struct lowering *l);
/* Continue in `block`; the same, with it behind all others so far. */
void lower_into(struct lowering *l, LLVMBasicBlockRef block);
void lower_into_next(struct lowering *l, LLVMBasicBlockRef block);
LLVMValueRef lower_wide(struct lowering *l, LLVMValueRef value); /* to i64 without sign */
LLVMValueRef lower_narrow(struct lowering *l, LLVMValueRef value);
/* Run `build` steps in the entry block: position there, and back. */
LLVMBasicBlockRef lower_enter_entry(struct lowering *l);
void lower_leave_entry(struct lowering *l, LLVMBasicBlockRef saved);

/* Code of constant expression `number`: an entry stub that leaves the value in values[0]. */
LLVMValueRef lower_expression(struct ir *ir, uint32_t number);

/* ---- lower_access.c: loads and stores with their alias class ---- */

LLVMValueRef access_at(struct lowering *l, LLVMValueRef base, uint64_t offset);
LLVMValueRef access_load(struct lowering *l, LLVMTypeRef type, LLVMValueRef address,
		enum alias_class alias);
LLVMValueRef access_load_constant(struct lowering *l, LLVMTypeRef type, LLVMValueRef address);
LLVMValueRef access_store(struct lowering *l, LLVMValueRef value, LLVMValueRef address,
		enum alias_class alias);
/* Note what only optimisation reads: nothing in a function that is not to be optimised. */
void access_note(struct lowering *l, LLVMValueRef instruction, unsigned kind, LLVMValueRef note);
/* The store's view, one value for the whole function. */
LLVMValueRef access_view(struct lowering *l);
LLVMValueRef access_helper(struct lowering *l, enum sv_helper helper, LLVMValueRef *arguments);

/* ---- lower_root.c: references in the sight of the collector ---- */

/* Before the locals are made; behind them and all operators, if so; before each way out. */
void root_begin(struct lowering *l);
bool root_has_frame(const struct lowering *l);
void root_push(struct lowering *l);
void root_pop(struct lowering *l);
void root_local(struct lowering *l, uint32_t local, LLVMValueRef value);
/* Show what is on the operand stack, and nothing else of it. */
void root_spill(struct lowering *l);
/* Code that other ways than the one just lowered lead to, in or behind a block. */
void root_join(struct lowering *l, const struct control *control);
/*
 * A helper that may collect. Operands that are still needed must be on the stack while it
 * runs: they are popped afterwards.
 */
LLVMValueRef access_helper_collecting(struct lowering *l, enum sv_helper helper,
		LLVMValueRef *arguments);

/* ---- lower_type.c: types at run time ---- */

/* The record of a type of the module. */
LLVMValueRef type_info(struct lowering *l, uint32_t type_index);
/* i1: is the record `found` that of the type; is it below that, or the same? */
LLVMValueRef type_is_same(struct lowering *l, LLVMValueRef found, uint32_t type_index);
LLVMValueRef type_is_below(struct lowering *l, LLVMValueRef found, uint32_t type_index);

/* ---- lower_trap.c ---- */

/* Trap unless `condition` holds; continues in a new block. */
void trap_unless(struct lowering *l, LLVMValueRef condition, enum sv_trap trap);
/* End the current block with a trap. */
void trap_here(struct lowering *l, enum sv_trap trap);
/* Give the instructions built next the position of the current operator. */
void trap_mark_position(struct lowering *l);

/* ---- lower_memory.c ---- */

/* The host address of a guest access of `width` bytes by the current operator, checked. */
LLVMValueRef memory_address(struct lowering *l, LLVMValueRef guest_address, uint64_t width);
/* An address, length or number of pages of a memory as i64. */
LLVMValueRef memory_wide(struct lowering *l, uint32_t memory, LLVMValueRef value);

/* ---- lower_table.c ---- */

/* An index or count of a table as i64. */
LLVMValueRef table_wide(struct lowering *l, uint32_t table, LLVMValueRef value);

/* ---- lower_control.c, lower_call.c, lower_variable.c, lower_table.c: one handler each ---- */

#define SV_OP_NAMED(...)
#define SV_CONTROL(code, feature, name, text, immediate) void lower_##name(struct lowering *l);
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
void control_open_function(struct lowering *l);
/* Branch to a label with the values on top of the stack. */
void control_branch(struct lowering *l, uint32_t label);
/* The same if the i1 is set; goes on if not. */
void control_branch_if(struct lowering *l, uint32_t label, LLVMValueRef condition);
/* Open a block that ends at its label, for the operator at hand. */
struct control *control_open_block(struct lowering *l);

/* In unreachable code: keep count of blocks; true if the operator was dealt with. */
bool control_skip(struct lowering *l);

/* ---- lower_exception.c ---- */

/* Behind a call that may throw. */
void exception_check(struct lowering *l);
/* At the end of the function; of a try_table; of a try: exceptions go past `controls` blocks. */
void exception_build_outside(struct lowering *l);
void exception_build_handler(struct lowering *l, const struct control *control);
void exception_pass_on(struct lowering *l, const struct control *control, uint32_t controls);

/* ---- lower_number.c, lower_convert.c, lower_memory.c: families of ops.def ---- */

enum sign { UNSIGNED, SIGNED };
enum widening { NONE, ZEXT, SEXT };

/* Call an intrinsic, overloaded for `type` unless that is NULL. */
LLVMValueRef number_call(struct lowering *l, const char *intrinsic, LLVMTypeRef type,
		LLVMValueRef *arguments, unsigned count);
LLVMValueRef lower_condition(struct lowering *l); /* an i32 off the stack: is it not zero? */
void lower_constant(struct lowering *l, LLVMTypeRef type);
void lower_binary(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_binary_float(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_binary_call(struct lowering *l, LLVMTypeRef type, const char *intrinsic);
void lower_unary_call(struct lowering *l, LLVMTypeRef type, const char *intrinsic);
void lower_round(struct lowering *l, LLVMTypeRef type, const char *intrinsic);
void lower_count_zeros(struct lowering *l, LLVMTypeRef type, const char *intrinsic);
void lower_negate(struct lowering *l, LLVMTypeRef type);
void lower_compare(struct lowering *l, LLVMTypeRef type, LLVMIntPredicate predicate);
void lower_compare_float(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate);
void lower_test_zero(struct lowering *l, LLVMTypeRef type);
void lower_divide(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_shift(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_rotate(struct lowering *l, LLVMTypeRef type, const char *intrinsic);
void lower_minimum(struct lowering *l, LLVMTypeRef type);
void lower_maximum(struct lowering *l, LLVMTypeRef type);
void lower_cast(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_cast_float(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_truncate(struct lowering *l, LLVMTypeRef type, enum sign sign);
void lower_saturate(struct lowering *l, LLVMTypeRef type, enum sign sign);
void lower_extend(struct lowering *l, LLVMTypeRef type, LLVMTypeRef width);
void lower_load(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory, enum widening how);
void lower_store(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory);

/* ---- lower_op.c ---- */

/* Lower the current operator (l->at) through its row. */
void lower_op(struct lowering *l);

/* ---- exact.c ---- */

/*
 * Keep all of a load in guest memory, used or not, since it may trap; yields its value. exact_loads
 * undoes that for loads that the program needs anyway.
 */
LLVMValueRef exact_guard_load(struct ir *ir, LLVMValueRef load);

/* ---- debug.c: line tables that lead to the module, and to its sources ---- */

void debug_init(struct ir *ir);
LLVMMetadataRef debug_function(struct ir *ir, LLVMValueRef function, uint32_t index);
/* Location of the operator that is `at` in the module, of the function with this scope. */
LLVMMetadataRef debug_location(struct ir *ir, LLVMMetadataRef scope, uint32_t index, uint64_t at);
void debug_finish(struct ir *ir);

#endif
