/*
 * url.c: absolute URLs of guests, and those that responses redirect to.
 */
#include "host/terrarium/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/curl.h"

void terrarium_url_finish(struct terrarium_url *url)
{
	buffer_finish(&url->text);
	buffer_finish(&url->path);
}

/* A part as a string, to be freed with curl->free; NULL: there is none. */
static char *part_get(const struct curl_api *curl, CURLU *handle, CURLUPart part)
{
	char *text = NULL;
	unsigned flags = part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
	return curl->url_get(handle, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool authority_fill(const struct curl_api *curl, CURLU *handle, struct terrarium_url *url)
{
	char *scheme = part_get(curl, handle, CURLUPART_SCHEME);
	char *host = part_get(curl, handle, CURLUPART_HOST);
	char *port = part_get(curl, handle, CURLUPART_PORT);
	bool is_fine = scheme && host && port && strlen(host) <= TERRARIUM_MAX_HOST &&
			(strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	if (is_fine) {
		url->is_tls = strcmp(scheme, "https") == 0;
		url->port = (uint16_t)strtoul(port, NULL, 10);
		snprintf(url->host, sizeof url->host, "%s", host);
		bool is_usual = url->port == (url->is_tls ? 443 : 80);
		snprintf(url->authority, sizeof url->authority, "%s%s%s", host, is_usual ? "" : ":",
				is_usual ? "" : port);
	}
	curl->free(scheme);
	curl->free(host);
	curl->free(port);
	return is_fine;
}

static bool path_fill(const struct curl_api *curl, CURLU *handle, struct terrarium_url *url)
{
	char *path = part_get(curl, handle, CURLUPART_PATH);
	char *query = part_get(curl, handle, CURLUPART_QUERY);
	char *text = part_get(curl, handle, CURLUPART_URL);
	bool is_fine = path && text &&
			buffer_printf(&url->path, NULL, "%s%s%s", path, query ? "?" : "",
					query ? query : "") &&
			buffer_append(&url->text, text, strlen(text) + 1, NULL);
	curl->free(path);
	curl->free(query);
	curl->free(text);
	return is_fine;
}

/* Names and passwords in URLs end up in logs: a guest has fields for them. */
static bool has_user(const struct curl_api *curl, CURLU *handle)
{
	char *user = part_get(curl, handle, CURLUPART_USER);
	bool has_one = user != NULL;
	curl->free(user);
	return has_one;
}

static bool url_fill(const struct curl_api *curl, CURLU *handle, struct terrarium_url *url,
		struct sv_error *error)
{
	if (has_user(curl, handle))
		return sv_fail(error, SV_ERROR_INVALID, "a URL with a user");
	(void)curl->url_set(handle, CURLUPART_FRAGMENT, NULL, 0);
	return (authority_fill(curl, handle, url) && path_fill(curl, handle, url)) ||
			sv_fail(error, SV_ERROR_INVALID, "not a URL of http or https");
}

bool terrarium_url_parse(struct terrarium_url *url, const struct terrarium_url *base,
		struct sv_bytes text, struct sv_error *error)
{
	char copy[TERRARIUM_MAX_URL + 1];
	if (!text.length || text.length > TERRARIUM_MAX_URL || memchr(text.data, '\0', text.length))
		return sv_fail(error, SV_ERROR_INVALID,
				"a URL of %zu bytes; 1 to %u are allowed, none of them NUL",
				text.length, TERRARIUM_MAX_URL);
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	const struct curl_api *curl = curl_load(error);
	CURLU *handle = curl ? curl->url() : NULL;
	if (!handle)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a URL");
	struct terrarium_url parsed = {0};
	CURLUcode code = base ? curl->url_set(handle, CURLUPART_URL, (char *)base->text.data, 0)
			      : CURLUE_OK;
	if (code == CURLUE_OK)
		code = curl->url_set(handle, CURLUPART_URL, copy, CURLU_URLENCODE);
	bool is_fine = code == CURLUE_OK && url_fill(curl, handle, &parsed, error);
	if (code != CURLUE_OK)
		sv_fail(error, SV_ERROR_INVALID, "not a URL: %s", curl->url_strerror(code));
	curl->url_cleanup(handle);
	terrarium_url_finish(is_fine ? url : &parsed);
	if (is_fine)
		*url = parsed;
	return is_fine;
}
