/*
 * artifact.h: the part of an artifact that is not functions, as LLVM globals.
 */
#ifndef SELVAGE_COMPILER_ARTIFACT_H
#define SELVAGE_COMPILER_ARTIFACT_H

#include "compiler/lower.h"
#include "compiler/records.h"
#include "compiler/target.h"

/*
 * Add to `ir` the symbol selvage_artifact with its records, the tables of code, the stubs
 * of all types, the image and the note.
 */
void artifact_add(struct ir *ir, const struct records *records, const struct image *image,
		const struct target *target);

#endif
