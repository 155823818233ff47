/*
 * response.c: see response.h. The guest's fields with names of ours are left out.
 */
#include "server/response.h"

#include "host/lend.h"

#define NAME(text) {(const uint8_t *)(text), sizeof(text) - 1}

static bool name_is_among(struct sv_bytes name, const struct sv_bytes *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (host_name_equal(name, names[i]))
			return true;
	}
	return false;
}

bool response_field_is_ours(struct sv_bytes name)
{
	static const struct sv_bytes ours[] = {NAME("Connection"), NAME("Content-Length"),
			NAME("Date"), NAME("Keep-Alive"), NAME("Proxy-Connection"), NAME("Server"),
			NAME("TE"), NAME("Trailer"), NAME("Transfer-Encoding"), NAME("Upgrade")};
	return name_is_among(name, ours, ARRAY_LENGTH(ours));
}

bool response_field_is_for_heads(struct sv_bytes name)
{
	static const struct sv_bytes heads[] = {NAME("Age"), NAME("Authorization"),
			NAME("Cache-Control"), NAME("Content-Encoding"), NAME("Content-Range"),
			NAME("Content-Type"), NAME("Expires"), NAME("Host"), NAME("Location"),
			NAME("Retry-After"), NAME("Set-Cookie"), NAME("Vary"),
			NAME("WWW-Authenticate")};
	return name_is_among(name, heads, ARRAY_LENGTH(heads)) || response_field_is_ours(name);
}

bool response_has_content(int status)
{
	return status != 204 && status != 304;
}

int64_t response_length(const struct host_response *response, bool is_head, int64_t more)
{
	if (!response_has_content(response->status) || response->is_packed)
		return -1;
	if ((is_head || more < 0) && response->announced >= 0)
		return response->announced;
	return more < 0 ? -1 : (int64_t)host_response_body(response).length + more;
}

/* The text of a second is made once. */
const char *response_date(time_t time)
{
	static _Thread_local time_t made_for;
	static _Thread_local char text[40];
	struct tm parts;
	if (time != made_for && gmtime_r(&time, &parts)) {
		strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
		made_for = time;
	}
	return text;
}
