/*
 * optimise_scan.h: functions that look for a byte, as strlen and strchr do.
 */
#ifndef SELVAGE_COMPILER_OPTIMISE_SCAN_H
#define SELVAGE_COMPILER_OPTIMISE_SCAN_H

#include "compiler/exact_order.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * If trials prove that the function finds the first byte behind its first argument that is zero, or
 * its second argument, let it look at the first bytes all at once. To be run before functions are
 * inlined.
 */
void optimise_scans(LLVMValueRef function, const struct exact_layout *layout);

#ifdef __cplusplus
}
#endif

#endif
