/*
 * wasi_dir.c: fd_readdir.
 *
 * A cookie is the position the kernel gives with each entry (d_off), which stays valid as
 * long as the directory is open: nothing has to be remembered for it. What was read ahead
 * is kept, since a guest goes on where it stopped nearly always.
 */
#include "host/wasi/wasi_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi_stat.h"
#include "host/wasi/wasi_state.h"

/* Read from the kernel at once; room for at least 25 of the longest names. */
#define READ_AHEAD 8192

struct wasi_listing {
	int fd;          /* owned: the position is the listing's own */
	uint64_t cookie; /* of the entry at `at` */
	uint64_t inode;  /* of the directory */
	size_t at, end;  /* unread part of `ahead` */
	char ahead[READ_AHEAD] __attribute__((aligned(8)));
};

void wasi_listing_free(struct wasi_listing *listing)
{
	if (!listing)
		return;
	close(listing->fd);
	free(listing);
}

/* A preopen's descriptor is shared, so a listing always has its own. */
static enum wasi_errno listing_open(struct wasi_entry *entry)
{
	struct stat stat;
	if (entry->listing)
		return WASI_ERRNO_SUCCESS;
	struct wasi_listing *listing = malloc(sizeof(*listing));
	if (!listing)
		return WASI_ERRNO_NOMEM;
	listing->at = listing->end = 0;
	listing->cookie = WASI_DIRCOOKIE_START;
	listing->fd = openat(entry->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (listing->fd < 0 || fstat(listing->fd, &stat) != 0) {
		enum wasi_errno error = wasi_errno_of_host(errno);
		if (listing->fd >= 0)
			close(listing->fd);
		free(listing);
		return error;
	}
	listing->inode = stat.st_ino;
	entry->listing = listing;
	return WASI_ERRNO_SUCCESS;
}

/* Go to `cookie`. The start is always read anew, so that it shows what was made meanwhile. */
static enum wasi_errno listing_seek(struct wasi_listing *listing, uint64_t cookie)
{
	if (cookie == listing->cookie && cookie != WASI_DIRCOOKIE_START)
		return WASI_ERRNO_SUCCESS;
	if (cookie > INT64_MAX)
		return WASI_ERRNO_INVAL;
	if (lseek(listing->fd, (off_t)cookie, SEEK_SET) < 0)
		return wasi_errno_of_host(errno);
	listing->cookie = cookie;
	listing->at = listing->end = 0;
	return WASI_ERRNO_SUCCESS;
}

/* The entry at the position, NULL at the end. */
static enum wasi_errno listing_entry(struct wasi_listing *listing, struct dirent64 **entry)
{
	*entry = NULL;
	if (listing->at == listing->end) {
		ssize_t read = getdents64(listing->fd, listing->ahead, sizeof(listing->ahead));
		if (read < 0)
			return wasi_errno_of_host(errno);
		listing->at = 0;
		listing->end = (size_t)read;
	}
	if (listing->at < listing->end)
		*entry = (struct dirent64 *)(listing->ahead + listing->at);
	return WASI_ERRNO_SUCCESS;
}

static void listing_advance(struct wasi_listing *listing, const struct dirent64 *entry)
{
	listing->cookie = (uint64_t)entry->d_off;
	listing->at += entry->d_reclen;
}

static uint8_t listing_filetype(const struct wasi_listing *listing, const struct dirent64 *entry)
{
	struct stat stat;
	if (entry->d_type != DT_UNKNOWN)
		return wasi_filetype_of_dirent(entry->d_type);
	if (fstatat(listing->fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return WASI_FILETYPE_UNKNOWN;
	return wasi_filetype_of_mode(stat.st_mode, -1);
}

static struct wasi_dirent listing_describe(const struct wasi_listing *listing,
		const struct dirent64 *entry)
{
	/* What is above a preopen is none of the guest's business, not even its inode. */
	bool is_parent = strcmp(entry->d_name, "..") == 0;
	return (struct wasi_dirent){
			.next = (uint64_t)entry->d_off,
			.inode = is_parent ? listing->inode : entry->d_ino,
			.name_length = (uint32_t)strlen(entry->d_name),
			.filetype = listing_filetype(listing, entry),
	};
}

/* Copy as much of `from` as there is room for behind `*used`. */
static void output_put(uint8_t *output, uint32_t room, uint32_t *used, const void *from,
		size_t length)
{
	if (length > room - *used)
		length = room - *used;
	memcpy(output + *used, from, length);
	*used += (uint32_t)length;
}

/*
 * Entries until the buffer is full. The last one may be cut; it is then not passed over, and
 * that the buffer is full tells the guest to come back with the cookie before it.
 */
static enum wasi_errno listing_fill(struct wasi_listing *listing, uint8_t *output, uint32_t room,
		uint32_t *used)
{
	*used = 0;
	while (*used < room) {
		struct dirent64 *entry;
		enum wasi_errno error = listing_entry(listing, &entry);
		if (error)
			return *used ? WASI_ERRNO_SUCCESS : error;
		if (!entry)
			break;
		struct wasi_dirent head = listing_describe(listing, entry);
		bool whole = sizeof(head) + head.name_length <= room - *used;
		output_put(output, room, used, &head, sizeof(head));
		output_put(output, room, used, entry->d_name, head.name_length);
		if (whole)
			listing_advance(listing, entry);
	}
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_fd_readdir(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t room = wasi_u32(arguments, 2), used = 0;
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find_directory(&call->wasi->table,
			wasi_u32(arguments, 0), WASI_RIGHT_FD_READDIR, &entry);
	if (error)
		return error;
	uint8_t *output = sv_caller_range(call->caller, wasi_u32(arguments, 1), room);
	if (!output || !wasi_is_inside(call, wasi_u32(arguments, 4), sizeof(used)))
		return WASI_ERRNO_FAULT;
	error = listing_open(entry);
	if (!error)
		error = listing_seek(entry->listing, wasi_u64(arguments, 3));
	if (!error)
		error = listing_fill(entry->listing, output, room, &used);
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 4), used);
	return error;
}
