/*
 * sources.c: the daemon's side of sources.h.
 */
#include "platform/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/child.h"

static int path_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	return where->level > 0 ? remove(path) : 0;
}

/* All that is in it; what cannot be removed is left for the next time. */
void sources_sweep(const char *folder)
{
	(void)nftw(folder, path_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool sources_run(const struct sources_task *task, const char *place, struct buffer *module,
		struct buffer *log, struct sv_error *error)
{
	const struct child_task child = {.work = language_name(task->language),
			.more = {place, task->tools},
			.what = "the build",
			.input = open(task->path, O_RDONLY | O_CLOEXEC),
			.stop = task->stop,
			.seconds = SOURCES_TIME,
			.cpu_seconds = SOURCES_CPU_TIME,
			.log = log};
	if (child.input < 0)
		return sv_fail_errno(error, "cannot open the sources %s", task->path);
	bool done = child_run(&child, module, error);
	close(child.input);
	if (done && !module->length)
		return sv_fail(error, SV_ERROR_INVALID, "the build made nothing");
	return done;
}

bool sources_build(const struct sources_task *task, struct buffer *module, struct buffer *log,
		struct sv_error *error)
{
	char place[600];
	int length = snprintf(place, sizeof place, "%s/XXXXXX", task->folder);
	if (length < 0 || (size_t)length >= sizeof place)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	if (mkdir(task->folder, 0700) != 0 && errno != EEXIST)
		return sv_fail_errno(error, "cannot make the folder %s", task->folder);
	if (!mkdtemp(place))
		return sv_fail_errno(error, "cannot make a folder for a build");
	bool done = sources_run(task, place, module, log, error);
	sources_sweep(place);
	(void)rmdir(place);
	return done;
}
