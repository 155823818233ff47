/*
 * wasi_abi.h: numbers and layouts of WASI preview 1 as they stand in guest memory, from
 * the specification (wasi_snapshot_preview1.witx). Guests are little-endian, and so are
 * the hosts we support: the structs are copied as they are.
 */
#ifndef SELVAGE_HOST_WASI_ABI_H
#define SELVAGE_HOST_WASI_ABI_H

#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "guest structs are copied unchanged");

enum wasi_errno {
#define WASI_ERRNO(number, name, host) WASI_ERRNO_##name = (number),
#include "host/wasi/wasi_errno.def"
#undef WASI_ERRNO
};

enum wasi_rights {
#define WASI_RIGHT(bit, name, kinds) WASI_RIGHT_##name = 1u << (bit),
#include "host/wasi/wasi_rights.def"
#undef WASI_RIGHT
};

enum wasi_clock {
	WASI_CLOCK_REALTIME = 0,
	WASI_CLOCK_MONOTONIC = 1,
	WASI_CLOCK_PROCESS_CPUTIME = 2,
	WASI_CLOCK_THREAD_CPUTIME = 3,
};

enum wasi_filetype {
	WASI_FILETYPE_UNKNOWN = 0,
	WASI_FILETYPE_BLOCK_DEVICE = 1,
	WASI_FILETYPE_CHARACTER_DEVICE = 2,
	WASI_FILETYPE_DIRECTORY = 3,
	WASI_FILETYPE_REGULAR_FILE = 4,
	WASI_FILETYPE_SOCKET_DGRAM = 5,
	WASI_FILETYPE_SOCKET_STREAM = 6,
	WASI_FILETYPE_SYMBOLIC_LINK = 7,
};

enum wasi_fdflags {
	WASI_FDFLAG_APPEND = 1 << 0,
	WASI_FDFLAG_DSYNC = 1 << 1,
	WASI_FDFLAG_NONBLOCK = 1 << 2,
	WASI_FDFLAG_RSYNC = 1 << 3,
	WASI_FDFLAG_SYNC = 1 << 4,
	WASI_FDFLAGS_ALL = (1 << 5) - 1,
};

enum wasi_oflags {
	WASI_OFLAG_CREAT = 1 << 0,
	WASI_OFLAG_DIRECTORY = 1 << 1,
	WASI_OFLAG_EXCL = 1 << 2,
	WASI_OFLAG_TRUNC = 1 << 3,
	WASI_OFLAGS_ALL = (1 << 4) - 1,
};

enum wasi_fstflags {
	WASI_FSTFLAG_ATIM = 1 << 0,
	WASI_FSTFLAG_ATIM_NOW = 1 << 1,
	WASI_FSTFLAG_MTIM = 1 << 2,
	WASI_FSTFLAG_MTIM_NOW = 1 << 3,
	WASI_FSTFLAGS_ALL = (1 << 4) - 1,
};

enum wasi_whence {
	WASI_WHENCE_SET = 0,
	WASI_WHENCE_CUR = 1,
	WASI_WHENCE_END = 2,
};

enum wasi_eventtype {
	WASI_EVENTTYPE_CLOCK = 0,
	WASI_EVENTTYPE_FD_READ = 1,
	WASI_EVENTTYPE_FD_WRITE = 2,
};

#define WASI_LOOKUP_SYMLINK_FOLLOW 1u
#define WASI_SUBCLOCK_ABSTIME 1u
#define WASI_EVENTRW_HANGUP 1u
#define WASI_PREOPENTYPE_DIR 0u
#define WASI_DIRCOOKIE_START 0u

/* A buffer of the guest, to read into or to write from. */
struct wasi_iovec {
	uint32_t address;
	uint32_t length;
};

struct wasi_prestat {
	uint8_t type;
	uint8_t reserved[3];
	uint32_t name_length;
};

struct wasi_fdstat {
	uint8_t filetype;
	uint8_t reserved;
	uint16_t flags;
	uint32_t reserved2;
	uint64_t rights_base;
	uint64_t rights_inheriting;
};

struct wasi_filestat {
	uint64_t device;
	uint64_t inode;
	uint8_t filetype;
	uint8_t reserved[7];
	uint64_t links;
	uint64_t size;
	uint64_t accessed; /* nanoseconds since 1970, as the next two */
	uint64_t modified;
	uint64_t changed;
};

/* Head of a directory entry; the name follows without a NUL. */
struct wasi_dirent {
	uint64_t next; /* cookie of the entry after this one */
	uint64_t inode;
	uint32_t name_length;
	uint8_t filetype;
	uint8_t reserved[3];
};

struct wasi_subscription {
	uint64_t userdata;
	uint8_t type; /* enum wasi_eventtype */
	uint8_t reserved[7];
	union {
		struct {
			uint32_t id;
			uint32_t reserved;
			uint64_t timeout;
			uint64_t precision;
			uint16_t flags;
			uint8_t reserved2[6];
		} clock;
		uint32_t fd;
	};
};

struct wasi_event {
	uint64_t userdata;
	uint16_t error;
	uint8_t type;
	uint8_t reserved[5];
	uint64_t available; /* bytes that can be read or written */
	uint16_t flags;
	uint8_t reserved2[6];
};

#define WASI_LAYOUT(type, size) _Static_assert(sizeof(struct type) == (size), "witx size")
#define WASI_FIELD(type, field, at) \
	_Static_assert(offsetof(struct type, field) == (at), "witx offset")

WASI_LAYOUT(wasi_iovec, 8);
WASI_LAYOUT(wasi_prestat, 8);
WASI_FIELD(wasi_prestat, name_length, 4);
WASI_LAYOUT(wasi_fdstat, 24);
WASI_FIELD(wasi_fdstat, flags, 2);
WASI_FIELD(wasi_fdstat, rights_base, 8);
WASI_FIELD(wasi_fdstat, rights_inheriting, 16);
WASI_LAYOUT(wasi_filestat, 64);
WASI_FIELD(wasi_filestat, filetype, 16);
WASI_FIELD(wasi_filestat, links, 24);
WASI_FIELD(wasi_filestat, size, 32);
WASI_FIELD(wasi_filestat, accessed, 40);
WASI_FIELD(wasi_filestat, modified, 48);
WASI_FIELD(wasi_filestat, changed, 56);
WASI_LAYOUT(wasi_dirent, 24);
WASI_FIELD(wasi_dirent, inode, 8);
WASI_FIELD(wasi_dirent, name_length, 16);
WASI_FIELD(wasi_dirent, filetype, 20);
WASI_LAYOUT(wasi_subscription, 48);
WASI_FIELD(wasi_subscription, type, 8);
WASI_FIELD(wasi_subscription, clock.id, 16);
WASI_FIELD(wasi_subscription, clock.timeout, 24);
WASI_FIELD(wasi_subscription, clock.precision, 32);
WASI_FIELD(wasi_subscription, clock.flags, 40);
WASI_FIELD(wasi_subscription, fd, 16);
WASI_LAYOUT(wasi_event, 32);
WASI_FIELD(wasi_event, error, 8);
WASI_FIELD(wasi_event, type, 10);
WASI_FIELD(wasi_event, available, 16);
WASI_FIELD(wasi_event, flags, 24);

#undef WASI_LAYOUT
#undef WASI_FIELD

#endif
