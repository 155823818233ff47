/*
 * piece_cache.h: a folder of the user's with the objects of pieces of modules, so that a module of
 * which little has changed is compiled again in little time.
 */
#ifndef SELVAGE_CLI_PIECE_CACHE_H
#define SELVAGE_CLI_PIECE_CACHE_H

#include <stdatomic.h>

#include "compiler/compiler.h"

/* Bytes that are kept; what was not used for the longest goes first. */
#define PIECE_CACHE_BYTES (UINT64_C(2) << 30)

struct piece_cache {
	struct sv_piece_cache calls; /* for the compiler; its data is this */
	char folder[4096];
	uint8_t compiler[32]; /* digest of what the compiler's code is */
	atomic_uint found, made; /* pieces, since it was opened */
};

/*
 * Open the cache for what the compiler with its function at `code` makes; it stays where it is.
 * False if there is no folder that can be written to.
 */
SV_MUST_USE bool piece_cache_open(struct piece_cache *cache, const void *code,
		struct sv_error *error);

/* Remove what is too much. */
void piece_cache_trim(const struct piece_cache *cache);

#endif
