/*
 * wasi_open.c: path_open: what may be opened how, and which rights the new descriptor
 * gets. The path itself is resolved by wasi_confine.c.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi_confine.h"
#include "host/wasi/wasi_stat.h"
#include "host/wasi/wasi_state.h"

/* Rights that need the host's file open for writing, and for reading. */
#define RIGHTS_TO_WRITE \
	(WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_ALLOCATE | WASI_RIGHT_FD_FILESTAT_SET_SIZE)
#define RIGHTS_TO_READ (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_READDIR)

struct open_request {
	uint32_t lookup;
	uint32_t oflags;
	uint32_t fdflags;
	uint64_t rights_base;
	uint64_t rights_inheriting;
};

static enum wasi_errno request_read(const union sv_value *arguments, struct open_request *request)
{
	*request = (struct open_request){
			.lookup = wasi_u32(arguments, 1),
			.oflags = wasi_u32(arguments, 4),
			.rights_base = wasi_u64(arguments, 5),
			.rights_inheriting = wasi_u64(arguments, 6),
			.fdflags = wasi_u32(arguments, 7),
	};
	if ((request->lookup & ~WASI_LOOKUP_SYMLINK_FOLLOW) ||
			(request->oflags & ~(uint32_t)WASI_OFLAGS_ALL) ||
			(request->fdflags & ~(uint32_t)WASI_FDFLAGS_ALL))
		return WASI_ERRNO_INVAL;
	/* Kernels differ in what they make of the two together, POSIX has no meaning for it. */
	if ((request->oflags & WASI_OFLAG_CREAT) && (request->oflags & WASI_OFLAG_DIRECTORY))
		return WASI_ERRNO_INVAL;
	return WASI_ERRNO_SUCCESS;
}

/* Rights the directory itself must have. */
static uint64_t request_rights(const struct open_request *request)
{
	uint64_t rights = WASI_RIGHT_PATH_OPEN;
	if (request->oflags & WASI_OFLAG_CREAT)
		rights |= WASI_RIGHT_PATH_CREATE_FILE;
	if (request->oflags & WASI_OFLAG_TRUNC)
		rights |= WASI_RIGHT_PATH_FILESTAT_SET_SIZE;
	return rights;
}

/*
 * C libraries ask for more rights than they need, so what cannot be inherited is left away
 * without a word; but not reading and writing, whose lack would only show later.
 */
static enum wasi_errno request_is_allowed(const struct open_request *request,
		const struct wasi_entry *directory)
{
	bool changes = (request->rights_base & RIGHTS_TO_WRITE) ||
			(request->oflags & (WASI_OFLAG_CREAT | WASI_OFLAG_TRUNC));
	if (directory->read_only && changes)
		return WASI_ERRNO_ROFS;
	uint64_t missing = request->rights_base & ~directory->rights_inheriting;
	if (missing & (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE))
		return WASI_ERRNO_NOTCAPABLE;
	/* Emptying a file is writing, whatever the descriptor will be able to do. */
	if ((request->oflags & WASI_OFLAG_TRUNC) &&
			!(directory->rights_inheriting & WASI_RIGHT_FD_WRITE))
		return WASI_ERRNO_NOTCAPABLE;
	return WASI_ERRNO_SUCCESS;
}

static int request_host_flags(const struct open_request *request)
{
	static const struct {
		uint32_t guest;
		int host;
	} oflags[] = {{WASI_OFLAG_CREAT, O_CREAT}, {WASI_OFLAG_DIRECTORY, O_DIRECTORY},
			{WASI_OFLAG_EXCL, O_EXCL}, {WASI_OFLAG_TRUNC, O_TRUNC}},
	  fdflags[] = {{WASI_FDFLAG_DSYNC, O_DSYNC}, {WASI_FDFLAG_NONBLOCK, O_NONBLOCK},
			  {WASI_FDFLAG_RSYNC, O_RSYNC}, {WASI_FDFLAG_SYNC, O_SYNC}};
	/* APPEND is not among them: fd_write appends by itself, and fd_pwrite must not. */
	int flags = request->lookup & WASI_LOOKUP_SYMLINK_FOLLOW ? 0 : O_NOFOLLOW;
	for (size_t i = 0; i < ARRAY_LENGTH(oflags); i++)
		flags |= request->oflags & oflags[i].guest ? oflags[i].host : 0;
	for (size_t i = 0; i < ARRAY_LENGTH(fdflags); i++)
		flags |= request->fdflags & fdflags[i].guest ? fdflags[i].host : 0;
	if (!(request->rights_base & RIGHTS_TO_WRITE))
		return flags | O_RDONLY;
	return flags | (request->rights_base & RIGHTS_TO_READ ? O_RDWR : O_WRONLY);
}

static enum wasi_errno entry_describe(struct wasi_entry *entry, const struct open_request *request,
		const struct wasi_entry *directory, int fd)
{
	struct stat stat;
	if (fstat(fd, &stat) != 0)
		return wasi_errno_of_host(errno);
	bool is_directory = S_ISDIR(stat.st_mode);
	uint64_t possible = is_directory ? wasi_rights_of_directories : wasi_rights_of_files;
	*entry = (struct wasi_entry){
			.kind = is_directory ? WASI_ENTRY_DIRECTORY : WASI_ENTRY_FILE,
			.fd = fd,
			.owned = true,
			.read_only = directory->read_only,
			.filetype = wasi_filetype_of_mode(stat.st_mode, fd),
			.flags = (uint16_t)request->fdflags,
			.rights_base = request->rights_base & directory->rights_inheriting &
					possible,
			.rights_inheriting = request->rights_inheriting &
					directory->rights_inheriting,
	};
	return WASI_ERRNO_SUCCESS;
}

static enum wasi_errno request_open(struct wasi *wasi, const struct open_request *request,
		const struct wasi_entry *directory, const struct wasi_path *path, uint32_t *number)
{
	struct wasi_entry entry;
	int fd;
	if (!wasi_table_has_room(&wasi->table))
		return WASI_ERRNO_MFILE;
	enum wasi_errno error =
			wasi_confine_open(directory, path->text, request_host_flags(request), &fd);
	if (error)
		return error;
	error = entry_describe(&entry, request, directory, fd);
	if (!error)
		error = wasi_table_add(&wasi->table, &entry, number);
	if (error)
		close(fd);
	return error;
}

enum wasi_errno wasi_path_open(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t result_address = wasi_u32(arguments, 8), number;
	struct open_request request;
	struct wasi_entry *directory;
	struct wasi_path path;
	enum wasi_errno error = request_read(arguments, &request);
	if (!error)
		error = wasi_table_find_directory(&call->wasi->table, wasi_u32(arguments, 0),
				request_rights(&request), &directory);
	if (!error)
		error = wasi_path_read(call, &path, wasi_u32(arguments, 2), wasi_u32(arguments, 3));
	if (!error)
		error = request_is_allowed(&request, directory);
	if (!error && !wasi_is_inside(call, result_address, sizeof(number)))
		error = WASI_ERRNO_FAULT;
	if (!error)
		error = request_open(call->wasi, &request, directory, &path, &number);
	if (error)
		return error;
	(void)wasi_put_u32(call, result_address, number);
	return WASI_ERRNO_SUCCESS;
}
