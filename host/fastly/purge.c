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
static const char answer[] = "{\"status\":\"ok\",\"id\":\"local\"}";
static const uint32_t answer_length = sizeof answer - 1;

/* Where it goes; before anything is purged. */
static bool purge_has_places(struct fastly_call *call, const struct purge_options *options)
{
	bool fits = options->length >= answer_length;
	return fastly_view(call, options->written, sizeof answer_length) &&
			fastly_view(call, options->room, fits ? answer_length : 0);
}

static enum fastly_status purge_tell(struct fastly_call *call, const struct purge_options *options)
{
	void *written = fastly_range(call, options->written, sizeof answer_length);
	void *room = fastly_range(call, options->room, 0);
	if (!written || !room)
		return FASTLY_INVAL;
	memcpy(written, &answer_length, sizeof answer_length);
	if (options->length < answer_length)
		return FASTLY_BUFLEN;
	memcpy(room, answer, answer_length);
	return FASTLY_OK;
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
			(!fastly_read(call, fastly_argument(call, 3), &options, sizeof options) ||
					!purge_has_places(call, &options)))
		return FASTLY_INVAL;
	cache_purge(call->guest->service->cache, surrogate, mask & PURGE_SOFT, host_now());
	return mask & PURGE_TELL ? purge_tell(call, &options) : FASTLY_OK;
}
