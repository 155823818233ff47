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

#include "platform/bundle.h"

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

/*
 * The one file of an archive may have an absolute path: terrctl sends a module that way, called as
 * on its command line. What is taken of that is the name.
 */
static const char *path_of(const char *path, bool is_first)
{
	const char *slash = path && is_first && path[0] == '/' ? strrchr(path, '/') : NULL;
	return slash && slash[1] ? slash + 1 : path;
}

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
static bool entry_check(struct archive_entry *entry, const char *path, int64_t *total,
		struct sv_error *error)
{
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

/* ---- the files ---- */

static bool tar_damaged(struct archive *reader, struct sv_error *error)
{
	const char *text = archive.error_string(reader);
	return sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
			text ? text : "nobody knows how");
}

/* No more than it says: its size is written in front of it. */
static bool entry_read(struct archive *reader, struct archive_entry *entry, const char *path,
		struct buffer *bundle, struct sv_error *error)
{
	char part[65536];
	la_ssize_t count;
	uint64_t left = (uint64_t)archive.entry_size(entry);
	if (bundle->limit && left > bundle->limit)
		return sv_fail(error, SV_ERROR_LIMIT, "%.80s is larger than %zu bytes", path,
				bundle->limit);
	if (bundle->limit && left > bundle->limit - bundle->length)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the files of the archive have more than %zu bytes", bundle->limit);
	TRY(bundle_begin(bundle, path, left, error));
	while ((count = archive.read_data(reader, part, sizeof part)) > 0) {
		if ((uint64_t)count > left)
			break;
		TRY(buffer_append(bundle, part, (size_t)count, error));
		left -= (uint64_t)count;
	}
	return (count == 0 && left == 0) || tar_damaged(reader, error);
}

static bool tar_walk(struct archive *reader, struct buffer *bundle, struct sv_error *error)
{
	struct archive_entry *entry;
	int64_t total = 0;
	bool is_absolute = false;
	for (int i = 0; i <= TAR_ENTRIES_MOST; i++) {
		int result = archive.read_next_header(reader, &entry);
		if (result == ARCHIVE_EOF)
			return true;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return tar_damaged(reader, error);
		if (i == TAR_ENTRIES_MOST)
			break;
		if (is_absolute)
			return sv_fail(error, SV_ERROR_INVALID,
					"the archive has an absolute path: paths must be relative");
		const char *full = archive.entry_pathname(entry), *path = path_of(full, i == 0);
		is_absolute = path != full;
		TRY(entry_check(entry, path, &total, error));
		if (archive.entry_filetype(entry) == AE_IFREG)
			TRY(entry_read(reader, entry, path, bundle, error));
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

bool tar_unpack(struct sv_bytes bytes, struct buffer *bundle, struct sv_error *error)
{
	TRY(tar_load(error));
	struct archive *reader = archive.read_new();
	if (!reader)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an archive");
	archive.read_support_format_tar(reader);
	bool done = archive.read_open_memory(reader, bytes.data, bytes.length) == ARCHIVE_OK
			? tar_walk(reader, bundle, error)
			: tar_damaged(reader, error);
	archive.read_free(reader);
	return done;
}
