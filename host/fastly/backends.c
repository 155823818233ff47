/*
 * backends.c: backends of a fastly.toml: url, override_host, cert_host, use_sni, ca_certificate,
 * client_certificate, health, grpc, and limits of time.
 */
#include "host/fastly/backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/settings_inner.h"
#include "host/files.h"

/* Fastly's own, in milliseconds. */
enum { CONNECT_TIME = 1000, FIRST_BYTE_TIME = 15000, BETWEEN_BYTES_TIME = 10000 };

void fastly_backend_init(struct fastly_backend *backend)
{
	*backend = (struct fastly_backend){
			.target = {.connect_time = CONNECT_TIME,
					.first_byte_time = FIRST_BYTE_TIME,
					.between_bytes_time = BETWEEN_BYTES_TIME},
	};
}

void fastly_backend_settle(struct fastly_backend *backend)
{
	backend->target.host = backend->host;
	backend->target.tls_name = backend->tls_name[0] ? backend->tls_name : NULL;
	backend->target.ca = backend->ca;
	backend->target.certificate = backend->certificate;
	backend->target.key = backend->key;
	backend->target.ciphers = backend->ciphers;
}

void fastly_backend_finish(struct fastly_backend *backend)
{
	free(backend->ca);
	free(backend->certificate);
	if (backend->key)
		explicit_bzero(backend->key, strlen(backend->key));
	free(backend->key);
	free(backend->ciphers);
}

bool fastly_authority_parse(struct sv_bytes text, char *host, uint16_t *port)
{
	char copy[FASTLY_MAX_NAME];
	if (!text.length || text.length >= sizeof copy || memchr(text.data, '\0', text.length))
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	/* Colons in brackets belong to an address. */
	char *bracket = copy[0] == '[' ? strchr(copy, ']') : NULL;
	char *end = bracket ? bracket + 1 : strchr(copy, ':');
	size_t length = end ? (size_t)(end - copy) : text.length;
	const char *allowed = bracket ? "0123456789abcdefABCDEF:.[]"
				      : "0123456789abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
	if (!length || strspn(copy, allowed) < length || (end && *end && *end != ':'))
		return false;
	if (end && *end == ':') {
		char *behind;
		unsigned long number = strtoul(end + 1, &behind, 10);
		if (end[1] < '0' || end[1] > '9' || *behind || number < 1 || number > UINT16_MAX)
			return false;
		*port = (uint16_t)number;
	}
	memcpy(host, copy, length);
	host[length] = '\0';
	return true;
}

/* ---- keys of a table ---- */

static bool text_read(const json_t *value, char *text, struct sv_error *error)
{
	size_t length = json_string_length(value);
	if (!length || length >= FASTLY_MAX_NAME)
		return sv_fail(error, SV_ERROR_USAGE, "not a string of 1 to %u bytes",
				FASTLY_MAX_NAME - 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)json_string_value(value)[i];
		if (c <= ' ' || c == 0x7f)
			return sv_fail(error, SV_ERROR_USAGE, "has a space or control character");
	}
	memcpy(text, json_string_value(value), length + 1);
	return true;
}

static bool url_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	char url[FASTLY_MAX_NAME];
	(void)reader;
	TRY(text_read(value, url, error));
	bool is_tls = strncmp(url, "https://", 8) == 0;
	if (!is_tls && strncmp(url, "http://", 7) != 0)
		return sv_fail(error, SV_ERROR_USAGE, "begins neither with http:// nor https://");
	char *authority = url + (is_tls ? 8 : 7), *path = strchr(authority, '/');
	if (path) {
		size_t length = strlen(path);
		if (strpbrk(path, "?#"))
			return sv_fail(error, SV_ERROR_USAGE, "has a query or a fragment");
		memcpy(backend->path, path, length + 1);
		if (path[length - 1] == '/')
			backend->path[length - 1] = '\0';
		*path = '\0';
	}
	backend->target.is_tls = is_tls;
	backend->target.port = is_tls ? 443 : 80;
	return fastly_authority_parse(host_text(authority), backend->host, &backend->target.port) ||
			sv_fail(error, SV_ERROR_USAGE, "has no valid host and port");
}

static bool override_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	(void)reader;
	return text_read(value, backend->override_host, error);
}

static bool cert_host_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	(void)reader;
	return text_read(value, backend->tls_name, error);
}

static bool sni_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	(void)reader;
	backend->target.has_no_sni = json_is_false(value);
	return json_is_boolean(value) ||
			sv_fail(error, SV_ERROR_USAGE, "is neither true nor false");
}

/* PEM, or { value = PEM }, or { file = "…" }. */
static bool ca_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	struct buffer text = {0};
	const json_t *file = json_object_get(value, "file");
	const char *pem =
			json_string_value(json_is_string(value) ? value
								: json_object_get(value, "value"));
	if (!file == !pem)
		return sv_fail(error, SV_ERROR_USAGE, "needs a certificate or a file");
	bool is_read = file ? settings_file(reader, file, &text, error)
			    : buffer_append(&text, pem, strlen(pem), error);
	is_read = is_read && buffer_append(&text, "", 1, error);
	if (is_read && !strstr((const char *)text.data, "-----BEGIN CERTIFICATE-----"))
		is_read = sv_fail(error, SV_ERROR_USAGE, "has no certificate in PEM");
	if (!is_read) {
		buffer_finish(&text);
		return false;
	}
	free(backend->ca);
	backend->ca = (char *)text.data;
	return true;
}

/* PEM that is there, or in a file. */
static char *pem_read(const json_t *table, const char *name, const char *file_name,
		const struct settings_reader *reader, struct sv_error *error)
{
	struct buffer text = {0};
	const json_t *file = json_object_get(table, file_name);
	const char *pem = json_string_value(json_object_get(table, name));
	bool is_read = !file == !pem
			? sv_fail(error, SV_ERROR_USAGE, "needs one of %s and %s", name, file_name)
			: file ? settings_file(reader, file, &text, error)
			       : buffer_append(&text, pem, strlen(pem), error);
	if (is_read && buffer_append(&text, "", 1, error))
		return (char *)text.data;
	buffer_wipe(&text);
	return NULL;
}

static bool client_certificate_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	static const char *const names[] = {
			"certificate", "certificate_file", "key", "key_file", NULL};
	if (!json_is_object(value))
		return sv_fail(error, SV_ERROR_USAGE, "is not a table");
	TRY(settings_names_known(value, names, error));
	backend->certificate = pem_read(value, "certificate", "certificate_file", reader, error);
	if (!backend->certificate)
		return false;
	backend->key = pem_read(value, "key", "key_file", reader, error);
	return backend->key != NULL;
}

static bool health_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	static const char *const healths[] = {"unknown", "healthy", "unhealthy"};
	const char *text = json_string_value(value);
	(void)reader;
	for (size_t i = 0; text && i < ARRAY_LENGTH(healths); i++) {
		if (strcasecmp(text, healths[i]) == 0) {
			backend->health = (enum fastly_health)i;
			return true;
		}
	}
	return sv_fail(error, SV_ERROR_USAGE, "is none of unknown, healthy and unhealthy");
}

static bool grpc_read(struct fastly_backend *backend, const json_t *value,
		const struct settings_reader *reader, struct sv_error *error)
{
	(void)reader;
	backend->target.is_http2 = json_is_true(value);
	return json_is_boolean(value) ||
			sv_fail(error, SV_ERROR_USAGE, "is neither true nor false");
}

static bool time_read(uint32_t *time, const json_t *value, struct sv_error *error)
{
	json_int_t milliseconds = json_integer_value(value);
	if (!json_is_integer(value) || milliseconds < 0 || milliseconds > 86400000)
		return sv_fail(error, SV_ERROR_USAGE, "is no number of milliseconds of a day");
	*time = (uint32_t)milliseconds;
	return true;
}

#define TIME_READ(name) \
	static bool name##_read(struct fastly_backend *backend, const json_t *value, \
			const struct settings_reader *reader, struct sv_error *error) \
	{ \
		(void)reader; \
		return time_read(&backend->target.name, value, error); \
	}
TIME_READ(connect_time)
TIME_READ(first_byte_time)
TIME_READ(between_bytes_time)

static const struct {
	const char *name;
	bool (*read)(struct fastly_backend *backend, const json_t *value,
			const struct settings_reader *reader, struct sv_error *error);
} keys[] = {
		{"url", url_read},
		{"override_host", override_read},
		{"cert_host", cert_host_read},
		{"use_sni", sni_read},
		{"ca_certificate", ca_read},
		{"client_certificate", client_certificate_read},
		{"health", health_read},
		{"grpc", grpc_read},
		{"connect_timeout_ms", connect_time_read},
		{"first_byte_timeout_ms", first_byte_time_read},
		{"between_bytes_timeout_ms", between_bytes_time_read},
};

static bool backend_read(struct fastly_backend *backend, const json_t *table,
		const struct settings_reader *reader, struct sv_error *error)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)table, name, value)
	{
		size_t i = 0;
		while (i < ARRAY_LENGTH(keys) && strcmp(keys[i].name, name) != 0)
			i++;
		if (i == ARRAY_LENGTH(keys))
			return sv_fail(error, SV_ERROR_USAGE, "\"%.100s\" is not known", name);
		if (!keys[i].read(backend, value, reader, error)) {
			sv_error_prefix(error, "%s", name);
			return false;
		}
	}
	return backend->host[0] || sv_fail(error, SV_ERROR_USAGE, "needs a url");
}

/* Whose file names it may reach it: an operator's any, others those that the operator allows. */
static bool backend_is_trusted(const struct settings_reader *reader,
		const struct fastly_backend *backend)
{
	const struct host_files *files = reader->guest->files;
	char address[FASTLY_MAX_NAME + 8];
	snprintf(address, sizeof address, "%s:%u", backend->host, backend->target.port);
	for (size_t i = 0; files && i < files->reachable_count; i++) {
		if (strcasecmp(address, files->reachable[i]) == 0)
			return true;
	}
	return !files;
}

bool settings_read_backends(const struct settings_reader *reader, struct fastly_backends *backends,
		const json_t *tables, struct sv_error *error)
{
	const char *name;
	json_t *table;
	backends->backends = calloc(json_object_size(tables) + 1, sizeof *backends->backends);
	if (!backends->backends)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for backends");
	json_object_foreach((json_t *)(uintptr_t)tables, name, table)
	{
		struct fastly_backend *backend = &backends->backends[backends->count++];
		fastly_backend_init(backend);
		snprintf(backend->name, sizeof backend->name, "%s", name);
		if (strlen(name) >= sizeof backend->name)
			return sv_fail(error, SV_ERROR_LIMIT, "a name of more than %u bytes",
					FASTLY_MAX_NAME - 1);
		if (!json_is_object(table) || !backend_read(backend, table, reader, error)) {
			sv_fail(error, SV_ERROR_USAGE, "is not a table");
			sv_error_prefix(error, "backend \"%s\"", name);
			return false;
		}
		backend->target.is_trusted = backend_is_trusted(reader, backend);
		fastly_backend_settle(backend);
	}
	return true;
}

void fastly_backends_finish(struct fastly_backends *backends)
{
	for (size_t i = 0; i < backends->count; i++)
		fastly_backend_finish(&backends->backends[i]);
	free(backends->backends);
}
