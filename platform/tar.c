/*
 * tar.c: see tar.h; by libarchive, which gets to see nothing but this one format. It is loaded when
 * it is needed, by the process that unpacks, since it brings libxml2 and ICU with it, which
 * every start of the program would pay for.
 */
#include "platform/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static struct {
#define ARCHIVE_FUNCTION(name) __typeof__(archive_##name) *name;
#include "platform/tar.def"
#undef ARCHIVE_FUNCTION
	bool is_there;
} archive;

/* Once in a process. */
static void archive_load(void)
{
	void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
	archive.is_there = library != NULL;
#define ARCHIVE_FUNCTION(name) \
	archive.name = library ? (__typeof__(archive_##name) *)dlsym(library, "archive_" #name) \
			       : NULL; \
	archive.is_there = archive.is_there && archive.name;
#include "platform/tar.def"
#undef ARCHIVE_FUNCTION
}

/* ---- what may be in it ---- */

static bool path_check(const char *path, struct sv_error *error)
{
	size_t length = strlen(path), folders = 0;
	if (length > TAR_PATH_MOST)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the archive has a path of more than %d bytes", TAR_PATH_MOST);
	if (path[0] == '/')
		return sv_fail(error, SV_ERROR_INVALID,
				"the archive has \"%.80s\": paths must be relative", path);
	for (const char *at = path; *at;) {
		size_t part = strcspn(at, "/");
		if (part == 2 && at[0] == '.' && at[1] == '.')
			return sv_fail(error, SV_ERROR_INVALID,
					"the archive has \"%.80s\": paths must not lead out of it",
					path);
		at += part;
		folders += *at == '/';
		at += *at == '/';
	}
	return folders <= TAR_FOLDERS_MOST ||
			sv_fail(error, SV_ERROR_LIMIT,
					"the archive has more than %d folders one in the other",
					TAR_FOLDERS_MOST);
}

/* Adds its size to `*total`. */
static bool entry_check(struct archive_entry *entry, int64_t *total, struct sv_error *error)
{
	const char *path = archive.entry_pathname(entry);
	int type = archive.entry_filetype(entry);
	int64_t size = archive.entry_size(entry);
	if (!path || !path[0])
		return sv_fail(error, SV_ERROR_INVALID, "the archive has a file without a name");
	TRY(path_check(path, error));
	if (type == AE_IFLNK || archive.entry_hardlink(entry))
		return sv_fail(error, SV_ERROR_INVALID,
				"the archive has \"%.80s\": a link, which is not taken", path);
	if (type != AE_IFREG && type != AE_IFDIR)
		return sv_fail(error, SV_ERROR_INVALID,
				"the archive has \"%.80s\": neither a file nor a folder", path);
	if (size < 0 || size > TAR_BYTES_MOST - *total)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the files of the archive have more than %lld bytes",
				(long long)TAR_BYTES_MOST);
	*total += size;
	return true;
}

/* ---- the file ---- */

static bool entry_is(struct archive_entry *entry, const char *name)
{
	const char *path = archive.entry_pathname(entry);
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	return archive.entry_filetype(entry) == AE_IFREG && strcmp(path, name) == 0;
}

static bool tar_damaged(struct archive *reader, struct sv_error *error)
{
	const char *text = archive.error_string(reader);
	return sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
			text ? text : "nobody knows how");
}

static bool entry_read(struct archive *reader, struct archive_entry *entry, const char *name,
		struct buffer *file, struct sv_error *error)
{
	char part[65536];
	la_ssize_t count;
	if (file->limit && (uint64_t)archive.entry_size(entry) > file->limit)
		return sv_fail(error, SV_ERROR_LIMIT, "%s is larger than %zu bytes", name,
				file->limit);
	while ((count = archive.read_data(reader, part, sizeof part)) > 0)
		TRY(buffer_append(file, part, (size_t)count, error));
	return count == 0 || tar_damaged(reader, error);
}

/* All entries, also those behind the file. */
static bool tar_walk(struct archive *reader, const char *name, struct buffer *file,
		struct sv_error *error)
{
	struct archive_entry *entry;
	bool is_found = false;
	int64_t total = 0;
	for (int i = 0; i <= TAR_ENTRIES_MOST; i++) {
		int result = archive.read_next_header(reader, &entry);
		if (result == ARCHIVE_EOF)
			return is_found ||
					sv_fail(error, SV_ERROR_INVALID,
							"there is no %s in the archive", name);
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return tar_damaged(reader, error);
		if (i == TAR_ENTRIES_MOST)
			break;
		TRY(entry_check(entry, &total, error));
		if (!is_found && entry_is(entry, name)) {
			TRY(entry_read(reader, entry, name, file, error));
			is_found = true;
		}
	}
	return sv_fail(error, SV_ERROR_LIMIT, "there are more than %d entries in the archive",
			TAR_ENTRIES_MOST);
}

bool tar_load(struct sv_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, archive_load);
	return archive.is_there ||
			sv_fail(error, SV_ERROR_UNSUPPORTED,
					"archives need libarchive.so.13, which is not here");
}

bool tar_extract(struct sv_bytes bytes, const char *name, struct buffer *file,
		struct sv_error *error)
{
	TRY(tar_load(error));
	struct archive *reader = archive.read_new();
	if (!reader)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an archive");
	archive.read_support_format_tar(reader);
	bool done = archive.read_open_memory(reader, bytes.data, bytes.length) == ARCHIVE_OK
			? tar_walk(reader, name, file, error)
			: tar_damaged(reader, error);
	archive.read_free(reader);
	return done;
}
