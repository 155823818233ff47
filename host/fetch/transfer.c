/*
 * transfer.c: one request as a handle of libcurl, and what that calls. All of it runs on the
 * fetcher's thread, but for the making of the handle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/fetch/address.h"
#include "host/fetch/inner.h"

static const char *const texts[] = {
#define FETCH_ERROR(name, text) [FETCH_##name] = (text),
#include "host/fetch/errors.def"
#undef FETCH_ERROR
};

/* ---- what came ---- */

void transfer_set_deadline(struct fetch *fetch, uint32_t milliseconds)
{
	struct fetcher *fetcher = fetch->fetcher;
	fetch->deadline = milliseconds ? host_now() + milliseconds * UINT64_C(1000000) : UINT64_MAX;
	if (fetch->deadline < fetcher->next_deadline)
		fetcher->next_deadline = fetch->deadline;
}

/* False: it is of another version than must be. */
static bool head_begin(struct fetch *fetch, struct sv_bytes line)
{
	const uint8_t *space = memchr(line.data, ' ', line.length);
	host_response_reset(&fetch->head);
	fetch->head.status = 0;
	if (fetch->is_http2 && memcmp(line.data, "HTTP/2", 6) != 0) {
		fetch->head_error = FETCH_OLD;
		return false;
	}
	for (size_t at = space ? (size_t)(space - line.data) + 1 : line.length; at < line.length &&
			line.data[at] >= '0' && line.data[at] <= '9' && fetch->head.status < 1000;
			at++)
		fetch->head.status = fetch->head.status * 10 + (line.data[at] - '0');
	return true;
}

/* A line of the head, or of the trailers. */
static bool head_add(struct fetch *fetch, struct host_response *head, struct sv_bytes line)
{
	struct sv_error error = SV_ERROR_INIT;
	const uint8_t *colon = memchr(line.data, ':', line.length);
	if (!colon) {
		fetch->head_error = FETCH_INVALID;
		return false;
	}
	struct sv_bytes name = {line.data, (size_t)(colon - line.data)};
	struct sv_bytes value = {colon + 1, line.length - name.length - 1};
	while (value.length && (*value.data == ' ' || *value.data == '\t')) {
		value.data++;
		value.length--;
	}
	while (value.length &&
			(value.data[value.length - 1] == ' ' ||
					value.data[value.length - 1] == '\t'))
		value.length--;
	if (host_response_add(head, name, value, &error))
		return true;
	fetch->head_error = error.code == SV_ERROR_LIMIT   ? FETCH_HEAD_TOO_LARGE
			: error.code == SV_ERROR_NO_MEMORY ? FETCH_NO_MEMORY
							   : FETCH_INVALID;
	return false;
}

static void note_address(struct fetch *fetch)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	const char *address = NULL;
	long port = 0;
	curl->easy_getinfo(fetch->easy, CURLINFO_PRIMARY_IP, &address);
	curl->easy_getinfo(fetch->easy, CURLINFO_PRIMARY_PORT, &port);
	if (address && strlen(address) < sizeof fetch->address)
		memcpy(fetch->address, address, strlen(address) + 1);
	fetch->port = (uint16_t)port;
}

static bool head_end(struct fetch *fetch)
{
	/* Of an interim response: the final one follows. */
	if (fetch->head.status < 200)
		return true;
	if (!host_status_is_final(fetch->head.status)) {
		fetch->head_error = FETCH_INVALID;
		return false;
	}
	transfer_set_deadline(fetch, fetch->between_bytes_time);
	note_address(fetch);
	bool has_tap = fetch->tap != NULL;
	bool is_tapped = has_tap && fetch->tap->answered(fetch->tap_data, &fetch->head);
	pthread_mutex_lock(&fetch->fetcher->lock);
	fetch->has_head = true;
	if (is_tapped && !fetch->tap_has_use && fetch->users)
		fetch->users++;
	fetch->tap_has_use |= is_tapped && fetch->users;
	fetch->head_held = fetch->head.text.capacity +
			fetch->head.field_capacity * sizeof *fetch->head.fields;
	fetch_count(fetch);
	fetch_wake(fetch);
	pthread_mutex_unlock(&fetch->fetcher->lock);
	if (has_tap && !is_tapped)
		fetch_leave_tap(fetch);
	return true;
}

/* Behind the head what comes are trailers. */
static size_t take_header(char *data, size_t size, size_t count, void *user)
{
	struct fetch *fetch = user;
	struct sv_bytes line = {(const uint8_t *)data, size * count};
	bool is_fine = true;
	while (line.length &&
			(line.data[line.length - 1] == '\n' || line.data[line.length - 1] == '\r'))
		line.length--;
	if (fetch->has_head)
		is_fine = !line.length || head_add(fetch, &fetch->trailers, line);
	else if (line.length > 5 && memcmp(line.data, "HTTP/", 5) == 0)
		is_fine = head_begin(fetch, line);
	else
		is_fine = line.length ? head_add(fetch, &fetch->head, line) : head_end(fetch);
	return is_fine ? size * count : 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
	struct fetch *fetch = user;
	size_t length = size * count, result = length;
	if (fetch->tap) {
		transfer_set_deadline(fetch, fetch->between_bytes_time);
		bool is_taken = fetch->tap->took(fetch->tap_data,
				(struct sv_bytes){(const uint8_t *)data, length});
		fetch->head_error = is_taken ? fetch->head_error : FETCH_NOT_KEPT;
		return is_taken ? length : 0;
	}
	pthread_mutex_lock(&fetch->fetcher->lock);
	fetch->is_paused = fetch->body.length - fetch->taken >= FETCH_BUFFER;
	if (fetch->is_paused) {
		result = CURL_WRITEFUNC_PAUSE;
	} else {
		buffer_consume(&fetch->body, fetch->taken);
		fetch->taken = 0;
		if (!buffer_append(&fetch->body, data, length, NULL)) {
			fetch->head_error = FETCH_NO_MEMORY;
			result = 0;
		}
		fetch_count(fetch);
		fetch_wake(fetch);
	}
	pthread_mutex_unlock(&fetch->fetcher->lock);
	/* Whose reader takes its time is not silent. */
	transfer_set_deadline(fetch,
			result == CURL_WRITEFUNC_PAUSE ? 0 : fetch->between_bytes_time);
	return result;
}

/* ---- what is sent ---- */

static size_t give_body(char *data, size_t size, size_t count, void *user)
{
	struct fetch *fetch = user;
	size_t room = size * count;
	pthread_mutex_lock(&fetch->fetcher->lock);
	size_t left = fetch->upload.length - fetch->sent;
	size_t length = left < room ? left : room;
	bool is_whole = fetch->has_whole_upload;
	if (length) {
		memcpy(data, fetch->upload.data + fetch->sent, length);
		fetch->sent += length;
		fetch_wake(fetch);
	}
	fetch->upload_is_paused = !length && !is_whole;
	pthread_mutex_unlock(&fetch->fetcher->lock);
	if (!length && !is_whole)
		return CURL_READFUNC_PAUSE;
	if (!fetch->has_head && is_whole)
		transfer_set_deadline(fetch, fetch->first_byte_time);
	return length;
}

/* ---- connections ---- */

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch *fetch = user;
	(void)purpose;
	if (!fetch->is_trusted && address_is_private(&address->addr)) {
		fetch->was_denied = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* When the handshake begins nothing is sent yet. */
static void forget_name(const SSL *ssl, int where, int unused)
{
	(void)unused;
	if (where & SSL_CB_HANDSHAKE_START)
		SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, NULL);
}

/*
 * The system's certificates are read once: libcurl would do it for each connection, which takes
 * longer than everything else.
 */
static CURLcode set_trust(CURL *easy, void *context, void *user)
{
	struct fetch *fetch = user;
	struct fetcher *fetcher = fetch->fetcher;
	(void)easy;
	if (fetch->has_no_sni)
		SSL_CTX_set_info_callback(context, forget_name);
	if (fetch->has_own_ca)
		return CURLE_OK;
	if (!fetcher->trust) {
		fetcher->trust = X509_STORE_new();
		if (!fetcher->trust || X509_STORE_set_default_paths(fetcher->trust) != 1)
			return CURLE_SSL_CACERT_BADFILE;
	}
	SSL_CTX_set1_cert_store(context, fetcher->trust);
	return CURLE_OK;
}

/* ---- the handle ---- */

/* Fields that are about the connection, which is ours, or that are set below. */
static bool field_is_ours(struct sv_bytes name)
{
	static const char *const ours[] = {"Connection", "Content-Length", "Expect", "Host",
			"Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
			"Transfer-Encoding", "Upgrade"};
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
		if (host_name_equal(name, host_text(ours[i])))
			return true;
	}
	return false;
}

/* "name: value"; without a value libcurl takes "name;" for a field and "name:" for none. */
static bool fields_add(struct fetch *fetch, struct sv_bytes name, struct sv_bytes value)
{
	struct buffer line = {0};
	bool is_made = buffer_append(&line, name.data, name.length, NULL) &&
			buffer_append(&line, value.length ? ": " : ";", value.length ? 2 : 1,
					NULL) &&
			(!value.length || buffer_append(&line, value.data, value.length, NULL)) &&
			buffer_append(&line, "", 1, NULL);
	struct curl_slist *fields = is_made
			? fetch->fetcher->curl->slist_append(fetch->fields, (const char *)line.data)
			: NULL;
	buffer_finish(&line);
	if (fields)
		fetch->fields = fields;
	return fields != NULL;
}

/* gRPC asks for trailers so; HTTP/2 allows it, and nothing else of this field (RFC 9113, 8.2.2). */
static bool field_asks_for_trailers(struct host_header field)
{
	return host_name_equal(field.name, host_text("TE")) &&
			host_name_equal(field.value, host_text("trailers"));
}

static bool fields_have(const struct host_response *fields, struct sv_bytes name)
{
	for (size_t i = 0; i < fields->field_count; i++) {
		if (host_name_equal(host_response_field(fields, i).name, name))
			return true;
	}
	return false;
}

/* A guest that says what the trace is says all of it. */
static bool fields_add_trace(struct fetch *fetch, const struct fetch_request *request)
{
	const struct host_request *origin = request->call->request;
	const struct sv_bytes parent = host_text("traceparent"), state = host_text("tracestate");
	if (fields_have(request->fields, parent) || fields_have(request->fields, state))
		return true;
	for (size_t i = 0; i < origin->header_count; i++) {
		const struct host_header *field = &origin->headers[i];
		bool is_parent = host_name_equal(field->name, parent);
		if (is_parent || host_name_equal(field->name, state))
			TRY(fields_add(fetch, is_parent ? parent : state, field->value));
	}
	return true;
}

static bool fields_make(struct fetch *fetch, const struct fetch_request *request)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	bool has_accept = false;
	TRY(fields_add(fetch, host_text("Host"), request->host));
	for (size_t i = 0; i < request->fields->field_count; i++) {
		struct host_header field = host_response_field(request->fields, i);
		has_accept |= host_name_equal(field.name, host_text("Accept"));
		if (!field_is_ours(field.name) ||
				(fetch->is_http2 && field_asks_for_trailers(field)))
			TRY(fields_add(fetch, field.name, field.value));
	}
	TRY(fields_add_trace(fetch, request));
	/* What libcurl would add on its own. */
	struct curl_slist *fields = curl->slist_append(fetch->fields, "Expect:");
	if (fields && !has_accept)
		fields = curl->slist_append(fields, "Accept:");
	return fields != NULL;
}

/* The URL has the name that TLS is to see; the connection goes to the target all the same. */
static bool url_set(struct fetch *fetch, const struct fetch_request *request)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	const struct fetch_target *target = request->target;
	const char *name = target->is_tls && target->tls_name ? target->tls_name : target->host;
	struct buffer url = {0}, route = {0};
	bool is_made = buffer_printf(&url, NULL, "%s://%s:%u", target->is_tls ? "https" : "http",
				       name, target->port) &&
			buffer_append(&url, request->path.data, request->path.length, NULL) &&
			buffer_append(&url, "", 1, NULL) &&
			buffer_printf(&route, NULL, "::%s:%u", target->host, target->port) &&
			buffer_append(&route, "", 1, NULL);
	if (is_made)
		fetch->connect_to = curl->slist_append(NULL, (const char *)route.data);
	is_made = is_made && fetch->connect_to &&
			curl->easy_setopt(fetch->easy, CURLOPT_URL, url.data) == CURLE_OK;
	buffer_finish(&url);
	buffer_finish(&route);
	return is_made;
}

static bool method_set(struct fetch *fetch, const struct fetch_request *request)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	char method[64];
	CURL *easy = fetch->easy;
	static const char *const with_body[] = {"POST", "PUT", "PATCH"};
	size_t length = fetch->upload.length;
	bool has_body = length || request->has_more_body;
	if (request->method.length >= sizeof method)
		return false;
	memcpy(method, request->method.data, request->method.length);
	method[request->method.length] = '\0';
	/* These say that their body is empty. */
	for (size_t i = 0; i < ARRAY_LENGTH(with_body); i++)
		has_body |= strcmp(method, with_body[i]) == 0;
	bool is_head = strcmp(method, "HEAD") == 0;
	if (is_head) {
		curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (has_body) {
		curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
				request->has_more_body ? (curl_off_t)-1 : (curl_off_t)length);
	}
	return curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_head ? NULL : method) == CURLE_OK;
}

/* PEM; NULL: nothing is set. */
static bool blob_set(struct fetch *fetch, CURLoption option, const char *text)
{
	struct curl_blob blob = {
			(void *)(uintptr_t)text, text ? strlen(text) : 0, CURL_BLOB_COPY};
	return !text || fetch->fetcher->curl->easy_setopt(fetch->easy, option, &blob) == CURLE_OK;
}

static bool versions_set(struct fetch *fetch, const struct fetch_target *target)
{
	long least = target->tls_least == 3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
	long most = target->tls_most == 2 ? CURL_SSLVERSION_MAX_TLSv1_2
					  : CURL_SSLVERSION_MAX_DEFAULT;
	return fetch->fetcher->curl->easy_setopt(fetch->easy, CURLOPT_SSLVERSION, least | most) ==
			CURLE_OK;
}

static bool tls_set(struct fetch *fetch, const struct fetch_target *target)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	CURL *easy = fetch->easy;
	curl->easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl->easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_trust);
	curl->easy_setopt(easy, CURLOPT_SSL_CTX_DATA, fetch);
	fetch->has_own_ca = target->ca != NULL;
	fetch->has_no_sni = target->has_no_sni;
	/* Such a connection is not one for others. */
	curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)target->has_no_sni);
	curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)target->has_no_sni);
	return versions_set(fetch, target) && blob_set(fetch, CURLOPT_CAINFO_BLOB, target->ca) &&
			blob_set(fetch, CURLOPT_SSLCERT_BLOB, target->certificate) &&
			blob_set(fetch, CURLOPT_SSLKEY_BLOB, target->key) &&
			(!target->ciphers ||
					curl->easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST,
							target->ciphers) == CURLE_OK);
}

static void callbacks_set(struct fetch *fetch)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	CURL *easy = fetch->easy;
	curl->easy_setopt(easy, CURLOPT_PRIVATE, fetch);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->reason);
	curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl->easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
	curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl->easy_setopt(easy, CURLOPT_READDATA, fetch);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
}

/* What holds for every request. */
static void rules_set(struct fetch *fetch, const struct fetch_target *target)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	CURL *easy = fetch->easy;
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl->easy_setopt(easy, CURLOPT_PROXY, "");
	if (target->is_http2)
		curl->easy_setopt(easy, CURLOPT_HTTP_VERSION,
				target->is_tls ? (long)CURL_HTTP_VERSION_2TLS
					       : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl->easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->fields);
	curl->easy_setopt(easy, CURLOPT_CONNECT_TO, fetch->connect_to);
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, (long)(target->keepalive_time != 0));
	if (target->keepalive_time) {
		curl->easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)target->keepalive_time);
		curl->easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)target->keepalive_interval);
	}
	/* 0 would be libcurl's own five minutes. */
	curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			target->connect_time ? (long)target->connect_time : 86400000L);
}

bool transfer_prepare(struct fetch *fetch, struct fetch_request *request, struct sv_error *error)
{
	const struct fetch_target *target = request->target;
	fetch->head.text.limit = FETCH_HEAD_BYTES;
	fetch->head.field_limit = FETCH_HEAD_FIELDS;
	fetch->trailers.text.limit = FETCH_HEAD_BYTES;
	fetch->trailers.field_limit = FETCH_HEAD_FIELDS;
	fetch->is_trusted = target->is_trusted;
	fetch->is_http2 = target->is_http2;
	fetch->first_byte_time = target->first_byte_time;
	fetch->between_bytes_time = target->between_bytes_time;
	fetch->deadline = UINT64_MAX;
	fetch->easy = fetch->fetcher->curl->easy_init();
	if (!fetch->easy || !fields_make(fetch, request) || !url_set(fetch, request) ||
			!method_set(fetch, request) || !tls_set(fetch, target))
		return sv_fail(error, SV_ERROR_INVALID, "method, URL or fields cannot be sent");
	callbacks_set(fetch);
	rules_set(fetch, target);
	return true;
}

void transfer_finish(struct fetch *fetch)
{
	const struct curl_api *curl = fetch->fetcher->curl;
	curl->easy_cleanup(fetch->easy);
	fetch->easy = NULL;
	curl->slist_free_all(fetch->fields);
	curl->slist_free_all(fetch->connect_to);
	fetch->fields = fetch->connect_to = NULL;
}

static enum fetch_error error_of(const struct fetch *fetch, CURLcode code)
{
	static const struct {
		CURLcode code;
		enum fetch_error error;
	} codes[] = {
			{CURLE_COULDNT_RESOLVE_HOST, FETCH_NOT_RESOLVED},
			{CURLE_COULDNT_CONNECT, FETCH_REFUSED},
			{CURLE_OPERATION_TIMEDOUT, FETCH_CONNECT_TIMEOUT},
			{CURLE_PEER_FAILED_VERIFICATION, FETCH_CERTIFICATE},
			{CURLE_SSL_CACERT_BADFILE, FETCH_CERTIFICATE},
			{CURLE_SSL_CONNECT_ERROR, FETCH_TLS},
			{CURLE_SSL_CERTPROBLEM, FETCH_TLS_SETTINGS},
			{CURLE_SSL_CIPHER, FETCH_TLS_SETTINGS},
			{CURLE_GOT_NOTHING, FETCH_CLOSED},
			{CURLE_PARTIAL_FILE, FETCH_CLOSED},
			{CURLE_RECV_ERROR, FETCH_CLOSED},
			{CURLE_SEND_ERROR, FETCH_CLOSED},
			{CURLE_HTTP2, FETCH_CLOSED},
			{CURLE_HTTP2_STREAM, FETCH_CLOSED},
			{CURLE_WEIRD_SERVER_REPLY, FETCH_INVALID},
			{CURLE_UNSUPPORTED_PROTOCOL, FETCH_INVALID},
			{CURLE_OUT_OF_MEMORY, FETCH_NO_MEMORY},
	};
	if (fetch->was_denied && code == CURLE_COULDNT_CONNECT)
		return FETCH_DENIED;
	if (fetch->head_error && code == CURLE_WRITE_ERROR)
		return fetch->head_error;
	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
		if (codes[i].code == code)
			return codes[i].error;
	}
	return FETCH_FAILED;
}

void transfer_fail(struct fetch *fetch, CURLcode code)
{
	enum fetch_error error = error_of(fetch, code);
	/* Our own reasons say it all; libcurl's add the name or number at fault. */
	bool has_reason = fetch->reason[0] && error != FETCH_DENIED && error != fetch->head_error;
	fetch->error = error;
	snprintf(fetch->text, sizeof fetch->text, "%s%s%.90s%s", texts[error],
			has_reason ? " (" : "", has_reason ? fetch->reason : "",
			has_reason ? ")" : "");
}
