/*
 * deploy_project.c: a folder as the archive that a server builds: regular files, without those
 * whose names begin with a dot, node_modules and target; links are not followed.
 */
#include "cli/deploy_project.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/project.h"
#include "platform/tar.h"
#include "platform/ustar.h"

/* Of the API: a bundle of 64 MiB, and its names. */
#define PROJECT_LIMIT (UINT64_C(60) * 1024 * 1024)

struct project_walk {
	int archive;
	struct buffer names; /* a bundle of empty files, to guess the language from */
	uint64_t size;
	unsigned count;
};

static bool name_is_skipped(const FTSENT *entry)
{
	return entry->fts_level > 0 &&
			(entry->fts_name[0] == '.' ||
					strcmp(entry->fts_name, "node_modules") == 0 ||
					strcmp(entry->fts_name, "target") == 0);
}

static bool project_add(struct project_walk *walk, const char *path, const char *name,
		struct sv_error *error)
{
	struct ustar_entry entry;
	struct stat status;
	if (strlen(name) >= sizeof entry.name - 1)
		return sv_fail(error, SV_ERROR_LIMIT, "%.80s...: a path of more than %zu bytes",
				name, sizeof entry.name - 2);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) != 0) {
		sv_fail_errno(error, "cannot open %s", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	strcpy(entry.name, name);
	entry.size = (uint64_t)status.st_size;
	walk->size += entry.size;
	bool done = walk->size <= PROJECT_LIMIT ||
			sv_fail(error, SV_ERROR_LIMIT, "%s: over the limit for projects of %d MiB",
					path, (int)(PROJECT_LIMIT >> 20));
	done = done && ustar_add(walk->archive, &entry, fd, NULL, error) &&
			bundle_add(&walk->names, name, (struct sv_bytes){0}, error);
	close(fd);
	return done;
}

static bool project_entry(struct project_walk *walk, FTS *files, FTSENT *entry, size_t root,
		struct sv_error *error)
{
	if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS) {
		errno = entry->fts_errno;
		return sv_fail_errno(error, "cannot read %s", entry->fts_path);
	}
	if (name_is_skipped(entry)) {
		fts_set(files, entry, FTS_SKIP);
		return true;
	}
	if (entry->fts_info != FTS_F)
		return true;
	if (++walk->count >= TAR_ENTRIES_MOST)
		return sv_fail(error, SV_ERROR_LIMIT, "%.*s: more than %d files", (int)root,
				entry->fts_path, TAR_ENTRIES_MOST);
	return project_add(walk, entry->fts_path, entry->fts_path + root + 1, error);
}

static int entry_compare(const FTSENT **one, const FTSENT **other)
{
	return strcmp((*one)->fts_name, (*other)->fts_name);
}

static bool project_walk(struct project_walk *walk, const char *folder, struct sv_error *error)
{
	char *const roots[] = {(char *)(uintptr_t)folder, NULL};
	FTSENT *entry;
	bool done = true;
	FTS *files = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, entry_compare);
	if (!files)
		return sv_fail_errno(error, "cannot read %s", folder);
	while (done && (errno = 0, entry = fts_read(files)))
		done = project_entry(walk, files, entry, strlen(folder), error);
	if (done && errno)
		done = sv_fail_errno(error, "cannot read %s", folder);
	fts_close(files);
	return done;
}

/* What was written to the archive. */
static bool archive_read(int fd, struct buffer *archive, struct sv_error *error)
{
	char part[65536];
	ssize_t count;
	off_t at = 0;
	while ((count = pread(fd, part, sizeof part, at)) > 0) {
		TRY(buffer_append(archive, part, (size_t)count, error));
		at += count;
	}
	return count == 0 || sv_fail_errno(error, "cannot read an archive");
}

bool project_pack(const char *folder, const char *name, struct buffer *archive,
		const char **language, struct sv_error *error)
{
	char path[PATH_MAX];
	enum language found;
	struct project_walk walk = {.archive = memfd_create("selvage-project", MFD_CLOEXEC)};
	if (walk.archive < 0)
		return sv_fail_errno(error, "memfd_create");
	bool done = realpath(folder, path) != NULL ||
			sv_fail_errno(error, "cannot open %s", folder);
	if (done && strcmp(path, "/") == 0)
		done = sv_fail(error, SV_ERROR_USAGE, "The root directory cannot be uploaded");
	done = done && project_walk(&walk, path, error) && ustar_end(walk.archive, error) &&
			project_language(buffer_view(&walk.names), name, &found, error) &&
			archive_read(walk.archive, archive, error);
	if (done)
		*language = language_name(found);
	else
		sv_error_prefix(error, "%s", folder);
	buffer_finish(&walk.names);
	close(walk.archive);
	return done;
}
