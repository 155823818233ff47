/*
 * shard.h: the functions of a module in pieces, compiled side by side.
 */
#ifndef SELVAGE_COMPILER_SHARD_H
#define SELVAGE_COMPILER_SHARD_H

#include "base/bytes.h"
#include "compiler/compiler.h"
#include "compiler/fixed_table.h"
#include "compiler/module.h"
#include "compiler/records.h"
#include "compiler/target.h"

/* What every piece is made from; all borrowed. */
struct shard_job {
	const struct module *module;
	const struct sv_compile_options *options;
	const struct target *target;
	const struct records *records;
	const struct image *image;
	const uint8_t *shapes; /* by function: bits of enum body_shape */
	const struct effects *effects;
	const struct fixed_tables *tables;
	const struct source_lines *lines;
	const struct profile_plan *plan; /* empty if nothing is counted or known */
	const struct profile_guide *guide; /* NULL: nothing is known */
};

/* The products, one buffer a piece, in order of the functions. */
struct shard_products {
	struct buffer *buffers; /* owned */
	size_t count;
};

/*
 * Lower, optimise and emit all functions, on options->jobs threads. Objects, or text where
 * options->emit or options->dump ask for it (then everything is one piece).
 */
SV_MUST_USE bool shard_compile(const struct shard_job *job, struct shard_products *products,
		struct sv_error *error);
void shard_products_finish(struct shard_products *products);

#endif
