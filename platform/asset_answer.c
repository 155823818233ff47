/*
 * asset_answer.c: see asset_answer.h. Of several ranges none is taken: the answer is the whole
 * file, which a server may always send (RFC 9110, 14.2).
 */
#include "platform/asset_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/lend.h"
#include "platform/live.h"

struct range {
	uint64_t from, length;
};

enum range_kind { RANGE_NONE, RANGE_ONE, RANGE_OUTSIDE };

static bool text_equals(struct sv_bytes text, const char *other)
{
	return text.length == strlen(other) && memcmp(text.data, other, text.length) == 0;
}

bool asset_method(const struct host_request *request)
{
	return text_equals(request->method, "GET") || text_equals(request->method, "HEAD");
}

/* ---- conditions ---- */

/*
 * The tag is in a list of tags, or that is "*". Tags have no quotes inside. Compared weakly, since
 * ours are strong: W/ in front is looked over, or with `is_strong` never matches.
 */
static bool tags_have(struct sv_bytes list, const char *etag, bool is_strong)
{
	const char *at = (const char *)list.data, *end = at + list.length;
	if (text_equals(list, "*"))
		return true;
	while (at < end) {
		bool is_weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
		const char *tag = at + (is_weak ? 2 : 0);
		const char *close = tag < end && *tag == '"'
				? memchr(tag + 1, '"', (size_t)(end - tag - 1))
				: NULL;
		if (!close) {
			at++;
			continue;
		}
		struct sv_bytes found = {(const uint8_t *)tag, (size_t)(close - tag + 1)};
		if (!(is_weak && is_strong) && text_equals(found, etag))
			return true;
		at = close + 1;
	}
	return false;
}

static bool header_has(const struct host_request *request, const char *name, const char *etag,
		bool is_strong, bool missing)
{
	const struct host_header *header = host_request_header(request, name);
	return header ? tags_have(header->value, etag, is_strong) : missing;
}

/* ---- ranges ---- */

/* Decimal digits; false if there are none. More than fits is the most that does. */
static bool digits_take(const char **at, const char *end, uint64_t *number)
{
	const char *from = *at;
	*number = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
		*number = *number > UINT64_MAX / 10 - 9 ? UINT64_MAX
							: *number * 10 + (uint64_t)(**at - '0');
	return *at > from;
}

/* "bytes=FROM-", "bytes=FROM-LAST", "bytes=-COUNT"; what is none of them is no range at all. */
static enum range_kind range_parse(struct sv_bytes text, uint64_t size, struct range *range)
{
	static const char unit[] = "bytes=";
	const char *at = (const char *)text.data, *end = at + text.length;
	uint64_t from, last = UINT64_MAX;
	if (text.length < sizeof unit || strncasecmp(at, unit, sizeof unit - 1) != 0)
		return RANGE_NONE;
	at += sizeof unit - 1;
	bool has_from = digits_take(&at, end, &from);
	if (at == end || *at++ != '-')
		return RANGE_NONE;
	bool has_last = digits_take(&at, end, &last);
	if (at != end || (!has_from && !has_last) || (has_from && has_last && last < from))
		return RANGE_NONE;
	if (!has_from) { /* so many at the end */
		from = last < size ? size - last : 0;
		if (last == 0 || size == 0)
			return RANGE_OUTSIDE;
		last = UINT64_MAX;
	} else if (!has_last) {
		last = UINT64_MAX;
	}
	if (from >= size)
		return RANGE_OUTSIDE;
	range->from = from;
	range->length = (last < size - 1 ? last : size - 1) - from + 1;
	return RANGE_ONE;
}

static enum range_kind request_range(const struct host_request *request, const struct asset *asset,
		struct range *range)
{
	const struct host_header *header = host_request_header(request, "range");
	if (!header || !text_equals(request->method, "GET") ||
			!header_has(request, "if-range", asset->etag, true, true))
		return RANGE_NONE;
	return range_parse(header->value, asset->content.length, range);
}

/* ---- the answer ---- */

static void live_give_back(void *live)
{
	live_release(live);
}

static bool answer_add(struct host_response *response, const char *name, const char *value)
{
	return host_response_add(response, host_text(name), host_text(value), NULL);
}

/* 304 and 412: no content. */
static bool answer_empty(const struct asset *asset, int status, struct host_response *response)
{
	response->status = status;
	return answer_add(response, "ETag", asset->etag);
}

static bool answer_outside(const struct asset *asset, struct host_response *response)
{
	char text[48];
	response->status = 416;
	snprintf(text, sizeof text, "bytes */%zu", asset->content.length);
	return answer_add(response, "Content-Range", text);
}

/* With the content as it is in its mapping. */
static bool answer_content(const struct asset *asset, const struct range *range,
		struct host_response *response, struct live *live)
{
	char text[80];
	struct sv_bytes part = asset->content;
	if (range) {
		response->status = 206;
		part = (struct sv_bytes){part.data + range->from, (size_t)range->length};
		snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%zu", range->from,
				range->from + range->length - 1, asset->content.length);
		if (!answer_add(response, "Content-Range", text))
			return false;
	}
	host_response_lend(response, part, live_give_back, live_take(live));
	return answer_add(response, "Content-Type", asset->type) &&
			answer_add(response, "ETag", asset->etag) &&
			answer_add(response, "Accept-Ranges", "bytes") &&
			answer_add(response, "X-Content-Type-Options", "nosniff");
}

bool asset_answer(const struct asset *asset, const struct host_request *request,
		struct host_response *response, struct live *live)
{
	struct range range;
	host_response_reset(response);
	if (!header_has(request, "if-match", asset->etag, true, true))
		return answer_empty(asset, 412, response);
	if (header_has(request, "if-none-match", asset->etag, false, false))
		return answer_empty(asset, 304, response);
	switch (request_range(request, asset, &range)) {
	case RANGE_OUTSIDE:
		return answer_outside(asset, response);
	case RANGE_ONE:
		return answer_content(asset, &range, response, live);
	case RANGE_NONE:
		break;
	}
	return answer_content(asset, NULL, response, live);
}
