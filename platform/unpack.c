/*
 * unpack.c: see unpack.h.
 */
#include "platform/unpack.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/child.h"

/* The archive in a file without a name, at its beginning; -1 with `error`. */
static int archive_open(struct sv_bytes archive, struct sv_error *error)
{
	int fd = memfd_create("selvage-archive", MFD_CLOEXEC);
	for (size_t at = 0; fd >= 0 && at < archive.length;) {
		ssize_t count = pwrite(fd, archive.data + at, archive.length - at, (off_t)at);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			sv_fail_errno(error, "no room for an archive");
			close(fd);
			return -1;
		}
		at += (size_t)count;
	}
	if (fd < 0)
		sv_fail_errno(error, "memfd_create");
	return fd;
}

bool unpack_run(struct sv_bytes archive, struct buffer *bundle, struct sv_error *error)
{
	const struct child_task task = {.work = UNPACK_WORK,
			.what = "unpacking",
			.input = archive_open(archive, error),
			.stop = -1,
			.seconds = UNPACK_TIME,
			.cpu_seconds = UNPACK_CPU_TIME};
	if (task.input < 0)
		return false;
	bool done = child_run(&task, bundle, error);
	close(task.input);
	return done;
}
