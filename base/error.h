/*
 * error.h: the report of a failed operation, owned by the caller.
 *
 * A function that can fail for a reason outside our control returns bool and
 * takes a `struct sv_error *`. The first failure wins: a report that is already
 * filled is not replaced by what fails as a consequence. A NULL report is
 * allowed and drops the text. Part of the public API; no thread rule, since
 * each report belongs to one caller.
 */
#ifndef SELVAGE_BASE_ERROR_H
#define SELVAGE_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sv_error_code {
	SV_ERROR_NONE = 0,
#define SV_ERROR(name, text, meaning) SV_ERROR_##name,
#include "base/errors.def"
#undef SV_ERROR
};

struct sv_error {
	enum sv_error_code code;
	int64_t position; /* byte offset in the input, or -1 where there is none */
	char text[480];   /* one line, no newline, NUL-terminated */
};

#define SV_ERROR_INIT {.code = SV_ERROR_NONE, .position = -1}

/* Make `error` empty again. */
void sv_error_clear(struct sv_error *error);

/* Fill an empty report; always returns false, so that a caller can `return sv_fail(...)`. */
__attribute__((format(printf, 3, 4))) bool sv_fail(struct sv_error *error, enum sv_error_code code,
		const char *format, ...);

/* The same with the byte offset at which the input is wrong. */
__attribute__((format(printf, 4, 5))) bool sv_fail_at(struct sv_error *error,
		enum sv_error_code code, int64_t position, const char *format, ...);

/* The same for a system call that set errno: appends ": " and the system's text. */
__attribute__((format(printf, 2, 3))) bool sv_fail_errno(struct sv_error *error,
		const char *format, ...);

/* Put "prefix: " in front of the text of a filled report (file name, module name). */
__attribute__((format(printf, 2, 3))) void sv_error_prefix(struct sv_error *error,
		const char *format, ...);

/* Lower-case name of a code ("malformed"), for --json and logs; constant string. */
const char *sv_error_code_name(enum sv_error_code code);

#ifdef __cplusplus
}
#endif

#endif
