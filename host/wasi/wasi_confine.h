/*
 * wasi_confine.h: how a path of the guest becomes a place on the host, never outside the
 * directory it starts from.
 *
 * The kernel resolves it: openat2 with RESOLVE_BENEATH (nothing above the start, no absolute
 * links) and RESOLVE_NO_MAGICLINKS (no links of /proc). Nothing is decided from the text of a
 * path but where its last component begins. Operations that work on a name (remove, rename,
 * link, ...) get the directory that holds it and one component without slashes, so that the
 * *at system calls they use follow nothing. Operations on what a path leads to get a
 * descriptor.
 *
 * Errors: PERM for a path that is absolute or leaves; else what the kernel says.
 */
#ifndef SELVAGE_HOST_WASI_CONFINE_H
#define SELVAGE_HOST_WASI_CONFINE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "host/wasi/wasi_abi.h"
#include "host/wasi/wasi_call.h"
#include "host/wasi/wasi_table.h"

/* A path as the guest gave it, NUL-terminated: not empty, not absolute, without NUL inside. */
struct wasi_path {
	char text[PATH_MAX];
};

/* Where a name is. `name` is "." for the directory itself, never empty, "..", or with a slash. */
struct wasi_place {
	int directory;
	bool owned;          /* `directory` is closed by wasi_place_finish */
	bool trailing_slash; /* the path can only mean a directory */
	char name[NAME_MAX + 1];
};

/* True if the kernel can confine paths beneath directory `fd`; errno tells why not. */
bool wasi_confine_is_supported(int fd);

/* Copy a path in. INVAL, NOENT, NAMETOOLONG, PERM if it is none, FAULT. */
enum wasi_errno wasi_path_read(struct wasi_call *call, struct wasi_path *path, uint32_t address,
		uint32_t length);

/*
 * open(2) of `path` beneath `directory`; `flags` are those of open, close-on-exec and no-tty
 * are added. `mode` only counts with O_CREAT. INTR if a signal came first.
 */
enum wasi_errno wasi_confine_open(const struct wasi_entry *directory, const char *path, int flags,
		int *fd);

/* Find the place of the last component. On success the caller ends with wasi_place_finish. */
enum wasi_errno wasi_place_find(const struct wasi_entry *directory, const struct wasi_path *path,
		struct wasi_place *place);
void wasi_place_finish(struct wasi_place *place);

/* lstat of a place; with a trailing slash also NOTDIR if it is anything but a directory. */
enum wasi_errno wasi_place_stat(const struct wasi_place *place, struct stat *stat);

#endif
