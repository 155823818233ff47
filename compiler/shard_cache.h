/*
 * shard_cache.h: objects of pieces that were compiled before.
 */
#ifndef SELVAGE_COMPILER_SHARD_CACHE_H
#define SELVAGE_COMPILER_SHARD_CACHE_H

#include "compiler/ir.h"
#include "compiler/target.h"

/* The key of a piece that has been lowered and not been touched since. */
SV_MUST_USE bool shard_cache_key(const struct ir *ir, const struct target *target,
		uint8_t key[32], struct sv_error *error);

#endif
