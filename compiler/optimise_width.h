/*
 * optimise_width.h: values of 32 bits that are only needed in 64.
 */
#ifndef SELVAGE_COMPILER_OPTIMISE_WIDTH_H
#define SELVAGE_COMPILER_OPTIMISE_WIDTH_H

#include <llvm-c/Core.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Let phis of 32 bits that are addresses be of 64 bits where that costs nothing. To be run behind
 * all passes: LLVM would make them narrow again.
 */
void optimise_widths(LLVMValueRef function);

#ifdef __cplusplus
}
#endif

#endif
