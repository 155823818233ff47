/*
 * compilation.c: see compilation.h.
 */
#include "platform/compilation.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "platform/child.h"

bool compilation_run(const struct compilation *compilation, struct buffer *artifact,
		struct sv_error *error)
{
	char priority[16];
	snprintf(priority, sizeof priority, "%d",
			compilation->is_later ? COMPILATION_NICE_LATER : COMPILATION_NICE);
	const struct child_task task = {.work = tier_name(compilation->tier),
			.more = {priority, compilation->pieces ? "pieces" : NULL},
			.kept = compilation->pieces,
			.what = "the compilation",
			.input = open(compilation->path, O_RDONLY | O_CLOEXEC),
			.stop = compilation->stop,
			.seconds = COMPILATION_TIME,
			.cpu_seconds = COMPILATION_CPU_TIME};
	if (task.input < 0)
		return sv_fail_errno(error, "cannot open the module %s", compilation->path);
	bool done = child_run(&task, artifact, error);
	close(task.input);
	if (done && !artifact->length)
		return sv_fail(error, SV_ERROR_INTERNAL, "the compiler made nothing");
	return done;
}
