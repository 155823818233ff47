/*
 * memory.c: guest memory as arguments of Fastly's functions name it.
 */
#include <string.h>

#include "host/fastly/fastly.h"

void *fastly_range(struct fastly_call *call, uint32_t address, size_t length)
{
	return call->memory ? sv_memory_range(call->memory, address, length) : NULL;
}

const void *fastly_view(struct fastly_call *call, uint32_t address, size_t length)
{
	uint64_t size = call->memory ? sv_memory_size(call->memory) : 0;
	if (!call->memory || address > size || length > size - address)
		return NULL;
	return sv_memory_view(call->memory) + address;
}

bool fastly_bytes_at(struct fastly_call *call, uint32_t address, uint32_t length,
		struct sv_bytes *bytes)
{
	bytes->length = length;
	bytes->data = fastly_view(call, address, length);
	return bytes->data != NULL;
}

bool fastly_bytes(struct fastly_call *call, unsigned index, struct sv_bytes *bytes)
{
	return fastly_bytes_at(call, fastly_argument(call, index), fastly_argument(call, index + 1),
			bytes);
}

bool fastly_read(struct fastly_call *call, uint32_t address, void *to, size_t length)
{
	const void *from = fastly_view(call, address, length);
	if (from)
		memcpy(to, from, length);
	return from != NULL;
}

bool fastly_is_place(struct fastly_call *call, unsigned index, size_t length)
{
	return fastly_view(call, fastly_argument(call, index), length) != NULL;
}

static enum fastly_status give(struct fastly_call *call, uint32_t address, const void *from,
		size_t length)
{
	void *to = fastly_range(call, address, length);
	if (!to)
		return FASTLY_INVAL;
	if (length)
		memcpy(to, from, length);
	return FASTLY_OK;
}

enum fastly_status fastly_put(struct fastly_call *call, unsigned index, const void *from,
		size_t length)
{
	return give(call, fastly_argument(call, index), from, length);
}

enum fastly_status fastly_give_u16(struct fastly_call *call, unsigned index, uint16_t value)
{
	return give(call, fastly_argument(call, index), &value, sizeof value);
}

enum fastly_status fastly_give_u32(struct fastly_call *call, unsigned index, uint32_t value)
{
	return give(call, fastly_argument(call, index), &value, sizeof value);
}

enum fastly_status fastly_give_u64(struct fastly_call *call, unsigned index, uint64_t value)
{
	return give(call, fastly_argument(call, index), &value, sizeof value);
}

enum fastly_status fastly_give(struct fastly_call *call, unsigned index, struct sv_bytes bytes)
{
	uint32_t room = fastly_argument(call, index + 1);
	bool fits = bytes.length <= room;
	if (!fastly_is_place(call, index, fits ? bytes.length : 0))
		return FASTLY_INVAL;
	enum fastly_status status = fastly_give_u32(call, index + 2, (uint32_t)bytes.length);
	if (status != FASTLY_OK)
		return status;
	return fits ? give(call, fastly_argument(call, index), bytes.data, bytes.length)
		    : FASTLY_BUFLEN;
}
