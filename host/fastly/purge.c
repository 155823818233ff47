/*
 * purge.c: dropping from the cache what has a surrogate key (fastly_purge).
 */
#include <string.h>

#include "host/cache/cache.h"
#include "host/fastly/fastly.h"
#include "host/fastly/service.h"

enum { PURGE_SOFT = 1 << 0, PURGE_TELL = 1 << 1 };

/* As it is in the guest's memory. */
struct purge_options {
	uint32_t room, length, written;
};

/* What Fastly's API answers: an identifier of the purge. */
static enum fastly_status purge_tell(struct fastly_call *call, const struct purge_options *options)
{
	static const char answer[] = "{\"status\":\"ok\",\"id\":\"local\"}";
	uint32_t length = sizeof answer - 1;
	bool fits = options->length >= length;
	void *written = fastly_range(call, options->written, sizeof length);
	void *room = fastly_range(call, options->room, fits ? length : 0);
	if (!written || !room)
		return FASTLY_INVAL;
	memcpy(written, &length, sizeof length);
	if (fits)
		memcpy(room, answer, length);
	return fits ? FASTLY_OK : FASTLY_BUFLEN;
}

enum fastly_status fastly_purge_purge_surrogate_key(struct fastly_call *call)
{
	struct purge_options options = {0};
	struct sv_bytes surrogate;
	uint32_t mask = fastly_argument(call, 2);
	if (!fastly_bytes(call, 0, &surrogate) || !surrogate.length ||
			surrogate.length > CACHE_MAX_SURROGATE ||
			memchr(surrogate.data, ' ', surrogate.length))
		return FASTLY_INVAL;
	if (mask & PURGE_TELL &&
			!fastly_read(call, fastly_argument(call, 3), &options, sizeof options))
		return FASTLY_INVAL;
	cache_purge(call->guest->service->cache, surrogate, mask & PURGE_SOFT, host_now());
	return mask & PURGE_TELL ? purge_tell(call, &options) : FASTLY_OK;
}
