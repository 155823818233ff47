/*
 * file.c: reading whole files, and writing them atomically.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_read_descriptor(int fd, const char *name, struct buffer *buffer,
		struct sv_error *error)
{
	for (;;) {
		TRY(buffer_reserve(buffer, 64 * 1024, error));
		ssize_t n = read(fd, buffer->data + buffer->length, 64 * 1024);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sv_fail_errno(error, "cannot read %s", name);
		if (n == 0)
			return true;
		buffer->length += (size_t)n;
	}
}

bool file_read(const char *path, struct buffer *buffer, struct sv_error *error)
{
	if (strcmp(path, "-") == 0)
		return file_read_descriptor(STDIN_FILENO, "standard input", buffer, error);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sv_fail_errno(error, "cannot open %s", path);
	bool done = file_read_descriptor(fd, path, buffer, error);
	close(fd);
	return done;
}

static bool file_fill(int fd, struct sv_bytes bytes)
{
	size_t done = 0;
	while (done < bytes.length) {
		ssize_t n = write(fd, bytes.data + done, bytes.length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return fsync(fd) == 0 || errno == EINVAL;
}

/* mkstemp makes files nobody else may read; what we write is as public as open(2) would make it. */
static unsigned file_mode_masked(unsigned mode)
{
	mode_t mask = umask(0);
	umask(mask);
	return mode & ~(unsigned)mask;
}

bool file_write(const char *path, struct sv_bytes bytes, unsigned mode, struct sv_error *error)
{
	struct stat status;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot write %s: not a regular file", path);
	char *temporary = NULL;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a file name");
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		sv_fail_errno(error, "cannot write %s", path);
		goto free_name;
	}
	bool done = file_fill(fd, bytes) && fchmod(fd, file_mode_masked(mode)) == 0;
	if (!done)
		sv_fail_errno(error, "cannot write %s", path);
	close(fd);
	if (done && rename(temporary, path) == 0) {
		free(temporary);
		return true;
	}
	sv_fail_errno(error, "cannot write %s", path);
	unlink(temporary);
free_name:
	free(temporary);
	return false;
}

bool folder_sync(const char *folder, struct sv_error *error)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;
	if (!done)
		sv_fail_errno(error, "cannot sync %s", folder);
	if (fd >= 0)
		close(fd);
	return done;
}
