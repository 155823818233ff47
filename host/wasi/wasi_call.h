/*
 * wasi_call.h: one call from a guest: its arguments, its memory, its errors. Every
 * pointer of the guest passes through here: checked in 64 bits against the memory,
 * copied in once before it is looked at.
 */
#ifndef SELVAGE_HOST_WASI_CALL_H
#define SELVAGE_HOST_WASI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/wasi/wasi_abi.h"
#include "runtime/selvage.h"

struct wasi;

struct wasi_call {
	struct wasi *wasi;
	struct sv_caller *caller;
	enum sv_host_result result; /* stays SV_HOST_OK unless the call ends the guest */
};

/* A function of wasi.def. */
typedef enum wasi_errno (*wasi_function)(struct wasi_call *call,
		const union sv_value *arguments);

#define WASI_FUNCTION(name, signature, modules) \
	enum wasi_errno wasi_##name(struct wasi_call *call, const union sv_value *arguments);
#include "host/wasi/wasi.def"
#undef WASI_FUNCTION

/* An argument as the unsigned number it is in the specification. */
static inline uint32_t wasi_u32(const union sv_value *arguments, unsigned index)
{
	return (uint32_t)arguments[index].i32;
}

static inline uint64_t wasi_u64(const union sv_value *arguments, unsigned index)
{
	return (uint64_t)arguments[index].i64;
}

/* What the guest is told of a host's errno. */
enum wasi_errno wasi_errno_of_host(int host);

/* The same for a system call's result: success if it is 0, else errno. */
enum wasi_errno wasi_errno_of_result(int result);

/* Copy from or to the guest's memory; false if any byte is outside. */
bool wasi_copy_in(struct wasi_call *call, void *to, uint64_t address, size_t length);
bool wasi_copy_out(struct wasi_call *call, uint64_t address, const void *from, size_t length);
bool wasi_put_u32(struct wasi_call *call, uint64_t address, uint32_t value);
bool wasi_put_u64(struct wasi_call *call, uint64_t address, uint64_t value);

/* True if `length` bytes at `address` are inside, so that a later copy cannot fail. */
bool wasi_is_inside(struct wasi_call *call, uint64_t address, uint64_t length);

/* Buffers of one read or write. The limit is the system's own for readv. */
#define WASI_MAX_IOVECS 1024u

/* Buffers in guest memory; only the first `count` are set. */
struct wasi_vector {
	struct iovec buffers[WASI_MAX_IOVECS];
	unsigned count;
};

/* Read the guest's array of `count` buffers and check each: INVAL if too many, else FAULT. */
enum wasi_errno wasi_vector_read(struct wasi_call *call, struct wasi_vector *vector,
		uint32_t address, uint32_t count);

#endif
