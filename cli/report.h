/*
 * report.h: errors on standard error, one line each, as text or (--json) as one JSON object;
 * and the exit codes. All functions return the exit code, so that a caller can return theirs.
 */
#ifndef SELVAGE_CLI_REPORT_H
#define SELVAGE_CLI_REPORT_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"

struct sv_trap_info;

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_TIMEOUT = 124, /* as timeout(1) */
	EXIT_TRAP = 134,  /* as a process killed by SIGABRT */
};

/* From now on errors are JSON objects. */
void report_use_json(void);

/* True if --json was given. */
bool report_uses_json(void);

/* A filled error: EXIT_USAGE if it is about usage, else EXIT_FAILED. */
int report_error(const struct sv_error *error);

/*
 * A server said no: the same, and with --json the status of its answer and what the server calls
 * the error (may be empty). Returns EXIT_FAILED.
 */
int report_refusal(const struct sv_error *error, int status, const char *code);

/* Wrong usage; returns EXIT_USAGE. */
int report_usage(const char *format, ...) SV_PRINTF(1, 2);

/* Text and what errno says; returns EXIT_FAILED. */
int report_errno(const char *format, ...) SV_PRINTF(1, 2);

/* A trap with its backtrace; returns EXIT_TRAP. */
int report_trap(const struct sv_trap_info *trap);

/* The guest ran longer than `limit` nanoseconds; `trap` (may be NULL) tells where it was. Returns
 * EXIT_TIMEOUT. */
int report_timeout(uint64_t limit, const struct sv_trap_info *trap);

#endif
