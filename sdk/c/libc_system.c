/*
 * libc_system.c: what wasi-libc asks of a system, answered with hostcalls: standard output and
 * error are the server's log, there is a clock and there are random numbers, and there is nothing
 * else. Linked into a guest by `build-guest --libc`; the names are those of wasi-libc's imports.
 */
#include <http_hostcalls.h>
#include <wasi/api.h>

#define SYSTEM(name) int32_t __imported_wasi_snapshot_preview1_##name
#define AT(type, address) ((type *)(uintptr_t)(uint32_t)(address))

SYSTEM(fd_write)(int32_t file, int32_t parts, int32_t count, int32_t written)
{
	const __wasi_ciovec_t *part = AT(const __wasi_ciovec_t, parts);
	size_t length = 0;
	if (file != 1 && file != 2)
		return __WASI_ERRNO_BADF;
	for (int32_t i = 0; i < count; i++) {
		size_t left = part[i].buf_len;
		/* Each call is a line of its own. */
		if (left && part[i].buf[left - 1] == '\n')
			left--;
		if (left)
			hostcall_debug((const char *)part[i].buf, left);
		length += part[i].buf_len;
	}
	*AT(size_t, written) = length;
	return __WASI_ERRNO_SUCCESS;
}

SYSTEM(fd_close)(int32_t file)
{
	(void)file;
	return __WASI_ERRNO_BADF;
}

SYSTEM(fd_seek)(int32_t file, int64_t offset, int32_t whence, int32_t at)
{
	(void)file, (void)offset, (void)whence, (void)at;
	return __WASI_ERRNO_SPIPE;
}

/* A character device: lines are written when they end. */
SYSTEM(fd_fdstat_get)(int32_t file, int32_t to)
{
	if (file < 0 || file > 2)
		return __WASI_ERRNO_BADF;
	*AT(__wasi_fdstat_t, to) = (__wasi_fdstat_t){
			.fs_filetype = __WASI_FILETYPE_CHARACTER_DEVICE,
			.fs_rights_base = __WASI_RIGHTS_FD_WRITE,
	};
	return __WASI_ERRNO_SUCCESS;
}

SYSTEM(clock_time_get)(int32_t clock, int64_t precision, int32_t to)
{
	uint32_t nanoseconds;
	(void)clock, (void)precision;
	int64_t seconds = hostcall_time_now(&nanoseconds);
	*AT(uint64_t, to) = (uint64_t)seconds * 1000000000 + nanoseconds;
	return __WASI_ERRNO_SUCCESS;
}

SYSTEM(random_get)(int32_t to, int32_t length)
{
	uint8_t *at = AT(uint8_t, to);
	for (uint32_t i = 0; i < (uint32_t)length; i++)
		at[i] = (uint8_t)hostcall_rng_next_u64();
	return __WASI_ERRNO_SUCCESS;
}

SYSTEM(environ_sizes_get)(int32_t count, int32_t size)
{
	*AT(uint32_t, count) = *AT(uint32_t, size) = 0;
	return __WASI_ERRNO_SUCCESS;
}

SYSTEM(environ_get)(int32_t pointers, int32_t text)
{
	(void)pointers, (void)text;
	return __WASI_ERRNO_SUCCESS;
}

_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code)
{
	(void)code;
	__builtin_trap();
}
