/*
 * tar.c: see tar.h; by libarchive, which gets to see nothing but this one format.
 */
#include "platform/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static bool entry_is(struct archive_entry *entry, const char *name)
{
	const char *path = archive_entry_pathname(entry);
	if (!path || archive_entry_filetype(entry) != AE_IFREG)
		return false;
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	return strcmp(path, name) == 0;
}

static bool entry_read(struct archive *reader, struct buffer *file, struct sv_error *error)
{
	char part[65536];
	la_ssize_t count;
	while ((count = archive_read_data(reader, part, sizeof part)) > 0)
		TRY(buffer_append(file, part, (size_t)count, error));
	return count == 0 ||
			sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
					archive_error_string(reader));
}

static bool tar_find(struct archive *reader, const char *name, struct buffer *file,
		struct sv_error *error)
{
	struct archive_entry *entry;
	for (int i = 0; i < TAR_ENTRIES_MOST; i++) {
		int result = archive_read_next_header(reader, &entry);
		if (result == ARCHIVE_EOF)
			return sv_fail(error, SV_ERROR_INVALID, "there is no %s in the archive",
					name);
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return sv_fail(error, SV_ERROR_INVALID, "the archive is damaged: %s",
					archive_error_string(reader));
		if (entry_is(entry, name))
			return entry_read(reader, file, error);
	}
	return sv_fail(error, SV_ERROR_LIMIT, "there are more than %d entries in the archive",
			TAR_ENTRIES_MOST);
}

bool tar_extract(struct sv_bytes archive, const char *name, struct buffer *file,
		struct sv_error *error)
{
	struct archive *reader = archive_read_new();
	if (!reader)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an archive");
	archive_read_support_format_tar(reader);
	bool done = archive_read_open_memory(reader, archive.data, archive.length) == ARCHIVE_OK
			? tar_find(reader, name, file, error)
			: sv_fail(error, SV_ERROR_INVALID, "not a tar archive: %s",
					  archive_error_string(reader));
	archive_read_free(reader);
	return done;
}
