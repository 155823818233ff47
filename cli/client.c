/*
 * client.c: HTTP through libcurl.
 */
#include "cli/client.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client_place.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/units.h"
#include "host/curl.h"

/* A list of ten thousand deployments is a few megabytes. */
#define ANSWER_LIMIT (16 * 1024 * 1024)
#define CONNECT_MILLISECONDS 10000L
#define PROBE_MILLISECONDS 30000L
#define URL_LIMIT 300
#define BEARER "Authorization: Bearer "

struct client {
	const struct curl_api *curl;
	const struct client_place *place; /* borrowed */
	CURL *handle;
	struct curl_slist *fields; /* of every request; has the token in it */
	uint64_t timeout;
	struct client_end end;
	char curl_text[CURL_ERROR_SIZE];
};

/* An answer while it arrives. */
struct answer_body {
	struct buffer bytes;
	bool is_too_long;
};

static size_t answer_take(char *data, size_t size, size_t count, void *into)
{
	struct answer_body *body = into;
	if (buffer_append(&body->bytes, data, size * count, NULL))
		return size * count;
	body->is_too_long = true;
	return 0; /* ends the transfer */
}

static int upload_progress(void *data, curl_off_t download_total, curl_off_t download_done,
		curl_off_t total, curl_off_t done)
{
	(void)data;
	(void)download_total;
	(void)download_done;
	if (total > 0)
		progress_show("uploading", (uint64_t)done, (uint64_t)total);
	return 0;
}

/* ---- setting up ---- */

/* A name for loopback (RFC 6761), or an address of it. */
static bool host_is_here(const char *host)
{
	size_t length = strlen(host);
	struct in_addr address;
	bool is_address = inet_pton(AF_INET, host, &address) == 1;
	return (is_address && ntohl(address.s_addr) >> 24 == 127) || strcmp(host, "[::1]") == 0 ||
			strcasecmp(host, "localhost") == 0 ||
			(length > 10 && strcasecmp(host + length - 10, ".localhost") == 0);
}

/* Whoever is on the way sees what plain HTTP says, so a token goes no farther than this machine. */
static bool url_check_scheme(const char *scheme, const char *host, struct sv_error *error)
{
	if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && host_is_here(host)))
		return true;
	if (strcmp(scheme, "http") != 0)
		return sv_fail(error, SV_ERROR_USAGE,
				"the server's address starts with http or https");
	return sv_fail(error, SV_ERROR_USAGE,
			"the token would travel to %.100s unencrypted: use https, or a tunnel to "
			"the loopback address",
			host);
}

/* Only what an endpoint is made of: a scheme, a host, a port, a path in front of the API's. */
static bool url_check_parts(const struct curl_api *curl, CURLU *parts, struct sv_error *error)
{
	static const struct {
		CURLUPart part;
		const char *text;
	} unwanted[] = {
			{CURLUPART_USER, "a user"},
			{CURLUPART_PASSWORD, "a password"},
			{CURLUPART_QUERY, "a query"},
			{CURLUPART_FRAGMENT, "a fragment"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(unwanted); i++) {
		char *part = NULL;
		if (curl->url_get(parts, unwanted[i].part, &part, 0) != CURLUE_OK)
			continue;
		curl->free(part);
		return sv_fail(error, SV_ERROR_USAGE,
				"the server's address has %s in it, which it may not",
				unwanted[i].text);
	}
	return true;
}

static bool url_check(const struct curl_api *curl, const char *url, struct sv_error *error)
{
	char *scheme = NULL, *host = NULL;
	bool done = false;
	if (strlen(url) > URL_LIMIT)
		return sv_fail(error, SV_ERROR_USAGE, "the server's address is over %d characters",
				URL_LIMIT);
	CURLU *parts = curl->url();
	if (!parts)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an address");
	CURLUcode code = curl->url_set(parts, CURLUPART_URL, url, 0);
	if (code == CURLUE_OK)
		code = curl->url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK && strcmp(scheme, "file") != 0)
		code = curl->url_get(parts, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK)
		done = url_check_scheme(scheme, host ? host : "", error) &&
				url_check_parts(curl, parts, error);
	else
		sv_fail(error, SV_ERROR_USAGE, "\"%.200s\" is not the address of a server: %s", url,
				curl->url_strerror(code));
	curl->free(scheme);
	curl->free(host);
	curl->url_cleanup(parts);
	return done;
}

static bool fields_append(struct client *client, const char *field, struct sv_error *error)
{
	struct curl_slist *fields = client->curl->slist_append(client->fields, field);
	if (!fields)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	client->fields = fields;
	return true;
}

static bool fields_make(struct client *client, struct sv_error *error)
{
	char bearer[sizeof BEARER + 512];
	TRY(fields_append(client, "Content-Type: application/json", error));
	TRY(fields_append(client, "Accept: application/json", error));
	snprintf(bearer, sizeof bearer, BEARER "%s", client->place->token);
	bool done = fields_append(client, bearer, error);
	explicit_bzero(bearer, sizeof bearer);
	return done;
}

struct client *client_new(const struct client_place *place, uint64_t timeout,
		struct sv_error *error)
{
	struct client *client = calloc(1, sizeof *client);
	if (!client) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a client");
		return NULL;
	}
	client->place = place;
	client->timeout = timeout;
	client->curl = curl_load(error);
	if (!client->curl || !url_check(client->curl, place->url, error) ||
			!fields_make(client, error))
		goto free_client;
	client->handle = client->curl->easy_init();
	if (client->handle)
		return client;
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a connection");
free_client:
	client_free(client);
	return NULL;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	for (struct curl_slist *field = client->fields; field; field = field->next)
		explicit_bzero(field->data, strlen(field->data));
	if (client->curl)
		client->curl->slist_free_all(client->fields);
	if (client->handle)
		client->curl->easy_cleanup(client->handle);
	free(client);
}

const struct client_end *client_last_end(const struct client *client)
{
	return &client->end;
}

/* ---- one request ---- */

/* What all transfers have in common. Proxies see what plain HTTP says, so they are for HTTPS. */
static void transfer_init(struct client *client, const char *url, long milliseconds)
{
	const struct curl_api *curl = client->curl;
	CURL *handle = client->handle;
	curl->easy_reset(handle); /* keeps the connection */
	client->curl_text[0] = '\0';
	curl->easy_setopt(handle, CURLOPT_URL, url);
	curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, client->curl_text);
	curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(handle, CURLOPT_USERAGENT, "selvage");
	curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MILLISECONDS);
	curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds);
	/* The server's own authority, else as curl(1) has it. */
	const char *authorities = client->place->authority;
	if (!authorities)
		authorities = getenv("SSL_CERT_FILE");
	if (authorities && authorities[0])
		curl->easy_setopt(handle, CURLOPT_CAINFO, authorities);
	if (strncasecmp(url, "http:", 5) == 0)
		curl->easy_setopt(handle, CURLOPT_PROXY, "");
}

static void request_init(struct client *client, const struct client_request *request,
		const char *url, struct answer_body *answer)
{
	const struct curl_api *curl = client->curl;
	CURL *handle = client->handle;
	uint64_t milliseconds = client->timeout / 1000000;
	transfer_init(client, url, milliseconds < 1 ? 1 : (long)milliseconds);
	curl->easy_setopt(handle, CURLOPT_HTTPHEADER, client->fields);
	curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, answer_take);
	curl->easy_setopt(handle, CURLOPT_WRITEDATA, answer);
	if (request->body.data) {
		curl->easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.data);
		curl->easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)request->body.length);
	}
	curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->with_progress) {
		curl->easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
		curl->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, upload_progress);
	}
}

static bool request_failed(struct client *client, CURLcode code, const struct answer_body *answer,
		struct sv_error *error)
{
	const char *url = client->place->url;
	const char *text = client->curl_text[0] ? client->curl_text
						: client->curl->easy_strerror(code);
	if (answer->is_too_long)
		return sv_fail(error, SV_ERROR_LIMIT, "%s: the answer is over the limit of %d MiB",
				url, ANSWER_LIMIT / 1024 / 1024);
	if (code == CURLE_COULDNT_CONNECT)
		return sv_fail(error, SV_ERROR_REMOTE,
				"cannot reach %s: %s (is `selvage up` running?)", url, text);
	if (code == CURLE_OPERATION_TIMEDOUT) {
		char limit[32];
		duration_text(client->timeout, limit, sizeof limit);
		return sv_fail(error, SV_ERROR_REMOTE,
				"cannot reach %s: no whole answer in time (--timeout %s): %s", url,
				limit, text);
	}
	return sv_fail(error, SV_ERROR_REMOTE, "cannot reach %s: %s", url, text);
}

/* The server says no: in its own words if they are of this API. */
static bool answer_refused(struct client *client, const json_t *answer, struct sv_error *error)
{
	const json_t *said = json_object_get(answer, "error");
	const char *code = json_string_value(json_object_get(said, "code"));
	const char *message = json_string_value(json_object_get(said, "message"));
	char text[400];
	if (!message)
		return sv_fail(error, SV_ERROR_REMOTE,
				"%s answers %d and does not say why: is this the control address "
				"of a Selvage server?",
				client->place->url, client->end.status);
	text_of_name(message, strlen(message), text, sizeof text);
	if (code)
		text_of_name(code, strlen(code), client->end.code, sizeof client->end.code);
	return sv_fail(error, SV_ERROR_REMOTE, "%s", text);
}

static bool answer_read(struct client *client, struct sv_bytes bytes, json_t **answer,
		struct sv_error *error)
{
	long status = 0;
	json_error_t reason;
	client->curl->easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &status);
	client->end.reached = true;
	client->end.status = (int)status;
	json_t *object = json_loadb((const char *)bytes.data, bytes.length, 0, &reason);
	if (status < 200 || status > 299) {
		answer_refused(client, object, error);
	} else if (!json_is_object(object)) {
		sv_fail(error, SV_ERROR_REMOTE,
				"%s answers what is not a JSON object: is this the control address "
				"of a Selvage server?",
				client->place->url);
	} else {
		*answer = object;
		return true;
	}
	json_decref(object);
	return false;
}

bool client_call(struct client *client, const struct client_request *request, json_t **answer,
		struct sv_error *error)
{
	struct answer_body body = {.bytes.limit = ANSWER_LIMIT};
	char *url = NULL;
	size_t length = strlen(client->place->url);
	bool done = false;
	client->end = (struct client_end){0};
	if (client->place->url[length - 1] == '/')
		length--;
	if (asprintf(&url, "%.*s%s", (int)length, client->place->url, request->path) < 0)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an address");
	request_init(client, request, url, &body);
	CURLcode code = client->curl->easy_perform(client->handle);
	if (request->with_progress)
		progress_end();
	if (code == CURLE_OK)
		done = answer_read(client, buffer_view(&body.bytes), answer, error);
	else
		request_failed(client, code, &body, error);
	/* A new token is in an answer. */
	if (body.bytes.data)
		explicit_bzero(body.bytes.data, body.bytes.capacity);
	buffer_finish(&body.bytes);
	free(url);
	return done;
}

bool client_send(struct client *client, const char *method, json_t *body, json_t **answer,
		struct sv_error *error, const char *path, ...)
{
	char *full = NULL, *text = NULL;
	bool done = false;
	va_list arguments;
	va_start(arguments, path);
	int length = vasprintf(&full, path, arguments);
	va_end(arguments);
	if (length < 0)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an address");
	struct client_request request = {.method = method, .path = full};
	if (body) {
		text = json_dumps(body, JSON_COMPACT);
		if (!text) {
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
			goto free_path;
		}
		request.body = (struct sv_bytes){(const uint8_t *)text, strlen(text)};
	}
	done = client_call(client, &request, answer, error);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
free_path:
	free(full);
	return done;
}

bool client_unpack(json_t *answer, struct sv_error *error, const char *format, ...)
{
	json_error_t reason;
	va_list arguments;
	va_start(arguments, format);
	int result = json_vunpack_ex(answer, &reason, 0, format, arguments);
	va_end(arguments);
	if (result == 0)
		return true;
	return sv_fail(error, SV_ERROR_REMOTE,
			"the server's answer is not of this version of the API: %s", reason.text);
}

bool client_unpack_member(json_t *answer, const char *key, json_type type, json_t **member,
		struct sv_error *error)
{
	TRY(client_unpack(answer, error, "{s:o}", key, member));
	if (json_typeof(*member) == type)
		return true;
	return sv_fail(error, SV_ERROR_REMOTE,
			"the server's answer is not of this version of the API: \"%s\" is of "
			"another type",
			key);
}

/* ---- asking a deployment ---- */

/* Its first bytes say that it is there; the rest is nobody's. */
static size_t probe_drop(char *data, size_t size, size_t count, void *into)
{
	size_t *left = into;
	(void)data;
	if (size * count > *left)
		return 0;
	*left -= size * count;
	return size * count;
}

enum probe_outcome client_probe(struct client *client, const char *url, long *status, char *text,
		size_t size)
{
	const struct curl_api *curl = client->curl;
	size_t left = 64 * 1024;
	transfer_init(client, url, PROBE_MILLISECONDS);
	curl->easy_setopt(client->handle, CURLOPT_WRITEFUNCTION, probe_drop);
	curl->easy_setopt(client->handle, CURLOPT_WRITEDATA, &left);
	*status = 0;
	CURLcode code = curl->easy_perform(client->handle);
	curl->easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, status);
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && *status))
		return PROBE_ANSWERED;
	const char *said = client->curl_text[0] ? client->curl_text : curl->easy_strerror(code);
	text_of_name(said, strlen(said), text, size);
	return code == CURLE_PEER_FAILED_VERIFICATION ? PROBE_UNTRUSTED : PROBE_SILENT;
}
