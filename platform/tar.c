/*
 * tar.c: see tar.h; by libarchive, which gets to see nothing but this one format. It is loaded when
 * it is needed, since it brings libxml2 and ICU with it, which every start of the program would pay
 * for.
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

static bool entry_is(struct archive_entry *entry, const char *name)
{
	const char *path = archive.entry_pathname(entry);
	if (!path || archive.entry_filetype(entry) != AE_IFREG)
		return false;
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	return strcmp(path, name) == 0;
}

static bool entry_read(struct archive *reader, struct buffer *file, struct sv_error *error)
{
	char part[65536];
	la_ssize_t count;
	while ((count = archive.read_data(reader, part, sizeof part)) > 0)
		TRY(buffer_append(file, part, (size_t)count, error));
	return count == 0 ||
			sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
					archive.error_string(reader));
}

static bool tar_find(struct archive *reader, const char *name, struct buffer *file,
		struct sv_error *error)
{
	struct archive_entry *entry;
	for (int i = 0; i < TAR_ENTRIES_MOST; i++) {
		int result = archive.read_next_header(reader, &entry);
		if (result == ARCHIVE_EOF)
			return sv_fail(error, SV_ERROR_INVALID, "there is no %s in the archive",
					name);
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
					archive.error_string(reader));
		if (entry_is(entry, name))
			return entry_read(reader, file, error);
	}
	return sv_fail(error, SV_ERROR_LIMIT, "there are more than %d entries in the archive",
			TAR_ENTRIES_MOST);
}

bool tar_extract(struct sv_bytes bytes, const char *name, struct buffer *file,
		struct sv_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, archive_load);
	if (!archive.is_there)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"archives need libarchive.so.13, which is not here");
	struct archive *reader = archive.read_new();
	if (!reader)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an archive");
	archive.read_support_format_tar(reader);
	bool done = archive.read_open_memory(reader, bytes.data, bytes.length) == ARCHIVE_OK
			? tar_find(reader, name, file, error)
			: sv_fail(error, SV_ERROR_INVALID, "not a tar archive: %s",
					  archive.error_string(reader));
	archive.read_free(reader);
	return done;
}
