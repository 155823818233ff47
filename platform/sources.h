/*
 * sources.h: a project's sources become a module, by the compilers that are installed on this
 * machine, in a process of its own that sees no other files than those and has no network.
 * sources_build is the daemon's side, sources_compile what that process does.
 */
#ifndef SELVAGE_PLATFORM_SOURCES_H
#define SELVAGE_PLATFORM_SOURCES_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "platform/project.h"

/* Limits of a build; times in seconds. Memory is of each process. */
#define SOURCES_MEMORY (UINT64_C(4) << 30)
#define SOURCES_CPU_TIME 300
#define SOURCES_TIME 300
#define SOURCES_FILE (UINT64_C(256) << 20)
#define SOURCES_LOG 65536

struct sources_task {
	const char *path;       /* file that holds the bundle */
	const char *folder;     /* where to make a folder for the work, which is removed again */
	const char *tools; /* folders with more compilers, with ':' between them; may be "" */
	enum language language;
	int stop; /* descriptor that becomes readable to cut it short */
};

/*
 * Append the module to `module`, and what the compilers said to `log`. False with the first error
 * of a compiler, or what is missing on this machine.
 */
SV_MUST_USE bool sources_build(const struct sources_task *task, struct buffer *module,
		struct buffer *log, struct sv_error *error);

/* Remove what builds that were cut short left in `folder`. */
void sources_sweep(const char *folder);

/*
 * In the process for it: confine it to `folder`, an empty one, and what compilers need, then
 * compile the bundle on standard input and append the module to `module`.
 */
SV_MUST_USE bool sources_compile(enum language language, const char *folder, const char *tools,
		struct buffer *module, struct sv_error *error);

#endif
