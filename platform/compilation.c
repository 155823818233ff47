/*
 * compilation.c: see compilation.h.
 */
#include "platform/compilation.h"

#include <fcntl.h>
#include <unistd.h>

#include "platform/child.h"

bool compilation_run(const char *path, enum tier tier, int stop, struct buffer *artifact,
		struct sv_error *error)
{
	const struct child_task task = {.work = tier_name(tier),
			.what = "the compilation",
			.input = open(path, O_RDONLY | O_CLOEXEC),
			.stop = stop,
			.seconds = COMPILATION_TIME,
			.cpu_seconds = COMPILATION_CPU_TIME};
	if (task.input < 0)
		return sv_fail_errno(error, "cannot open the module %s", path);
	bool done = child_run(&task, artifact, error);
	close(task.input);
	if (done && !artifact->length)
		return sv_fail(error, SV_ERROR_INTERNAL, "the compiler made nothing");
	return done;
}
