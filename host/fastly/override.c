/*
 * override.c: what a guest says about a request's response before there is one: how it is kept
 * (fastly_http_req.cache_override_set and its relatives), and that it is wanted uncompressed.
 */
#include <string.h>

#include "host/fastly/fastly.h"

/* Of what is said, in all versions of the call. */
enum {
	OVERRIDE_PASS = 1 << 0,
	OVERRIDE_TTL = 1 << 1,
	OVERRIDE_STALE_WHILE = 1 << 2,
	OVERRIDE_SENSITIVE = 1 << 3,
};

static struct fastly_message *request_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0));
}

/* What was said before is forgotten. */
static enum fastly_status override_set(struct fastly_call *call, uint32_t ttl, uint32_t stale_while,
		struct sv_bytes surrogates)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_message *message = request_of(call);
	uint32_t tag = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (surrogates.length > CACHE_MAX_SURROGATES)
		return FASTLY_INVAL;
	if (!fastly_may_hold(guest, surrogates.length))
		return FASTLY_LIMITEXCEEDED;
	struct buffer text = message->override.surrogates;
	guest->held -= text.length;
	text.length = 0;
	if (!buffer_append(&text, surrogates.data, surrogates.length, NULL)) {
		message->override.surrogates.length = 0;
		return FASTLY_ERROR;
	}
	guest->held += text.length;
	message->override = (struct fastly_override){
			.is_pass = tag & OVERRIDE_PASS,
			.has_ttl = tag & OVERRIDE_TTL,
			.has_stale_while = tag & OVERRIDE_STALE_WHILE,
			.is_sensitive = tag & OVERRIDE_SENSITIVE,
			.ttl = ttl,
			.stale_while = stale_while,
			.surrogates = text,
	};
	return FASTLY_OK;
}

enum fastly_status fastly_http_req_cache_override_set(struct fastly_call *call)
{
	return override_set(call, fastly_argument(call, 2), fastly_argument(call, 3),
			(struct sv_bytes){0});
}

enum fastly_status fastly_http_req_cache_override_v2_set(struct fastly_call *call)
{
	struct sv_bytes surrogates;
	if (!fastly_bytes(call, 4, &surrogates))
		return FASTLY_INVAL;
	return override_set(call, fastly_argument(call, 2), fastly_argument(call, 3), surrogates);
}

/* As it is in the guest's memory. How long a lookup may take is for those that guests make. */
struct override_options {
	uint32_t ttl, stale_while, surrogates, surrogates_length, lookup_time;
};

enum fastly_status fastly_http_req_cache_override_v3_set(struct fastly_call *call)
{
	struct override_options options;
	struct sv_bytes surrogates;
	if (!fastly_read(call, fastly_argument(call, 2), &options, sizeof options) ||
			!fastly_bytes_at(call, options.surrogates, options.surrogates_length,
					&surrogates))
		return FASTLY_INVAL;
	return override_set(call, options.ttl, options.stale_while, surrogates);
}

/* The one that there is. */
#define ENCODING_GZIP 1u

enum fastly_status fastly_http_req_auto_decompress_response_set(struct fastly_call *call)
{
	struct fastly_message *message = request_of(call);
	uint32_t encodings = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (encodings & ~ENCODING_GZIP)
		return FASTLY_UNSUPPORTED;
	message->unpacks = encodings != 0;
	return FASTLY_OK;
}
