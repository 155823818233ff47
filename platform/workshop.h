/*
 * workshop.h: compilers in the process that builds a project: which there are, and running one of
 * them on the files of the folder it works in.
 */
#ifndef SELVAGE_PLATFORM_WORKSHOP_H
#define SELVAGE_PLATFORM_WORKSHOP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Folders with compilers besides those of the system. */
#define WORKSHOP_TOOLS_MOST 8

struct workshop {
	const char *folder;   /* where it works, which is the current one */
	char sdk[PATH_MAX];   /* headers for guests; "" if they are not installed */
	char tools[WORKSHOP_TOOLS_MOST][PATH_MAX];
	size_t tool_count;
	char path[2 * PATH_MAX]; /* the variable PATH */
};

/* Arguments of a program; zeroed is empty. */
struct arguments {
	char **items; /* owned, as are the texts; NULL behind the last */
	size_t count, room;
};

SV_MUST_USE bool arguments_add(struct arguments *arguments, struct sv_error *error,
		const char *format, ...) SV_PRINTF(3, 4);
void arguments_finish(struct arguments *arguments);

/* Where things are; `tools` with ':' between them. Before files are out of reach. */
SV_MUST_USE bool workshop_open(struct workshop *workshop, const char *folder, const char *tools,
		struct sv_error *error);

/* Give up all but the folder and what compilers need to read. */
SV_MUST_USE bool workshop_confine(const struct workshop *workshop, struct sv_error *error);

/* The first of these programs that is on the path, NULL behind the last; false if none is. */
bool workshop_find(const struct workshop *workshop, const char *const *names,
		char found[static PATH_MAX]);

/*
 * Run a program, all of whose output goes to standard error. False if it failed, with the first
 * error that it wrote there.
 */
SV_MUST_USE bool workshop_run(const struct workshop *workshop, const struct arguments *arguments,
		struct sv_error *error);

#endif
