/*
 * generator.h: the generator's own state, shared by the files that make parts of a module.
 *
 * A function body is made from the top down: what is wanted is a value of a type, and an
 * operator that yields it is drawn, whose operands are wanted in turn. So every module is valid
 * by construction. All functions return by appending to the body at hand.
 *
 * Bits of NaNs are free in WebAssembly wherever arithmetic made them. So a value has a second
 * property besides its type: whether its bits are determined. Operators that let bits be seen
 * (stores, reinterpretations, signs copied) get operands made canonical unless they are.
 */
#ifndef SELVAGE_TESTS_FUZZ_GENERATOR_H
#define SELVAGE_TESTS_FUZZ_GENERATOR_H

#include "tests/fuzz/parts.h"

/* ---- emit.c: bytes ---- */

void put_byte(struct buffer *to, unsigned byte);
void put_bytes(struct buffer *to, const void *data, size_t length);
void put_unsigned(struct buffer *to, uint64_t number);
void put_signed(struct buffer *to, int64_t number);
void put_type(struct buffer *to, uint32_t type);
void put_heap(struct buffer *to, uint32_t type);
void put_buffer(struct buffer *to, const struct buffer *from); /* length, then the bytes */

/* Append an operator's code to the body, and count it. */
void emit_op(struct generator *g, enum op op);
/* The same with one unsigned immediate. */
void emit_index(struct generator *g, enum op op, uint32_t index);
void emit_i32(struct generator *g, int32_t value);
void emit_i64(struct generator *g, int64_t value);
void emit_f32(struct generator *g, uint32_t bits);
void emit_f64(struct generator *g, uint64_t bits);

/* ---- types.c ---- */

/* Index of the function type, made if it is new and there is room (else some type's). */
unsigned type_intern(struct generator *g, const struct function_type *type);
/* A random function type; `plain`: results and parameters are numbers only. */
unsigned type_random(struct generator *g);
uint32_t type_random_value(struct generator *g);
/* A random type of numbers or vectors. */
uint32_t type_random_number(struct generator *g);
bool type_is_float(uint32_t type);
/* The value type of a signature's letter. */
uint32_t type_of_letter(char letter);

/* ---- locals ---- */

unsigned local_add(struct generator *g, uint32_t type, bool reserved);
/* A scratch local for a number or vector type. */
unsigned local_scratch(struct generator *g, uint32_t type);
/* A random local of this type, or -1. */
int local_find(struct generator *g, uint32_t type, bool settable);

/* ---- constant.c ---- */

uint32_t constant_i32(struct generator *g);
uint64_t constant_i64(struct generator *g);
uint32_t constant_f32(struct generator *g);
uint64_t constant_f64(struct generator *g);
/* Emit a constant of a number or vector type, or a null or function reference. */
void constant_emit(struct generator *g, uint32_t type);

/* ---- operators.c: which rows there are ---- */

/* A random row that yields the type and may be used in this module, or OP_NONE. */
enum op operator_for(struct generator *g, uint32_t type);
/* A random row without results (stores), or OP_NONE. */
enum op operator_without_result(struct generator *g);
/* Can the row be written in this module? And make it so, if the profile is all that is against. */
bool operator_fits(struct generator *g, enum op op);
void operator_allow(struct generator *g, enum op op);
/* Choose the module's favourites, and make the module one that can have them. */
void favourites_draw(struct generator *g, uint64_t number);
/* Emit a favourite and drop or record what it yields. */
void favourite_emit(struct generator *g, enum op op, int depth);
/* Leave local op value, for a random op on two values of the type. */
void operator_accumulate(struct generator *g, uint32_t type, uint32_t local, int depth);
/* Emit operands and the operator, leaving its last result. True if its bits are determined. */
bool operator_emit(struct generator *g, enum op op, int depth);

/* ---- value.c ---- */

/* Emit code that leaves a value of the type. True if its bits are determined. */
bool value_emit(struct generator *g, uint32_t type, int depth);
/* The same with determined bits. */
void value_determined(struct generator *g, uint32_t type, int depth);
/* Make the value on the stack canonical if it is a NaN. */
void value_canonicalise(struct generator *g, uint32_t type);
void value_canonicalise_lanes(struct generator *g, char lane);
/* Values of all the types, in order. */
void values_emit(struct generator *g, const uint32_t *types, unsigned count, int depth);

bool value_select(struct generator *g, uint32_t type, int depth);
/* A local, a global or a constant. */
bool value_leaf(struct generator *g, uint32_t type);

/* ---- reference.c ---- */

bool type_is_nullable(uint32_t type);
/* A random type of references. */
uint32_t reference_type(struct generator *g);
/* A function that a reference of the type may be to, or -1. */
int reference_function(struct generator *g, uint32_t type);
void reference_leaf(struct generator *g, uint32_t type);
bool reference_value(struct generator *g, uint32_t type, int depth);
/* Arguments, reference, and this operator. */
void reference_call(struct generator *g, unsigned type, int depth, enum op op);

/* From a nullable reference one that is not: a trap, a branch or something else if it is null. */
void reference_checked(struct generator *g, uint32_t type, int depth);

/* ---- composite.c: types of structures and arrays ---- */

void composites_draw(struct generator *g);
void composites_put(const struct generator *g, struct buffer *to);
unsigned composites_groups(const struct generator *g);
/* A type one can make that a reference of `type` may be to: an index, or -1 for i31. */
int composite_for(struct generator *g, uint32_t type);
/* A random type of references to objects. */
uint32_t composite_reference(struct generator *g);
const struct composite *composite_of(const struct generator *g, uint32_t type);
bool type_is_object(const struct generator *g, uint32_t type);
bool type_is_i31(uint32_t type);

/* ---- object.c ---- */

void object_leaf(struct generator *g, uint32_t type);
bool object_value(struct generator *g, uint32_t type, int depth);
/* A value of any type out of an object's field; false if no type has such a field. */
bool object_field(struct generator *g, uint32_t type, int depth);
/* The same, or what can be asked about objects. */
bool object_numeric(struct generator *g, uint32_t type, int depth);
void object_statement(struct generator *g, int depth);
/* Record what is in the object on the stack, and leave it there. */
void object_observe(struct generator *g, uint32_t type);

/* ---- exception.c ---- */

void tags_draw(struct generator *g);
/* Throw, if there are tags; what follows is dead. */
bool exception_throw(struct generator *g, int depth);
/* A value of the type, by way of something that may throw; false if that cannot be. */
bool exception_value(struct generator *g, uint32_t type, int depth);

/* ---- memory.c ---- */

/* Emit an address in memory and return the offset immediate that goes with it. */
uint64_t address_emit(struct generator *g, unsigned memory, unsigned width, int depth);
/* Alignment, memory and offset. */
void memarg_put(struct generator *g, unsigned memory, unsigned limit, bool exact, uint64_t offset);
/* Fill, copy, init, drop; leave nothing. */
void memory_statement(struct generator *g, int depth);
uint32_t memory_index_type(const struct generator *g, unsigned memory);
/* Bytes of a memory at the start. */
uint64_t memory_bytes(const struct generator *g, unsigned memory);

/* ---- table.c ---- */

/* An element segment of this type, or -1. */
int element_find(struct generator *g, uint32_t type);
void table_statement(struct generator *g, int depth);
void table_index_emit(struct generator *g, unsigned table, int depth);
bool table_value(struct generator *g, uint32_t type, int depth);
/* Call through a table with this operator, if that can be: arguments, index, call. */
bool table_call(struct generator *g, unsigned type, int depth, enum op op);

/* ---- loop.c ---- */

/* A counted loop over memory; leaves nothing. */
void loop_statement(struct generator *g, int depth);
/* An address that moves with the innermost counter. */
uint64_t loop_address(struct generator *g, unsigned memory, unsigned width);

/* ---- control.c ---- */

/* Block, loop or if that leaves values of the types. */
void control_emit(struct generator *g, const uint32_t *types, unsigned count, int depth);
/* A branch that is always taken (br, br_table, return, unreachable): what follows is dead. */
void control_leave(struct generator *g, int depth);
/* br_if; leaves nothing. */
void control_branch_if(struct generator *g, int depth);
/* Call of any kind of a function whose first result is `type`; false if there is none. */
bool control_call_for(struct generator *g, uint32_t type, int depth);
void control_call_statement(struct generator *g, int depth);
void label_push(struct generator *g, const uint32_t *types, unsigned count, bool is_loop);
void fuel_take(struct generator *g, unsigned amount);

/* ---- statement.c ---- */

void statement_emit(struct generator *g, int depth);
void statements_emit(struct generator *g, unsigned count, int depth);

/* ---- function.c ---- */

/* Start and end a body of the function type; end leaves it in the function. */
void body_begin(struct generator *g, struct body *body, unsigned type);
void body_end(struct generator *g, struct function *function);
void function_make(struct generator *g, struct function *function);
/* Wrapper c<number>, and the function that records all state. */
void function_wrapper(struct generator *g, struct function *function);
void function_observer(struct generator *g, struct function *function);
/* Record the value on the stack. */
void record_emit(struct generator *g, uint32_t type);

/* ---- environment.c: what functions refer to ---- */

/* Types, imports, memories, tables, globals, segments and the types of the functions. */
void environment_draw(struct generator *g, uint64_t number);
/* An initial value for a global of this type. */
void global_draw(struct generator *g, struct global *global);

/* ---- module.c ---- */

/* Put the module together from its parts. */
void module_put(struct generator *g, struct buffer *module);

#endif
