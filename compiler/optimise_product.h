/*
 * optimise_product.h: products of 128 bits that a guest makes of smaller ones.
 */
#ifndef SELVAGE_COMPILER_OPTIMISE_PRODUCT_H
#define SELVAGE_COMPILER_OPTIMISE_PRODUCT_H

#include <llvm-c/Core.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make one product of 128 bits of four of 64 that are its parts. To be run before functions are
 * inlined, as constants would make each place look different.
 */
void optimise_products(LLVMValueRef function);

#ifdef __cplusplus
}
#endif

#endif
