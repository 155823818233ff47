/*
 * wasi_stat.c: file types, attributes and times from the host's form to preview 1's.
 */
#include "host/wasi/wasi_stat.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/socket.h>

#define NANOSECONDS UINT64_C(1000000000)

static uint8_t filetype_of_socket(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
		return WASI_FILETYPE_SOCKET_STREAM;
	return type == SOCK_DGRAM ? WASI_FILETYPE_SOCKET_DGRAM : WASI_FILETYPE_SOCKET_STREAM;
}

uint8_t wasi_filetype_of_mode(mode_t mode, int fd)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return WASI_FILETYPE_REGULAR_FILE;
	case S_IFDIR:
		return WASI_FILETYPE_DIRECTORY;
	case S_IFLNK:
		return WASI_FILETYPE_SYMBOLIC_LINK;
	case S_IFCHR:
		return WASI_FILETYPE_CHARACTER_DEVICE;
	case S_IFBLK:
		return WASI_FILETYPE_BLOCK_DEVICE;
	case S_IFSOCK:
		return filetype_of_socket(fd);
	default:
		return WASI_FILETYPE_UNKNOWN; /* a pipe has no type in preview 1 */
	}
}

uint8_t wasi_filetype_of_dirent(unsigned char type)
{
	return type == DT_UNKNOWN ? WASI_FILETYPE_UNKNOWN
				  : wasi_filetype_of_mode(DTTOIF(type), -1);
}

uint64_t wasi_time_of_host(struct timespec time)
{
	uint64_t seconds = (uint64_t)time.tv_sec;
	if (time.tv_sec < 0)
		return 0;
	if (seconds > UINT64_MAX / NANOSECONDS - 1)
		return UINT64_MAX;
	return seconds * NANOSECONDS + (uint64_t)time.tv_nsec;
}

struct wasi_filestat wasi_filestat_of_host(const struct stat *stat)
{
	return (struct wasi_filestat){
			.device = stat->st_dev,
			.inode = stat->st_ino,
			.filetype = wasi_filetype_of_mode(stat->st_mode, -1),
			.links = stat->st_nlink,
			.size = (uint64_t)stat->st_size,
			.accessed = wasi_time_of_host(stat->st_atim),
			.modified = wasi_time_of_host(stat->st_mtim),
			.changed = wasi_time_of_host(stat->st_ctim),
	};
}

static struct timespec time_to_host(uint64_t time, bool set, bool now)
{
	if (now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	if (!set)
		return (struct timespec){.tv_nsec = UTIME_OMIT};
	return (struct timespec){
			.tv_sec = (time_t)(time / NANOSECONDS),
			.tv_nsec = (long)(time % NANOSECONDS),
	};
}

enum wasi_errno wasi_times_to_host(struct timespec times[2], uint64_t accessed, uint64_t modified,
		uint32_t fstflags)
{
	bool set_atim = fstflags & WASI_FSTFLAG_ATIM, now_atim = fstflags & WASI_FSTFLAG_ATIM_NOW;
	bool set_mtim = fstflags & WASI_FSTFLAG_MTIM, now_mtim = fstflags & WASI_FSTFLAG_MTIM_NOW;
	if ((fstflags & ~(uint32_t)WASI_FSTFLAGS_ALL) || (set_atim && now_atim) ||
			(set_mtim && now_mtim))
		return WASI_ERRNO_INVAL;
	times[0] = time_to_host(accessed, set_atim, now_atim);
	times[1] = time_to_host(modified, set_mtim, now_mtim);
	return WASI_ERRNO_SUCCESS;
}
