/*
 * shard_key.h: what the object of a piece depends on, as one number.
 */
#ifndef SELVAGE_COMPILER_SHARD_KEY_H
#define SELVAGE_COMPILER_SHARD_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <llvm-c/Core.h>

#include "base/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SHA-256 of LLVM's version, `text` and the module as it is, every name and constant of it. */
void shard_key(LLVMModuleRef module, const char *text, size_t length, uint8_t key[32]);

/* SHA-256 of bytes. */
void shard_digest(struct sv_bytes bytes, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif

#endif
