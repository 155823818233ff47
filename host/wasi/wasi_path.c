/*
 * wasi_path.c: functions that work on names: make, remove, rename, link, look at.
 * Resolution is wasi_confine.c's; path_open has a file of its own.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi_confine.h"
#include "host/wasi/wasi_stat.h"
#include "host/wasi/wasi_state.h"

/* Permissions of new directories; the process's umask applies. */
#define NEW_DIRECTORY_MODE 0777

/* Where in the arguments a descriptor and its path (address, length) are. */
struct path_arguments {
	unsigned fd, path;
};

/* Find the place of a name that is to be changed. On success the caller finishes `place`. */
static enum wasi_errno place_to_change(struct wasi_call *call, const union sv_value *arguments,
		struct path_arguments at, uint64_t rights, struct wasi_place *place)
{
	struct wasi_entry *directory;
	struct wasi_path path;
	enum wasi_errno error = wasi_table_find_writable(&call->wasi->table,
			wasi_u32(arguments, at.fd), rights, &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, at.path),
				wasi_u32(arguments, at.path + 1));
	if (!error)
		error = wasi_place_find(directory, &path, place);
	return error;
}

/* A new name that is no directory cannot end in a slash, whether something is there or not. */
static enum wasi_errno place_takes_file(const struct wasi_place *place)
{
	struct stat stat;
	if (!place->trailing_slash)
		return WASI_ERRNO_SUCCESS;
	enum wasi_errno error = wasi_place_stat(place, &stat);
	return error ? error : WASI_ERRNO_EXIST;
}

enum wasi_errno wasi_path_create_directory(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_place place;
	enum wasi_errno error = place_to_change(call, arguments, (struct path_arguments){0, 1},
			WASI_RIGHT_PATH_CREATE_DIRECTORY, &place);
	if (error)
		return error;
	error = wasi_errno_of_result(mkdirat(place.directory, place.name, NEW_DIRECTORY_MODE));
	wasi_place_finish(&place);
	return error;
}

enum wasi_errno wasi_path_remove_directory(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_place place;
	enum wasi_errno error = place_to_change(call, arguments, (struct path_arguments){0, 1},
			WASI_RIGHT_PATH_REMOVE_DIRECTORY, &place);
	if (error)
		return error;
	error = wasi_errno_of_result(unlinkat(place.directory, place.name, AT_REMOVEDIR));
	wasi_place_finish(&place);
	return error;
}

enum wasi_errno wasi_path_unlink_file(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_place place;
	struct stat stat;
	enum wasi_errno error = place_to_change(call, arguments, (struct path_arguments){0, 1},
			WASI_RIGHT_PATH_UNLINK_FILE, &place);
	if (error)
		return error;
	if (place.trailing_slash) {
		error = wasi_place_stat(&place, &stat);
		error = error ? error : WASI_ERRNO_ISDIR;
	} else {
		error = wasi_errno_of_result(unlinkat(place.directory, place.name, 0));
	}
	wasi_place_finish(&place);
	return error;
}

static enum wasi_errno place_rename(const struct wasi_place *from, const struct wasi_place *to)
{
	if (from->trailing_slash || to->trailing_slash) {
		struct wasi_place directory = *from;
		struct stat stat;
		directory.trailing_slash = true;
		enum wasi_errno error = wasi_place_stat(&directory, &stat);
		if (error)
			return error;
	}
	return wasi_errno_of_result(renameat(from->directory, from->name, to->directory, to->name));
}

enum wasi_errno wasi_path_rename(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_place from, to;
	enum wasi_errno error = place_to_change(call, arguments, (struct path_arguments){0, 1},
			WASI_RIGHT_PATH_RENAME_SOURCE, &from);
	if (error)
		return error;
	error = place_to_change(call, arguments, (struct path_arguments){3, 4},
			WASI_RIGHT_PATH_RENAME_TARGET, &to);
	if (!error) {
		error = place_rename(&from, &to);
		wasi_place_finish(&to);
	}
	wasi_place_finish(&from);
	return error;
}

/*
 * Link what a path leads to. It is held by a descriptor first, and that is linked by its name
 * in /proc, because linkat can only follow a link in ways that are not confined.
 */
static enum wasi_errno link_followed(const struct wasi_entry *directory,
		const struct wasi_path *path, const struct wasi_place *to)
{
	char name[40];
	int fd;
	enum wasi_errno error = wasi_confine_open(directory, path->text, O_PATH, &fd);
	if (error)
		return error;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	error = wasi_errno_of_result(
			linkat(AT_FDCWD, name, to->directory, to->name, AT_SYMLINK_FOLLOW));
	close(fd);
	return error;
}

static enum wasi_errno link_to_place(const struct wasi_entry *directory,
		const struct wasi_path *path, bool follow, const struct wasi_place *to)
{
	struct wasi_place from;
	enum wasi_errno error = place_takes_file(to);
	if (error)
		return error;
	if (follow)
		return link_followed(directory, path, to);
	error = wasi_place_find(directory, path, &from);
	if (error)
		return error;
	/* With a slash behind it the name means what it leads to: a directory, or an error. */
	if (from.trailing_slash)
		error = link_followed(directory, path, to);
	else
		error = wasi_errno_of_result(
				linkat(from.directory, from.name, to->directory, to->name, 0));
	wasi_place_finish(&from);
	return error;
}

enum wasi_errno wasi_path_link(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t lookup = wasi_u32(arguments, 1);
	struct wasi_entry *directory;
	struct wasi_path path;
	struct wasi_place to;
	if (lookup & ~WASI_LOOKUP_SYMLINK_FOLLOW)
		return WASI_ERRNO_INVAL;
	/* The source too must not be read-only: through the new name its contents can change. */
	enum wasi_errno error = wasi_table_find_writable(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_PATH_LINK_SOURCE, &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, 2), wasi_u32(arguments, 3));
	if (!error)
		error = place_to_change(call, arguments, (struct path_arguments){4, 5},
				WASI_RIGHT_PATH_LINK_TARGET, &to);
	if (error)
		return error;
	error = link_to_place(directory, &path, lookup & WASI_LOOKUP_SYMLINK_FOLLOW, &to);
	wasi_place_finish(&to);
	return error;
}

enum wasi_errno wasi_path_symlink(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_path text;
	struct wasi_place place;
	/* Links to absolute paths are refused like absolute paths: no guest could follow them. */
	enum wasi_errno error =
			wasi_path_read(call, &text, wasi_u32(arguments, 0), wasi_u32(arguments, 1));
	if (!error)
		error = place_to_change(call, arguments, (struct path_arguments){2, 3},
				WASI_RIGHT_PATH_SYMLINK, &place);
	if (error)
		return error;
	error = place_takes_file(&place);
	if (!error)
		error = wasi_errno_of_result(symlinkat(text.text, place.directory, place.name));
	wasi_place_finish(&place);
	return error;
}

static enum wasi_errno place_read_link(const struct wasi_place *place, char *text, size_t *length)
{
	struct stat stat;
	if (place->trailing_slash) {
		enum wasi_errno error = wasi_place_stat(place, &stat);
		return error ? error : WASI_ERRNO_INVAL;
	}
	ssize_t read = readlinkat(place->directory, place->name, text, PATH_MAX);
	if (read < 0)
		return wasi_errno_of_host(errno);
	*length = (size_t)read;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_path_readlink(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t buffer = wasi_u32(arguments, 3), room = wasi_u32(arguments, 4);
	struct wasi_entry *directory;
	struct wasi_path path;
	struct wasi_place place;
	char text[PATH_MAX];
	size_t length = 0;
	enum wasi_errno error = wasi_table_find_directory(&call->wasi->table,
			wasi_u32(arguments, 0), WASI_RIGHT_PATH_READLINK, &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, 1), wasi_u32(arguments, 2));
	if (!error)
		error = wasi_place_find(directory, &path, &place);
	if (error)
		return error;
	error = place_read_link(&place, text, &length);
	wasi_place_finish(&place);
	if (error)
		return error;
	/* As readlink does, a text that is too long is cut without an error. */
	if (length > room)
		length = room;
	if (!wasi_is_inside(call, wasi_u32(arguments, 5), sizeof(uint32_t)) ||
			!wasi_copy_out(call, buffer, text, length))
		return WASI_ERRNO_FAULT;
	(void)wasi_put_u32(call, wasi_u32(arguments, 5), (uint32_t)length);
	return WASI_ERRNO_SUCCESS;
}

/*
 * Hold what a path leads to, or the link itself without the follow flag, by a descriptor that
 * can only be looked at. A slash behind the path follows in any case; the kernel sees to it.
 */
static enum wasi_errno path_hold(const struct wasi_entry *directory, const struct wasi_path *path,
		uint32_t lookup, int *fd)
{
	if (lookup & ~WASI_LOOKUP_SYMLINK_FOLLOW)
		return WASI_ERRNO_INVAL;
	int flags = O_PATH | (lookup & WASI_LOOKUP_SYMLINK_FOLLOW ? 0 : O_NOFOLLOW);
	return wasi_confine_open(directory, path->text, flags, fd);
}

enum wasi_errno wasi_path_filestat_get(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *directory;
	struct wasi_path path;
	struct stat stat;
	int fd;
	enum wasi_errno error = wasi_table_find_directory(&call->wasi->table,
			wasi_u32(arguments, 0), WASI_RIGHT_PATH_FILESTAT_GET, &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, 2), wasi_u32(arguments, 3));
	if (!error)
		error = path_hold(directory, &path, wasi_u32(arguments, 1), &fd);
	if (error)
		return error;
	error = wasi_errno_of_result(fstat(fd, &stat));
	close(fd);
	if (error)
		return error;
	struct wasi_filestat filestat = wasi_filestat_of_host(&stat);
	if (!wasi_copy_out(call, wasi_u32(arguments, 4), &filestat, sizeof(filestat)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_path_filestat_set_times(struct wasi_call *call,
		const union sv_value *arguments)
{
	struct wasi_entry *directory;
	struct wasi_path path;
	struct timespec times[2];
	int fd;
	enum wasi_errno error = wasi_times_to_host(times, wasi_u64(arguments, 4),
			wasi_u64(arguments, 5), wasi_u32(arguments, 6));
	if (!error)
		error = wasi_table_find_writable(&call->wasi->table, wasi_u32(arguments, 0),
				WASI_RIGHT_PATH_FILESTAT_SET_TIMES, &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, 2), wasi_u32(arguments, 3));
	if (!error)
		error = path_hold(directory, &path, wasi_u32(arguments, 1), &fd);
	if (error)
		return error;
	error = wasi_errno_of_result(utimensat(fd, "", times, AT_EMPTY_PATH));
	close(fd);
	return error;
}
