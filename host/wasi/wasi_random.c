/*
 * wasi_random.c: random_get, from the kernel's generator.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <sys/random.h>

/*
 * Bytes of one system call. A request up to this is filled whatever signals come. A longer
 * one could keep the thread for seconds, so a signal (the deadline's) ends it with INTR.
 */
#define RANDOM_CHUNK (UINT64_C(1) << 20)

static enum wasi_errno random_fill(uint8_t *bytes, uint64_t length, bool interruptible)
{
	while (length > 0) {
		uint64_t wanted = length < RANDOM_CHUNK ? length : RANDOM_CHUNK;
		ssize_t got = getrandom(bytes, wanted, 0);
		if (got < 0 && errno != EINTR)
			return wasi_errno_of_host(errno);
		if (got < (ssize_t)wanted && interruptible)
			return WASI_ERRNO_INTR;
		if (got > 0) {
			bytes += got;
			length -= (uint64_t)got;
		}
	}
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_random_get(struct wasi_call *call, const union sv_value *arguments)
{
	uint64_t length = wasi_u32(arguments, 1);
	uint8_t *bytes = sv_caller_range(call->caller, wasi_u32(arguments, 0), length);
	if (!bytes)
		return WASI_ERRNO_FAULT;
	return random_fill(bytes, length, length > RANDOM_CHUNK);
}
