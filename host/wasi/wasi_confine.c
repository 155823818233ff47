/*
 * wasi_confine.c: paths of the guest, resolved by the kernel beneath a directory. What
 * is then done with the place is for wasi_path.c and wasi_open.c.
 */
#include "host/wasi/wasi_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Permissions of new files; the process's umask applies. */
#define NEW_FILE_MODE 0666

/*
 * With RESOLVE_BENEATH the kernel gives up with EAGAIN if something was renamed while it
 * resolved "..". A guest could cause that for ever from another instance, so we do too.
 */
#define RESOLVE_ATTEMPTS 16

static int open_beneath(int directory, const char *path, int flags)
{
	struct open_how how = {
			.flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC | O_NOCTTY),
			.mode = flags & O_CREAT ? NEW_FILE_MODE : 0,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	/* openat2 refuses flags that have no meaning for O_PATH. */
	if (flags & O_PATH)
		how.flags &= ~(uint64_t)O_NOCTTY;
	long fd = -1;
	for (int i = 0; i < RESOLVE_ATTEMPTS; i++) {
		fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

bool wasi_confine_is_supported(int fd)
{
	int opened = open_beneath(fd, ".", O_PATH | O_DIRECTORY);
	if (opened < 0)
		return false;
	close(opened);
	return true;
}

enum wasi_errno wasi_confine_open(const struct wasi_entry *directory, const char *path, int flags,
		int *fd)
{
	*fd = open_beneath(directory->fd, path, flags);
	if (*fd >= 0)
		return WASI_ERRNO_SUCCESS;
	/* The kernel's word for "this leaves the directory". */
	if (errno == EXDEV)
		return WASI_ERRNO_PERM;
	return wasi_errno_of_host(errno);
}

enum wasi_errno wasi_path_read(struct wasi_call *call, struct wasi_path *path, uint32_t address,
		uint32_t length)
{
	if (length >= sizeof(path->text))
		return wasi_is_inside(call, address, length) ? WASI_ERRNO_NAMETOOLONG
							     : WASI_ERRNO_FAULT;
	if (!wasi_copy_in(call, path->text, address, length))
		return WASI_ERRNO_FAULT;
	path->text[length] = '\0';
	if (strlen(path->text) != length)
		return WASI_ERRNO_INVAL;
	if (length == 0)
		return WASI_ERRNO_NOENT;
	if (path->text[0] == '/')
		return WASI_ERRNO_PERM;
	return WASI_ERRNO_SUCCESS;
}

/* Split "a/b/c//" into "a/b/" (may be empty) and "c", in place; true if slashes were behind. */
static bool path_split(char *text, char **name)
{
	size_t end = strlen(text);
	bool trailing = text[end - 1] == '/';
	while (text[end - 1] == '/')
		text[--end] = '\0';
	char *slash = strrchr(text, '/');
	*name = slash ? slash + 1 : text;
	return trailing;
}

static bool name_is_special(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

enum wasi_errno wasi_place_find(const struct wasi_entry *directory, const struct wasi_path *path,
		struct wasi_place *place)
{
	struct wasi_path copy = *path;
	char *name;
	*place = (struct wasi_place){.directory = directory->fd};
	place->trailing_slash = path_split(copy.text, &name);
	if (strlen(name) > NAME_MAX)
		return WASI_ERRNO_NAMETOOLONG;
	/* "a/.." is what openat2 makes of the whole path; its name in there is not known. */
	bool whole = name_is_special(name);
	strcpy(place->name, whole ? "." : name);
	if (!whole && name == copy.text)
		return WASI_ERRNO_SUCCESS;
	if (!whole)
		*name = '\0';
	enum wasi_errno error = wasi_confine_open(directory, copy.text, O_PATH | O_DIRECTORY,
			&place->directory);
	place->owned = !error;
	return error;
}

void wasi_place_finish(struct wasi_place *place)
{
	if (place->owned)
		close(place->directory);
	place->owned = false;
}

enum wasi_errno wasi_place_stat(const struct wasi_place *place, struct stat *stat)
{
	if (fstatat(place->directory, place->name, stat, AT_SYMLINK_NOFOLLOW) != 0)
		return wasi_errno_of_host(errno);
	if (place->trailing_slash && !S_ISDIR(stat->st_mode))
		return WASI_ERRNO_NOTDIR;
	return WASI_ERRNO_SUCCESS;
}
