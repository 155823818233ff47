/*
 * native.h: modules through Selvage: compiled, loaded, run.
 */
#ifndef SELVAGE_TESTS_FUZZ_NATIVE_H
#define SELVAGE_TESTS_FUZZ_NATIVE_H

#include "base/bytes.h"
#include "compiler/compiler.h"
#include "tests/fuzz/transcript.h"

struct native; /* an engine and host functions; one a process */

struct native_mode {
	const char *name;
	unsigned level;
	enum sv_bounds bounds;
	enum native_profile { PROFILE_NONE, PROFILE_GENERATE, PROFILE_USE, PROFILE_LIES } profile;
};

/*
 * Level 0 and the default levels, 1 and 2, with both bounds strategies; code that counts for a
 * profile, code made by that, and by one of which all counts are others.
 */
#define NATIVE_MODES 9
extern const struct native_mode native_modes[NATIVE_MODES];

struct native *native_new(struct sv_error *error);

/* Compile in this mode, run all exports, and write what the host sees to `transcript`. */
void native_run(struct native *native, const struct native_mode *mode, struct sv_bytes module,
		struct transcript *transcript);

/* Nanoseconds spent in compiling, and in loading and running. */
void native_times(const struct native *native, uint64_t *compiling, uint64_t *running);

#endif
