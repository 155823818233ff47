/*
 * check.h: must-use results, the one macro with control flow, and checks of
 * our own assumptions (never of input).
 */
#ifndef SELVAGE_BASE_CHECK_H
#define SELVAGE_BASE_CHECK_H

#include <stddef.h>

#define SV_MUST_USE __attribute__((warn_unused_result))
#define SV_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define SV_NORETURN __attribute__((noreturn))

/* Return false from a bool function when `x` is false: the error is already in the report. */
#define TRY(x) \
	do { \
		if (!(x)) \
			return false; \
	} while (0)

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Our bug if false, in release builds too: prints the place and aborts the process. */
#define check(condition) \
	((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

/* The same, for conditions too costly for release builds. */
#ifdef SV_DEBUG
#define debug_check(condition) check(condition)
#else
#define debug_check(condition) ((void)sizeof(condition))
#endif

SV_NORETURN void check_failed(const char *condition, const char *file, int line);

#endif
