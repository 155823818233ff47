/*
 * shard_cache.c: the name under which the object of a piece is kept. Behind the lowering an object
 * depends on the piece's IR and on what is listed here, which is all that optimise.c and emit.c
 * look at besides: what they come to look at belongs here too.
 */
#include "compiler/shard_cache.h"

#include <inttypes.h>

#include "base/version.h"
#include "compiler/shard_key.h"

static bool cache_add_memories(struct buffer *text, const struct ir *ir, struct sv_error *error)
{
	for (uint32_t i = 0; i < ir->wasm->memory_count; i++) {
		const struct limits *limits = &ir->wasm->memories[i].limits;
		TRY(buffer_printf(text, error, "%" PRIu64 " %" PRIu64 " %d %d %d %u\n",
				(uint64_t)limits->minimum, (uint64_t)limits->maximum,
				limits->has_maximum, limits->is_64, limits->is_shared,
				(unsigned)limits->page_log2));
	}
	return true;
}

static bool cache_add_all(struct buffer *text, const struct ir *ir, const struct target *target,
		struct sv_error *error)
{
	const struct sv_compile_options *options = ir->options;
	return buffer_printf(text, error, "%s %u\n%s\n%s\n%s\n%s\n", SV_VERSION, SV_ABI_VERSION,
			       target->triple, target->cpu, target->features, target->required) &&
			buffer_printf(text, error, "%u %u %d %zu\n", options->level,
					(unsigned)options->bounds, options->strict_traps,
					(size_t)ir->layout.memories) &&
			cache_add_memories(text, ir, error);
}

bool shard_cache_key(const struct ir *ir, const struct target *target, uint8_t key[32],
		struct sv_error *error)
{
	struct buffer text = {0};
	bool done = cache_add_all(&text, ir, target, error);
	if (done)
		shard_key(ir->module, (const char *)text.data, text.length, key);
	buffer_finish(&text);
	return done;
}
