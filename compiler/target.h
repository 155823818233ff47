/*
 * target.h: the machine that code is made for.
 */
#ifndef SELVAGE_COMPILER_TARGET_H
#define SELVAGE_COMPILER_TARGET_H

#include <llvm-c/TargetMachine.h>

#include "base/check.h"
#include "base/error.h"

struct target {
	const char *name;   /* architecture as the artifact's note has it; constant */
	char triple[64];
	char cpu[64];       /* LLVM's name, for tuning */
	char features[2048]; /* LLVM's feature string */
	char required[512]; /* features that the code needs: the note's list */
	char data_layout[256];
};

/*
 * Find the target for a CPU name (NULL or "native": this machine's CPU). Names are those of
 * targets.def; an unknown one is an error that lists them.
 */
SV_MUST_USE bool target_find(struct target *target, const char *cpu, struct sv_error *error);

/* A machine for one thread, to be disposed with LLVMDisposeTargetMachine; `level` is 0..3. */
LLVMTargetMachineRef target_machine(const struct target *target, unsigned level);

#endif
