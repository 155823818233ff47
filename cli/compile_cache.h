/*
 * compile_cache.h: artifacts of modules that were compiled before, in a folder of the user's, by
 * what is in the module and the options it was compiled with.
 */
#ifndef SELVAGE_CLI_COMPILE_CACHE_H
#define SELVAGE_CLI_COMPILE_CACHE_H

#include "cli/compile_flags.h"

struct sv_artifact;
struct sv_engine;

/* Artifacts that are kept; those that were not used for the longest go first. */
#define COMPILE_CACHE_FILES 32u

/* What a module in a form is, for telling whether it has changed. */
struct compile_digest {
	unsigned char bytes[32];
};

/*
 * The artifact of the file at `path`, and its digest. It is compiled if it is not there yet; an
 * artifact is loaded as it is. A cache that cannot be used is no failure. NULL with `error`.
 */
struct sv_artifact *compile_cache_open(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct compile_digest *digest,
		struct sv_error *error);

#endif
