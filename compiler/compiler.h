/*
 * compiler.h: from WebAssembly to a native artifact. The public face of the compiler.
 *
 * Pure functions without global state but one lock around the linker; each call may
 * run on any thread, and starts `jobs` threads of its own. LLVM is behind this header:
 * libselvage-compiler.so carries it, a process that only runs artifacts does not.
 */
#ifndef SELVAGE_COMPILER_H
#define SELVAGE_COMPILER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/layout.h"
#include "base/bytes.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What sv_compile produces. */
enum sv_emit {
	SV_EMIT_ARTIFACT = 0, /* the shared object: what the runtime loads */
	SV_EMIT_OBJECT,       /* one relocatable object (-j 1) or the first of several */
	SV_EMIT_LLVM,         /* LLVM IR as text, after the passes */
	SV_EMIT_ASSEMBLY,     /* machine assembly as text */
};

/* Stages whose product --dump can print, in pipeline order. */
enum sv_stage {
	SV_STAGE_NONE = 0,
#define SV_STAGE(name, text, meaning) SV_STAGE_##name,
#include "compiler/stages.def"
#undef SV_STAGE
	SV_STAGE_COUNT
};

/* Proposals that can be switched on and off: bits of sv_compile_options.features. */
enum sv_feature {
#define SV_FEATURE(name, text, on) SV_FEATURE_##name,
#include "compiler/features.def"
#undef SV_FEATURE
	SV_FEATURE_COUNT
};

/* Which of the allowed results relaxed SIMD operators have. */
enum sv_relaxed_simd {
	SV_RELAXED_SIMD_NATIVE = 0,    /* what the target CPU does fastest */
	SV_RELAXED_SIMD_DETERMINISTIC, /* the same on every CPU: the deterministic profile */
};

/* Called from the compiling threads, one call at a time: `done` of `total` bytes of code. */
typedef void (*sv_progress)(void *data, uint64_t done, uint64_t total);

/* What answers soonest: to be replaced by better code as soon as that is there. */
#define SV_LEVEL_FAST 0u
/* Level 2; for modules with so much code that it would take many minutes, level 1. */
#define SV_LEVEL_BY_SIZE UINT_MAX

/*
 * Objects of pieces of modules, kept from one compilation to the next under a key that says all
 * that they depend on but the compiler's own code. Called on the threads of code generation,
 * several at a time.
 */
struct sv_piece_cache {
	/* Append what is kept under `key`. False if nothing is: what was appended is void. */
	bool (*find)(void *data, const uint8_t key[32], struct buffer *object);
	void (*keep)(void *data, const uint8_t key[32], struct sv_bytes object);
	void *data;
};

/* How a profile fits the module: numbers of its functions, imported ones not among them. */
struct sv_profile_fit {
	uint32_t functions;
	uint32_t used;    /* of which the profile knows how they ran */
	uint32_t changed; /* of which it knows that for other code */
	uint32_t unknown; /* of which it knows nothing */
};

struct sv_compile_options {
	enum sv_bounds bounds;
	unsigned level;     /* 0..3, or SV_LEVEL_BY_SIZE */
	const char *cpu;    /* NULL or "native": this CPU; else an LLVM CPU name */
	unsigned jobs;      /* threads of code generation; 0: one per processor */
	bool strict_traps;  /* keep every load, even where it costs vectorisation */
	enum sv_relaxed_simd relaxed_simd;
	uint64_t features;  /* bits 1 << enum sv_feature */
	/* Let exceptions of other modules through, even if this one has none of its own. */
	bool propagate_exceptions;
	bool profile_generate; /* count for a profile: runtime/profile.h */
	struct sv_bytes profile_use; /* file of a profile that code is to fit; empty: none */
	struct sv_profile_fit *profile_fit; /* filled if profile_use is given; may be NULL */
	bool fuel; /* count operators: sv_store_set_fuel */
	bool all_positions; /* line tables have all operators, not only those that may trap */
	enum sv_emit emit;
	enum sv_stage dump; /* print this stage's product to dump_file */
	FILE *dump_file;
	const char *name;   /* of the module, for debug information and messages; may be NULL */
	const struct sv_piece_cache *cache; /* borrowed; may be NULL: none */
	sv_progress progress; /* may be NULL */
	void *progress_data;
};

/* Defaults: guard, level by size, this CPU, all processors, all supported features. */
__attribute__((visibility("default"))) void sv_compile_options_init(
		struct sv_compile_options *options);

/*
 * Compile a binary module and append the product to `output`. On failure false, `error` has
 * the reason with the byte offset where there is one, and `output` is as it was.
 */
__attribute__((visibility("default"))) bool sv_compile(struct sv_bytes module,
		const struct sv_compile_options *options, struct buffer *output,
		struct sv_error *error);

/* Called with each instruction in turn; `text` is gone afterwards. */
typedef void (*sv_instruction)(void *data, size_t offset, size_t length, const char *text);

/* Name of what is at an address that an instruction goes to, or NULL; valid until the next call. */
typedef const char *(*sv_address_name)(void *data, uint64_t address);

/*
 * Disassemble `code` of this machine's architecture, which is at `address`, in the syntax of
 * its manual. A byte that begins no instruction is one with an empty text. `name` may be NULL.
 * False without memory. Any thread; no state is kept.
 */
__attribute__((visibility("default"))) bool sv_disassemble(struct sv_bytes code, uint64_t address,
		sv_instruction each, sv_address_name name, void *data, struct sv_error *error);

/* Read and validate only. True if the module is valid with the features of `options`. */
bool sv_validate(struct sv_bytes module, const struct sv_compile_options *options,
		struct sv_error *error);

/*
 * Translate the text format to the binary format and append it to `binary`; the error has
 * line and column in its text. Uses wabt; linked into programs, not into the library. Some
 * texts end the process with SIGABRT: those of others belong into a process of their own.
 */
bool sv_text_to_binary(struct sv_bytes text, const char *name, struct buffer *binary,
		struct sv_error *error);

/* The stage of this name ("read", "lower"), or SV_STAGE_NONE. */
enum sv_stage sv_stage_of_name(const char *name);

#ifdef __cplusplus
}
#endif

#endif
