/*
 * op.h: the operator table, made from ops.def. Facts only; knows no LLVM.
 */
#ifndef SELVAGE_COMPILER_OP_H
#define SELVAGE_COMPILER_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/compiler.h"

/* What follows the operator's code in the binary format. */
enum immediate {
	IMM_NONE,
	IMM_I32,         /* signed LEB */
	IMM_I64,         /* signed LEB */
	IMM_F32,         /* four bytes */
	IMM_F64,         /* eight bytes */
	IMM_V128,        /* 16 bytes */
	IMM_LANE,        /* a lane's index */
	IMM_LANES,       /* 16 indices of lanes */
	IMM_MEMARG,      /* alignment, memory, offset */
	IMM_MEMARG_LANE, /* the same, then a lane's index */
	IMM_MEMARG_EXACT, /* the same; the alignment must be the natural one */
	IMM_ZERO,        /* a zero byte */
	IMM_BLOCK,       /* block type */
	IMM_LABEL,       /* label index */
	IMM_LABELS,      /* vector of labels, default label */
	IMM_FUNCTION,    /* function index */
	IMM_TYPE_TABLE,  /* type index, table index */
	IMM_TYPE,        /* type index */
	IMM_TAG,         /* tag index */
	IMM_TRY_TABLE,   /* block type, catch clauses */
	IMM_LOCAL,
	IMM_GLOBAL,
	IMM_TABLE,
	IMM_TABLE_TABLE,   /* to, from */
	IMM_ELEMENT,       /* element segment */
	IMM_ELEMENT_TABLE, /* element segment, table */
	IMM_DATA,          /* data segment */
	IMM_DATA_MEMORY,   /* data segment, memory */
	IMM_MEMORY,        /* memory */
	IMM_MEMORY_MEMORY, /* to, from */
	IMM_REFERENCE,     /* heap type; gives the nullable reference to it */
	IMM_REFERENT,      /* the same; gives the reference that is not null */
	IMM_TYPES,         /* vector of value types */
	IMM_TYPE_FIELD,    /* type index, number of a field */
	IMM_TYPE_COUNT,    /* type index, number of operands */
	IMM_TYPE_TYPE,     /* type indices: to, from */
	IMM_TYPE_DATA,     /* type index, data segment */
	IMM_TYPE_ELEMENT,  /* type index, element segment */
	IMM_CAST,          /* flags, label, heap types: from, to */
};

enum op {
	OP_NONE = 0, /* no such operator */
#define SV_OP_NAMED(code, feature, shape, verb, ...) OP_##shape##_##verb,
#define SV_CONTROL(code, feature, name, text, immediate) OP_##name,
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
	OP_COUNT
};

/* Operators of WebAssembly 1.0 belong to no feature. */
#define OP_CORE (-1)

struct op_info {
	uint32_t code;         /* prefix << 12 | number; one-byte operators: the byte */
	int feature;           /* enum sv_feature, or OP_CORE */
	const char *name;      /* "i32.add" */
	const char *signature; /* "mi:i", see ops.def; NULL if the type depends on context */
	enum immediate immediate;
	uint32_t limit; /* memory: log2 of the natural alignment; lane indices: their number */
};

/* True for operators that a matching end (or delegate) closes. */
bool op_opens_block(enum op op);
bool op_closes_block(enum op op);

/* Facts of one operator; `op` must be a real one. */
const struct op_info *op_info(enum op op);

/* The operator with this code, or OP_NONE. */
enum op op_find(uint32_t code);

#endif
