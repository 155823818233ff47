/*
 * wasi_stat.h: what the host says of a file, as preview 1 says it.
 */
#ifndef SELVAGE_HOST_WASI_STAT_H
#define SELVAGE_HOST_WASI_STAT_H

#include <sys/stat.h>
#include <time.h>

#include "host/wasi/wasi_abi.h"

/* File type of st_mode; `fd` tells stream from datagram sockets, -1 if there is none. */
uint8_t wasi_filetype_of_mode(mode_t mode, int fd);

/* File type of d_type; UNKNOWN if the file system did not say. */
uint8_t wasi_filetype_of_dirent(unsigned char type);

struct wasi_filestat wasi_filestat_of_host(const struct stat *stat);

/* Nanoseconds since the clock's start; 0 for times before it. */
uint64_t wasi_time_of_host(struct timespec time);

/* Access and modification time for utimensat. INVAL if flags contradict each other. */
enum wasi_errno wasi_times_to_host(struct timespec times[2], uint64_t accessed, uint64_t modified,
		uint32_t fstflags);

#endif
