/*
 * wasm2c_host.c: runs a program that wasm2c has made C of. Serves the few WASI functions
 * that a C program imports which prints and exits; files are not for it to open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <program.h>
#include <wasm-rt-impl.h>

#define HOST(name) Z_wasi_snapshot_preview1Z_##name

/* WASI errno values. */
enum { OK = 0, BADF = 8, INVAL = 28, SPIPE = 70 };

/* The name is wasm2c's; it hands the host back with every call. */
#define HOST_TYPE struct Z_wasi_snapshot_preview1_instance_t

HOST_TYPE
{
	wasm_rt_memory_t *memory;
};

static void *range(HOST_TYPE *host, u32 address, u32 length)
{
	if ((u64)address + length > host->memory->size)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	return host->memory->data + address;
}

u32 HOST(fd_write)(HOST_TYPE *host, u32 fd, u32 vectors, u32 count, u32 written)
{
	u32 sum = 0;

	if (fd != 1 && fd != 2)
		return BADF;
	for (u32 i = 0; i < count; i++) {
		u32 slice[2];

		memcpy(slice, range(host, vectors + 8 * i, 8), 8);
		if (fwrite(range(host, slice[0], slice[1]), 1, slice[1], stdout) != slice[1])
			return INVAL;
		sum += slice[1];
	}
	memcpy(range(host, written, 4), &sum, 4);
	return OK;
}

u32 HOST(fd_fdstat_get)(HOST_TYPE *host, u32 fd, u32 result)
{
	u8 *stat = range(host, result, 24);

	if (fd > 2)
		return BADF;
	memset(stat, 0, 24);
	stat[0] = 2; /* a character device: the C library writes lines */
	memset(stat + 8, 0xff, 8);
	return OK;
}

u32 HOST(fd_seek)(HOST_TYPE *host, u32 fd, u64 offset, u32 whence, u32 result)
{
	(void)host, (void)fd, (void)offset, (void)whence, (void)result;
	return SPIPE;
}

u32 HOST(fd_close)(HOST_TYPE *host, u32 fd)
{
	(void)host;
	return fd > 2 ? BADF : OK;
}

u32 HOST(clock_time_get)(HOST_TYPE *host, u32 clock, u64 precision, u32 result)
{
	struct timespec now;
	u64 nanoseconds;

	(void)precision;
	if (clock_gettime(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now) != 0)
		return INVAL;
	nanoseconds = (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
	memcpy(range(host, result, 8), &nanoseconds, 8);
	return OK;
}

u32 HOST(environ_sizes_get)(HOST_TYPE *host, u32 count, u32 size)
{
	memset(range(host, count, 4), 0, 4);
	memset(range(host, size, 4), 0, 4);
	return OK;
}

u32 HOST(environ_get)(HOST_TYPE *host, u32 list, u32 bytes)
{
	(void)host, (void)list, (void)bytes;
	return OK;
}

/* There are no files: the C library looks for folders and finds none. */
#define NO_FILE(name, ...) \
	u32 HOST(name)(HOST_TYPE * host, __VA_ARGS__) \
	{ \
		return BADF; \
	}

NO_FILE(fd_prestat_get, u32 fd, u32 result)
NO_FILE(fd_prestat_dir_name, u32 fd, u32 path, u32 length)
NO_FILE(fd_read, u32 fd, u32 vectors, u32 count, u32 result)
NO_FILE(fd_renumber, u32 from, u32 to)
NO_FILE(fd_fdstat_set_flags, u32 fd, u32 flags)
NO_FILE(path_open, u32 fd, u32 how, u32 path, u32 length, u32 flags, u64 rights, u64 inherited,
		u32 fd_flags, u32 result)

void HOST(proc_exit)(HOST_TYPE *host, u32 code)
{
	(void)host;
	fflush(stdout);
	exit((int)code);
}

int main(void)
{
	static Z_program_instance_t program;
	static HOST_TYPE host;
	wasm_rt_trap_t trap;

	wasm_rt_init();
	Z_program_init_module();
	Z_program_instantiate(&program, &host);
	host.memory = Z_programZ_memory(&program);
	trap = wasm_rt_impl_try();
	if (trap != WASM_RT_TRAP_NONE) {
		fprintf(stderr, "trap: %s\n", wasm_rt_strerror(trap));
		return 134;
	}
	Z_programZ__start(&program);
	return fflush(stdout) != 0;
}
