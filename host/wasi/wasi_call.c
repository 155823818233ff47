/*
 * wasi_call.c: checked copies between guest and host, and the translation of errors.
 * What the bytes mean is for the files of the areas.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <string.h>

enum wasi_errno wasi_errno_of_host(int host)
{
	switch (host) {
#define WASI_NO_HOST -1
#define WASI_ERRNO(number, name, host) \
	case host: \
		return WASI_ERRNO_##name;
#include "host/wasi/wasi_errno.def"
#undef WASI_ERRNO
#undef WASI_NO_HOST
	default:
		return WASI_ERRNO_IO;
	}
}

enum wasi_errno wasi_errno_of_result(int result)
{
	return result == 0 ? WASI_ERRNO_SUCCESS : wasi_errno_of_host(errno);
}

bool wasi_is_inside(struct wasi_call *call, uint64_t address, uint64_t length)
{
	return sv_caller_view(call->caller, address, length) != NULL;
}

bool wasi_copy_in(struct wasi_call *call, void *to, uint64_t address, size_t length)
{
	const void *from = sv_caller_view(call->caller, address, length);
	if (!from)
		return false;
	if (length)
		memcpy(to, from, length);
	return true;
}

bool wasi_copy_out(struct wasi_call *call, uint64_t address, const void *from, size_t length)
{
	void *to = sv_caller_range(call->caller, address, length);
	if (!to)
		return false;
	if (length)
		memcpy(to, from, length);
	return true;
}

bool wasi_put_u32(struct wasi_call *call, uint64_t address, uint32_t value)
{
	return wasi_copy_out(call, address, &value, sizeof(value));
}

bool wasi_put_u64(struct wasi_call *call, uint64_t address, uint64_t value)
{
	return wasi_copy_out(call, address, &value, sizeof(value));
}

enum wasi_errno wasi_vector_read(struct wasi_call *call, struct wasi_vector *vector,
		uint32_t address, uint32_t count)
{
	vector->count = 0;
	if (count > WASI_MAX_IOVECS)
		return WASI_ERRNO_INVAL;
	for (uint32_t i = 0; i < count; i++) {
		struct wasi_iovec guest;
		if (!wasi_copy_in(call, &guest, address + (uint64_t)i * sizeof(guest),
				sizeof(guest)))
			return WASI_ERRNO_FAULT;
		void *data = sv_caller_range(call->caller, guest.address, guest.length);
		if (!data)
			return WASI_ERRNO_FAULT;
		vector->buffers[i] = (struct iovec){data, guest.length};
	}
	vector->count = count;
	return WASI_ERRNO_SUCCESS;
}
