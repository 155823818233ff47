/*
 * wasi_fd.c: what is known about a descriptor and its file, and changes of it. Data goes
 * through wasi_fd_io.c, directories are listed in wasi_dir.c.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi_stat.h"
#include "host/wasi/wasi_state.h"

/* ---- the descriptor ---- */

enum wasi_errno wasi_fd_close(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error =
			wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0), 0, &entry);
	return error ? error : wasi_entry_close(entry);
}

enum wasi_errno wasi_fd_renumber(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *from, *to;
	struct wasi_table *table = &call->wasi->table;
	enum wasi_errno error = wasi_table_find(table, wasi_u32(arguments, 0), 0, &from);
	if (!error)
		error = wasi_table_find(table, wasi_u32(arguments, 1), 0, &to);
	if (error || from == to)
		return error;
	/* As with dup2, an error of closing is not told: the new meaning is in place. */
	(void)wasi_entry_close(to);
	*to = *from;
	*from = (struct wasi_entry){.kind = WASI_ENTRY_FREE};
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_fd_fdstat_get(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error =
			wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0), 0, &entry);
	if (error)
		return error;
	struct wasi_fdstat fdstat = {
			.filetype = entry->filetype,
			.flags = entry->flags,
			.rights_base = entry->rights_base,
			.rights_inheriting = entry->rights_inheriting,
	};
	if (!wasi_copy_out(call, wasi_u32(arguments, 1), &fdstat, sizeof(fdstat)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

/*
 * A host descriptor we only borrow is shared with others (a terminal with the shell), so its
 * flags stay as they are and wasi_fd_io.c does what they would.
 */
static enum wasi_errno entry_set_nonblock(struct wasi_entry *entry, bool nonblock)
{
	if (entry->kind != WASI_ENTRY_FILE || !entry->owned)
		return WASI_ERRNO_SUCCESS;
	int flags = fcntl(entry->fd, F_GETFL);
	if (flags < 0)
		return wasi_errno_of_host(errno);
	flags = nonblock ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return wasi_errno_of_result(fcntl(entry->fd, F_SETFL, flags));
}

enum wasi_errno wasi_fd_fdstat_set_flags(struct wasi_call *call, const union sv_value *arguments)
{
	const uint32_t fixed = WASI_FDFLAG_DSYNC | WASI_FDFLAG_RSYNC | WASI_FDFLAG_SYNC;
	uint32_t flags = wasi_u32(arguments, 1);
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_FDSTAT_SET_FLAGS, &entry);
	if (error)
		return error;
	if (flags & ~(uint32_t)WASI_FDFLAGS_ALL)
		return WASI_ERRNO_INVAL;
	/* Linux can only choose synchronous writing when it opens a file, and keeps silent. */
	if ((flags ^ entry->flags) & fixed)
		return WASI_ERRNO_NOTSUP;
	error = entry_set_nonblock(entry, flags & WASI_FDFLAG_NONBLOCK);
	if (!error)
		entry->flags = (uint16_t)flags;
	return error;
}

enum wasi_errno wasi_fd_fdstat_set_rights(struct wasi_call *call, const union sv_value *arguments)
{
	uint64_t base = wasi_u64(arguments, 1), inheriting = wasi_u64(arguments, 2);
	struct wasi_entry *entry;
	enum wasi_errno error =
			wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0), 0, &entry);
	if (error)
		return error;
	if ((base & ~entry->rights_base) || (inheriting & ~entry->rights_inheriting))
		return WASI_ERRNO_NOTCAPABLE;
	entry->rights_base = base;
	entry->rights_inheriting = inheriting;
	return WASI_ERRNO_SUCCESS;
}

/* ---- preopened directories ---- */

static enum wasi_errno preopen_path(struct wasi_call *call, uint32_t number, const char **path)
{
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, number, 0, &entry);
	if (error)
		return error;
	*path = entry->preopen_path;
	return *path ? WASI_ERRNO_SUCCESS : WASI_ERRNO_BADF;
}

enum wasi_errno wasi_fd_prestat_get(struct wasi_call *call, const union sv_value *arguments)
{
	const char *path;
	enum wasi_errno error = preopen_path(call, wasi_u32(arguments, 0), &path);
	if (error)
		return error;
	struct wasi_prestat prestat = {
			.type = WASI_PREOPENTYPE_DIR,
			.name_length = (uint32_t)strlen(path),
	};
	if (!wasi_copy_out(call, wasi_u32(arguments, 1), &prestat, sizeof(prestat)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_fd_prestat_dir_name(struct wasi_call *call, const union sv_value *arguments)
{
	const char *path;
	enum wasi_errno error = preopen_path(call, wasi_u32(arguments, 0), &path);
	if (error)
		return error;
	if (wasi_u32(arguments, 2) < strlen(path))
		return WASI_ERRNO_NAMETOOLONG;
	if (!wasi_copy_out(call, wasi_u32(arguments, 1), path, strlen(path)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

/* ---- the file ---- */

enum wasi_errno wasi_fd_filestat_get(struct wasi_call *call, const union sv_value *arguments)
{
	struct stat stat;
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_FILESTAT_GET, &entry);
	if (error)
		return error;
	struct wasi_filestat filestat = {.filetype = entry->filetype};
	if (entry->kind != WASI_ENTRY_MEMORY) {
		if (fstat(entry->fd, &stat) != 0)
			return wasi_errno_of_host(errno);
		filestat = wasi_filestat_of_host(&stat);
		filestat.filetype = entry->filetype;
	}
	if (!wasi_copy_out(call, wasi_u32(arguments, 1), &filestat, sizeof(filestat)))
		return WASI_ERRNO_FAULT;
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_fd_filestat_set_size(struct wasi_call *call, const union sv_value *arguments)
{
	uint64_t size = wasi_u64(arguments, 1);
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find_file(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_FILESTAT_SET_SIZE, &entry);
	if (error)
		return error;
	if (entry->read_only)
		return WASI_ERRNO_ROFS;
	if (size > INT64_MAX)
		return WASI_ERRNO_INVAL;
	return wasi_errno_of_result(ftruncate(entry->fd, (off_t)size));
}

enum wasi_errno wasi_fd_filestat_set_times(struct wasi_call *call, const union sv_value *arguments)
{
	struct timespec times[2];
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_FILESTAT_SET_TIMES, &entry);
	if (!error)
		error = wasi_times_to_host(times, wasi_u64(arguments, 1), wasi_u64(arguments, 2),
				wasi_u32(arguments, 3));
	if (error)
		return error;
	if (entry->kind == WASI_ENTRY_MEMORY)
		return WASI_ERRNO_NOTSUP;
	if (entry->read_only)
		return WASI_ERRNO_ROFS;
	return wasi_errno_of_result(futimens(entry->fd, times));
}

/* A span of a file in the host's signed numbers; INVAL if it has none. */
static enum wasi_errno span_is_valid(uint64_t offset, uint64_t length)
{
	bool valid = offset <= INT64_MAX && length <= INT64_MAX - offset;
	return valid ? WASI_ERRNO_SUCCESS : WASI_ERRNO_INVAL;
}

enum wasi_errno wasi_fd_allocate(struct wasi_call *call, const union sv_value *arguments)
{
	uint64_t offset = wasi_u64(arguments, 1), length = wasi_u64(arguments, 2);
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find_file(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_ALLOCATE, &entry);
	if (!error)
		error = span_is_valid(offset, length);
	if (error)
		return error;
	if (entry->read_only)
		return WASI_ERRNO_ROFS;
	return wasi_errno_of_result(fallocate(entry->fd, 0, (off_t)offset, (off_t)length));
}

enum wasi_errno wasi_fd_advise(struct wasi_call *call, const union sv_value *arguments)
{
	/* In the order of preview 1's numbers. */
	static const int advices[] = {POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
			POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE};
	uint64_t offset = wasi_u64(arguments, 1), length = wasi_u64(arguments, 2);
	uint32_t advice = wasi_u32(arguments, 3);
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find_file(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_ADVISE, &entry);
	if (!error)
		error = span_is_valid(offset, length);
	if (error)
		return error;
	if (advice >= ARRAY_LENGTH(advices))
		return WASI_ERRNO_INVAL;
	return wasi_errno_of_host(posix_fadvise(entry->fd, (off_t)offset, (off_t)length,
			advices[advice]));
}

static enum wasi_errno fd_to_sync(struct wasi_call *call, const union sv_value *arguments,
		uint64_t right, struct wasi_entry **entry)
{
	enum wasi_errno error =
			wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0), right, entry);
	if (error)
		return error;
	/* What fsync says of a pipe. */
	return (*entry)->kind == WASI_ENTRY_MEMORY ? WASI_ERRNO_INVAL : WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_fd_sync(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error = fd_to_sync(call, arguments, WASI_RIGHT_FD_SYNC, &entry);
	return error ? error : wasi_errno_of_result(fsync(entry->fd));
}

enum wasi_errno wasi_fd_datasync(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error = fd_to_sync(call, arguments, WASI_RIGHT_FD_DATASYNC, &entry);
	return error ? error : wasi_errno_of_result(fdatasync(entry->fd));
}
