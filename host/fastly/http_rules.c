/*
 * http_rules.c: see http_rules.h.
 */
#include "host/fastly/http_rules.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- fields ---- */

struct sv_bytes http_field(const struct host_response *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (host_name_equal(field.name, host_text(name)))
			return field.value;
	}
	return (struct sv_bytes){0};
}

/* The next part of a list with commas between, which may stand in quotes. */
static bool list_next(struct sv_bytes *list, struct sv_bytes *part)
{
	bool is_quoted = false;
	size_t at = 0;
	if (!list->length)
		return false;
	for (; at < list->length && (is_quoted || list->data[at] != ','); at++)
		is_quoted ^= list->data[at] == '"';
	*part = bytes_trim((struct sv_bytes){list->data, at});
	at += at < list->length;
	list->data += at;
	list->length -= at;
	return true;
}

bool http_directive(struct sv_bytes field, const char *name, struct sv_bytes *value)
{
	struct sv_bytes part;
	size_t length = strlen(name);
	while (list_next(&field, &part)) {
		const uint8_t *sign = part.length ? memchr(part.data, '=', part.length) : NULL;
		struct sv_bytes key = {part.data, sign ? (size_t)(sign - part.data) : part.length};
		if (key.length != length || strncasecmp((const char *)key.data, name, length) != 0)
			continue;
		*value = sign ? (struct sv_bytes){sign + 1, part.length - length - 1}
			      : (struct sv_bytes){0};
		if (value->length >= 2 && value->data[0] == '"') {
			value->data++;
			value->length -= 2;
		}
		return true;
	}
	return false;
}

/* Of all fields of one name. */
static bool directive_of(const struct host_response *head, const char *field, const char *name,
		struct sv_bytes *value)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header one = host_response_field(head, i);
		if (host_name_equal(one.name, host_text(field)) &&
				http_directive(one.value, name, value))
			return true;
	}
	return false;
}

/* A number of seconds; what is none is `otherwise` (RFC 9111, 4.2.1: then it is stale). */
static uint64_t seconds_of(struct sv_bytes text, uint64_t otherwise)
{
	uint64_t seconds = 0;
	if (!text.length)
		return otherwise;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return otherwise;
		if (seconds < UINT32_MAX)
			seconds = seconds * 10 + (uint64_t)(text.data[i] - '0');
	}
	return seconds < UINT32_MAX ? seconds : UINT32_MAX;
}

/* ---- times ---- */

int64_t http_time(struct sv_bytes text)
{
	static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT",
			"%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
	char copy[64];
	if (!text.length || text.length >= sizeof copy)
		return -1;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct tm tm = {0};
		const char *end = strptime(copy, formats[i], &tm);
		if (end && !*end)
			return timegm(&tm);
	}
	return -1;
}

/* ---- how long ---- */

static uint64_t lifetime_of(const struct host_response *head)
{
	struct sv_bytes value;
	if (directive_of(head, "Surrogate-Control", "max-age", &value) ||
			directive_of(head, "Cache-Control", "s-maxage", &value) ||
			directive_of(head, "Cache-Control", "max-age", &value))
		return seconds_of(value, 0);
	value = http_field(head, "Expires");
	if (!value.data)
		return HTTP_DEFAULT_SECONDS;
	int64_t expires = http_time(value), date = http_time(http_field(head, "Date"));
	if (date < 0)
		date = time(NULL);
	uint64_t seconds = expires > date ? (uint64_t)(expires - date) : 0;
	return seconds < UINT32_MAX ? seconds : UINT32_MAX; /* as other numbers of seconds */
}

static uint64_t stale_of(const struct host_response *head, const char *name)
{
	struct sv_bytes value;
	if (directive_of(head, "Surrogate-Control", name, &value) ||
			directive_of(head, "Cache-Control", name, &value))
		return seconds_of(value, 0);
	return 0;
}

struct http_freshness http_freshness_of(const struct host_response *head)
{
	return (struct http_freshness){
			.max_age = lifetime_of(head),
			.age = seconds_of(http_field(head, "Age"), 0),
			.stale_while = stale_of(head, "stale-while-revalidate"),
			.stale_if_error = stale_of(head, "stale-if-error"),
	};
}

/* ---- whether ---- */

static bool status_is_kept(int status)
{
	static const int kept[] = {200, 203, 300, 301, 302, 307, 308, 404, 410};
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (kept[i] == status)
			return true;
	}
	return false;
}

enum http_action http_action_of(const struct host_response *head, bool is_timed)
{
	struct sv_bytes value;
	if (head->status >= 500)
		return HTTP_DO_NOT_STORE;
	bool is_forbidden = directive_of(head, "Cache-Control", "no-store", &value) ||
			directive_of(head, "Cache-Control", "private", &value) ||
			directive_of(head, "Cache-Control", "no-cache", &value) ||
			directive_of(head, "Surrogate-Control", "no-store", &value) ||
			directive_of(head, "Vary", "*", &value);
	/* What is meant for one client would reach others. */
	bool is_personal = http_field(head, "Set-Cookie").data != NULL;
	if (is_forbidden || is_personal || !status_is_kept(head->status))
		return HTTP_RECORD_UNCACHEABLE;
	struct http_freshness fresh = http_freshness_of(head);
	bool is_worth = is_timed || fresh.max_age > fresh.age || fresh.stale_while ||
			fresh.stale_if_error || http_field(head, "ETag").data ||
			http_field(head, "Last-Modified").data;
	return is_worth ? HTTP_INSERT : HTTP_RECORD_UNCACHEABLE;
}

bool http_vary_of(const struct host_response *head, struct buffer *names)
{
	struct sv_bytes name;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		struct sv_bytes list = field.value;
		if (!host_name_equal(field.name, host_text("Vary")))
			continue;
		while (list_next(&list, &name)) {
			if (!name.length)
				continue;
			TRY(!names->length || buffer_append(names, " ", 1, NULL));
			TRY(buffer_append(names, name.data, name.length, NULL));
		}
	}
	return true;
}

/* ---- what a client has ---- */

bool http_is_conditional(struct sv_bytes name)
{
	static const char *const names[] = {"If-Match", "If-None-Match", "If-Modified-Since",
			"If-Unmodified-Since", "If-Range", "Range"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (host_name_equal(name, host_text(names[i])))
			return true;
	}
	return false;
}

/* Without what says that only the meaning is the same. */
static struct sv_bytes tag_opaque(struct sv_bytes tag)
{
	if (tag.length >= 2 && memcmp(tag.data, "W/", 2) == 0)
		return (struct sv_bytes){tag.data + 2, tag.length - 2};
	return tag;
}

static bool bytes_equal(struct sv_bytes a, struct sv_bytes b)
{
	return a.length == b.length && (!a.length || memcmp(a.data, b.data, a.length) == 0);
}

bool http_is_not_modified(const struct host_response *request, const struct host_response *stored)
{
	struct sv_bytes list = http_field(request, "If-None-Match"), tag;
	struct sv_bytes own = http_field(stored, "ETag");
	if (stored->status != 200)
		return false;
	if (list.data) {
		while (list_next(&list, &tag)) {
			if (bytes_equal(tag, host_text("*")) ||
					(own.data && bytes_equal(tag_opaque(tag), tag_opaque(own))))
				return true;
		}
		return false;
	}
	int64_t since = http_time(http_field(request, "If-Modified-Since"));
	int64_t modified = http_time(http_field(stored, "Last-Modified"));
	return since >= 0 && modified >= 0 && modified <= since;
}

/* If-Range: a strong tag or a time that are exactly those of the response. */
static bool range_applies(const struct host_response *request, const struct host_response *stored)
{
	struct sv_bytes condition = http_field(request, "If-Range");
	if (!condition.data)
		return true;
	if (condition.length && condition.data[0] == '"')
		return bytes_equal(condition, http_field(stored, "ETag"));
	int64_t time = http_time(condition);
	return time >= 0 && time == http_time(http_field(stored, "Last-Modified"));
}

enum http_range http_range_of(const struct host_response *request,
		const struct host_response *stored, uint64_t length, uint64_t *from, uint64_t *end)
{
	static const char unit[] = "bytes=";
	struct sv_bytes text = http_field(request, "Range");
	size_t skip = sizeof unit - 1;
	if (stored->status != 200 || text.length <= skip || memcmp(text.data, unit, skip) != 0 ||
			!range_applies(request, stored))
		return HTTP_RANGE_NONE;
	text = bytes_trim((struct sv_bytes){text.data + skip, text.length - skip});
	const uint8_t *dash = text.length ? memchr(text.data, '-', text.length) : NULL;
	/* Several ranges would need a body in parts: all of it is allowed instead. */
	if (!dash || memchr(text.data, ',', text.length))
		return HTTP_RANGE_NONE;
	struct sv_bytes first = {text.data, (size_t)(dash - text.data)};
	struct sv_bytes last = {dash + 1, text.length - first.length - 1};
	uint64_t a = seconds_of(first, UINT64_MAX), b = seconds_of(last, UINT64_MAX);
	if ((first.length && a == UINT64_MAX) || (last.length && b == UINT64_MAX) ||
			(!first.length && !last.length) || (first.length && last.length && b < a))
		return HTTP_RANGE_NONE;
	if (!first.length) {
		*from = b < length ? length - b : 0;
		*end = length;
		return b && length ? HTTP_RANGE_FOUND : HTTP_RANGE_OUTSIDE;
	}
	*from = a;
	*end = last.length && b < length ? b + 1 : length;
	return a < length ? HTTP_RANGE_FOUND : HTTP_RANGE_OUTSIDE;
}
