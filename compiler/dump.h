/*
 * dump.h: text of the front end's stages for people (--dump=read, --dump=validate).
 */
#ifndef SELVAGE_COMPILER_DUMP_H
#define SELVAGE_COMPILER_DUMP_H

#include <stdio.h>

#include "compiler/body.h"
#include "compiler/module.h"

/* Everything that module_read decoded but the bodies. */
void dump_module(const struct module *module, FILE *file);

/*
 * Every body of a validated module, one operator a line with its offset in the file. Fails
 * only for want of memory.
 */
SV_MUST_USE bool dump_bodies(const struct module *module, FILE *file, struct sv_error *error);

/* The operator with its immediates, "i32.load offset=4 align=4". */
void dump_operator(const struct instruction *instruction, FILE *file);

/* ---- shared by dump.c and dump_module.c ---- */

/* A name in quotes; what is not printable ASCII in hexadecimal. */
void dump_name(struct sv_bytes name, FILE *file);

/* "i32 i64 -> f32" */
void dump_type(const struct function_type *type, FILE *file);

#endif
