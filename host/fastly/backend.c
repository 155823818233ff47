/*
 * backend.c: what a guest may know of its backends (fastly_backend), and those that it makes
 * (fastly_http_req.register_dynamic_backend).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/backends.h"
#include "host/fastly/settings.h"

static bool name_is(const struct fastly_backend *backend, struct sv_bytes name)
{
	return strlen(backend->name) == name.length &&
			memcmp(backend->name, name.data, name.length) == 0;
}

static struct fastly_backend *backend_find(struct fastly_guest *guest, struct sv_bytes name)
{
	const struct fastly_backends *fixed = &guest->settings->backends;
	for (size_t i = 0; i < fixed->count; i++) {
		if (name_is(&fixed->backends[i], name))
			return &fixed->backends[i];
	}
	for (uint32_t i = 0; i < guest->backend_count; i++) {
		if (name_is(guest->backends[i], name))
			return guest->backends[i];
	}
	return NULL;
}

struct fastly_backend *fastly_backend_of(struct fastly_call *call, unsigned index,
		enum fastly_status *status)
{
	struct sv_bytes name;
	*status = FASTLY_INVAL;
	if (!fastly_bytes(call, index, &name))
		return NULL;
	struct fastly_backend *backend = backend_find(call->guest, name);
	if (backend)
		*status = FASTLY_OK;
	return backend;
}

void fastly_close_backends(struct fastly_guest *guest)
{
	for (uint32_t i = 0; i < guest->backend_count; i++) {
		fastly_backend_finish(guest->backends[i]);
		free(guest->backends[i]);
	}
	guest->backend_count = 0;
}

/* ---- what is known of one ---- */

enum fastly_status fastly_backend_exists(struct fastly_call *call)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name))
		return FASTLY_INVAL;
	return fastly_give_u32(call, 2, backend_find(call->guest, name) != NULL);
}

#define BACKEND_FUNCTION(name, body) \
	enum fastly_status fastly_backend_##name(struct fastly_call *call) \
	{ \
		enum fastly_status status; \
		const struct fastly_backend *backend = fastly_backend_of(call, 0, &status); \
		return backend ? body : status; \
	}

static enum fastly_status give_override(struct fastly_call *call,
		const struct fastly_backend *backend)
{
	return backend->override_host[0] ? fastly_give(call, 2, host_text(backend->override_host))
					 : FASTLY_NONE;
}

BACKEND_FUNCTION(is_healthy, fastly_give_u32(call, 2, backend->health))
BACKEND_FUNCTION(is_dynamic, fastly_give_u32(call, 2, backend->is_dynamic))
BACKEND_FUNCTION(get_host, fastly_give(call, 2, host_text(backend->host)))
BACKEND_FUNCTION(get_override_host, give_override(call, backend))
BACKEND_FUNCTION(get_port, fastly_give_u16(call, 2, backend->target.port))
BACKEND_FUNCTION(get_connect_timeout_ms, fastly_give_u32(call, 2, backend->target.connect_time))
BACKEND_FUNCTION(get_first_byte_timeout_ms,
		fastly_give_u32(call, 2, backend->target.first_byte_time))
BACKEND_FUNCTION(get_between_bytes_timeout_ms,
		fastly_give_u32(call, 2, backend->target.between_bytes_time))
BACKEND_FUNCTION(is_ssl, fastly_give_u32(call, 2, backend->target.is_tls))

/* What was said when it was made. */
static enum fastly_status give_said(struct fastly_call *call, bool is_said, uint32_t value)
{
	return is_said ? fastly_give_u32(call, 2, value) : FASTLY_NONE;
}

BACKEND_FUNCTION(get_tcp_keepalive_enable, fastly_give_u32(call, 2, backend->tcp_keepalive != 0))
BACKEND_FUNCTION(get_http_keepalive_time,
		give_said(call, backend->has_keepalive, backend->http_keepalive))
BACKEND_FUNCTION(get_tcp_keepalive_interval,
		give_said(call, backend->has_keepalive, backend->tcp_interval))
BACKEND_FUNCTION(get_tcp_keepalive_probes,
		give_said(call, backend->has_keepalive, backend->tcp_probes))
BACKEND_FUNCTION(get_tcp_keepalive_time, give_said(call, backend->has_keepalive, backend->tcp_time))
BACKEND_FUNCTION(get_ssl_min_version,
		give_said(call, backend->target.tls_least != 0, backend->target.tls_least))
BACKEND_FUNCTION(get_ssl_max_version,
		give_said(call, backend->target.tls_most != 0, backend->target.tls_most))

/* ---- dynamic ones ---- */

/* As it is in the guest's memory; the rest is hints about how many connections there are. */
struct dynamic_config {
	uint32_t host_override, host_override_length;
	uint32_t connect_time, first_byte_time, between_bytes_time;
	uint32_t tls_least, tls_most;
	uint32_t cert_name, cert_name_length;
	uint32_t ca, ca_length;
	uint32_t ciphers, ciphers_length;
	uint32_t sni_name, sni_name_length;
	uint32_t certificate, certificate_length, key;
	uint32_t http_keepalive, tcp_keepalive, tcp_interval, tcp_probes, tcp_time;
	uint32_t rest[4];
};

enum {
	DYNAMIC_HOST = 1 << 1,
	DYNAMIC_CONNECT_TIME = 1 << 2,
	DYNAMIC_FIRST_BYTE_TIME = 1 << 3,
	DYNAMIC_BETWEEN_BYTES_TIME = 1 << 4,
	DYNAMIC_TLS = 1 << 5,
	DYNAMIC_TLS_LEAST = 1 << 6,
	DYNAMIC_TLS_MOST = 1 << 7,
	DYNAMIC_CERT_NAME = 1 << 8,
	DYNAMIC_CA = 1 << 9,
	DYNAMIC_CIPHERS = 1 << 10,
	DYNAMIC_SNI = 1 << 11,
	DYNAMIC_CLIENT_CERTIFICATE = 1 << 13,
	DYNAMIC_GRPC = 1 << 14,
	DYNAMIC_KEEPALIVE = 1 << 15,
};

enum { TLS_1_2 = 2, TLS_1_3 = 3 };

/* TLS 1.2 and 1.3 are what there is. */
static bool dynamic_is_supported(struct fastly_guest *guest, uint32_t mask,
		const struct dynamic_config *config)
{
	if (!(mask & DYNAMIC_TLS_MOST) || config->tls_most >= TLS_1_2)
		return true;
	fastly_tell(guest,
			"a dynamic backend with TLS before 1.2 is not supported by this version");
	return false;
}

/* Text without spaces and control characters. */
static enum fastly_status dynamic_text(struct fastly_call *call, uint32_t address, uint32_t length,
		char *text)
{
	struct sv_bytes bytes;
	if (length >= FASTLY_MAX_NAME)
		return FASTLY_LIMITEXCEEDED;
	if (!fastly_bytes_at(call, address, length, &bytes))
		return FASTLY_INVAL;
	for (size_t i = 0; i < length; i++) {
		if (bytes.data[i] <= ' ' || bytes.data[i] >= 0x7f)
			return FASTLY_INVAL;
		text[i] = (char)bytes.data[i];
	}
	text[length] = '\0';
	return FASTLY_OK;
}

/* Bytes of the guest's as a string of our own. */
static enum fastly_status dynamic_string(struct fastly_call *call, uint32_t address,
		uint32_t length, char **string)
{
	struct sv_bytes bytes;
	if (length > FASTLY_MAX_CERTIFICATE)
		return FASTLY_LIMITEXCEEDED;
	if (!fastly_bytes_at(call, address, length, &bytes))
		return FASTLY_INVAL;
	*string = strndup((const char *)bytes.data, bytes.length);
	return *string ? FASTLY_OK : FASTLY_ERROR;
}

/* The certificate is PEM, its key a secret. */
static enum fastly_status dynamic_certificate(struct fastly_call *call,
		const struct dynamic_config *config, struct fastly_backend *backend)
{
	const struct fastly_guest *guest = call->guest;
	if (config->key >= guest->secret_count)
		return FASTLY_BADF;
	struct sv_bytes key = guest->secrets[config->key].text;
	if (key.length > FASTLY_MAX_CERTIFICATE)
		return FASTLY_LIMITEXCEEDED;
	backend->key = strndup((const char *)key.data, key.length);
	return backend->key ? dynamic_string(call, config->certificate, config->certificate_length,
					      &backend->certificate)
			    : FASTLY_ERROR;
}

static enum fastly_status dynamic_tls(struct fastly_call *call, uint32_t mask,
		const struct dynamic_config *config, struct fastly_backend *backend)
{
	enum fastly_status status = FASTLY_OK;
	struct fetch_target *target = &backend->target;
	if (mask & DYNAMIC_TLS_LEAST)
		target->tls_least = config->tls_least > TLS_1_2 ? TLS_1_3 : TLS_1_2;
	if (mask & DYNAMIC_TLS_MOST)
		target->tls_most = config->tls_most > TLS_1_2 ? TLS_1_3 : TLS_1_2;
	if (target->tls_most && target->tls_most < target->tls_least)
		return FASTLY_INVAL;
	if (mask & DYNAMIC_CA)
		status = dynamic_string(call, config->ca, config->ca_length, &backend->ca);
	if (status == FASTLY_OK && mask & DYNAMIC_CIPHERS)
		status = dynamic_string(call, config->ciphers, config->ciphers_length,
				&backend->ciphers);
	if (status == FASTLY_OK && mask & DYNAMIC_CLIENT_CERTIFICATE)
		status = dynamic_certificate(call, config, backend);
	return status;
}

/* One name is both what TLS asks for and what the certificate must have; none: no name is sent. */
static enum fastly_status dynamic_names(struct fastly_call *call, uint32_t mask,
		const struct dynamic_config *config, struct fastly_backend *backend)
{
	char sni[FASTLY_MAX_NAME] = "", port_free[FASTLY_MAX_NAME];
	uint16_t port;
	enum fastly_status status = FASTLY_OK;
	if (mask & DYNAMIC_CERT_NAME)
		status = dynamic_text(call, config->cert_name, config->cert_name_length,
				backend->tls_name);
	if (status == FASTLY_OK && mask & DYNAMIC_SNI)
		status = dynamic_text(call, config->sni_name, config->sni_name_length, sni);
	if (status != FASTLY_OK)
		return status;
	backend->target.has_no_sni = mask & DYNAMIC_SNI && !sni[0];
	if (!backend->tls_name[0])
		memcpy(backend->tls_name, sni, sizeof sni);
	if (sni[0] && strcmp(sni, backend->tls_name) != 0) {
		fastly_tell(call->guest,
				"a dynamic backend whose SNI is not the name in its "
				"certificate is not supported by this version");
		return FASTLY_UNSUPPORTED;
	}
	return !backend->tls_name[0] ||
					fastly_authority_parse(host_text(backend->tls_name),
							port_free, &port)
			? FASTLY_OK
			: FASTLY_INVAL;
}

static void dynamic_times(uint32_t mask, const struct dynamic_config *config,
		struct fetch_target *target)
{
	if (mask & DYNAMIC_CONNECT_TIME)
		target->connect_time = config->connect_time;
	if (mask & DYNAMIC_FIRST_BYTE_TIME)
		target->first_byte_time = config->first_byte_time;
	if (mask & DYNAMIC_BETWEEN_BYTES_TIME)
		target->between_bytes_time = config->between_bytes_time;
}

static void dynamic_keepalive(uint32_t mask, const struct dynamic_config *config,
		struct fastly_backend *backend)
{
	static const uint32_t usual_time = 300, usual_interval = 10;
	if (!(mask & DYNAMIC_KEEPALIVE))
		return;
	backend->has_keepalive = true;
	backend->http_keepalive = config->http_keepalive;
	backend->tcp_keepalive = config->tcp_keepalive;
	backend->tcp_interval = config->tcp_interval;
	backend->tcp_probes = config->tcp_probes;
	backend->tcp_time = config->tcp_time;
	if (!config->tcp_keepalive)
		return;
	backend->target.keepalive_time = config->tcp_time ? config->tcp_time : usual_time;
	backend->target.keepalive_interval =
			config->tcp_interval ? config->tcp_interval : usual_interval;
}

/* Where the operator sends requests himself, a guest may too. */
static bool dynamic_is_trusted(const struct fastly_backends *fixed,
		const struct fastly_backend *backend)
{
	for (size_t i = 0; i < fixed->count; i++) {
		if (fixed->backends[i].target.is_trusted &&
				fixed->backends[i].target.port == backend->target.port &&
				strcasecmp(fixed->backends[i].host, backend->host) == 0)
			return true;
	}
	return false;
}

static enum fastly_status dynamic_read(struct fastly_call *call, struct fastly_backend *backend)
{
	struct dynamic_config config;
	struct sv_bytes target;
	uint32_t mask = fastly_argument(call, 4);
	enum fastly_status status = dynamic_text(call, fastly_argument(call, 0),
			fastly_argument(call, 1), backend->name);
	if (status != FASTLY_OK)
		return status;
	if (!backend->name[0] || !fastly_bytes(call, 2, &target) ||
			!fastly_read(call, fastly_argument(call, 5), &config, sizeof config))
		return FASTLY_INVAL;
	if (!dynamic_is_supported(call->guest, mask, &config))
		return FASTLY_UNSUPPORTED;
	backend->is_dynamic = true;
	backend->target.is_tls = mask & DYNAMIC_TLS;
	backend->target.is_http2 = mask & DYNAMIC_GRPC;
	backend->target.port = backend->target.is_tls ? 443 : 80;
	if (!fastly_authority_parse(target, backend->host, &backend->target.port))
		return FASTLY_INVAL;
	if (mask & DYNAMIC_HOST)
		status = dynamic_text(call, config.host_override, config.host_override_length,
				backend->override_host);
	if (status == FASTLY_OK)
		status = dynamic_tls(call, mask, &config, backend);
	if (status == FASTLY_OK)
		status = dynamic_names(call, mask, &config, backend);
	dynamic_times(mask, &config, &backend->target);
	dynamic_keepalive(mask, &config, backend);
	backend->target.is_trusted = dynamic_is_trusted(&call->guest->settings->backends, backend);
	fastly_backend_settle(backend);
	return status;
}

enum fastly_status fastly_http_req_register_dynamic_backend(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	if (guest->backend_count == FASTLY_MAX_OPEN)
		return FASTLY_LIMITEXCEEDED;
	struct fastly_backend *backend = malloc(sizeof *backend);
	if (!backend)
		return FASTLY_ERROR;
	fastly_backend_init(backend);
	enum fastly_status status = dynamic_read(call, backend);
	/* A name that is taken is wrong use of the function. */
	if (status == FASTLY_OK && backend_find(guest, host_text(backend->name)))
		status = FASTLY_ERROR;
	if (status != FASTLY_OK) {
		fastly_backend_finish(backend);
		free(backend);
		return status;
	}
	guest->backends[guest->backend_count++] = backend;
	return FASTLY_OK;
}
