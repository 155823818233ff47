/*
 * tls_session.c: one client's session.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "host/tls.h"
#include "server/certificate.h"
#include "server/dns_name.h"
#include "server/tls_context.h"

struct tls_session {
	struct tls_context *context;
	SSL *ssl;         /* owned; to be had by session_ssl */
	struct rest rest; /* of its largest piece of memory */
	uint32_t wants;
	bool is_lost;
	bool has_ended; /* the client was told */
	char *name;     /* owned; NULL: the client named none */
	char *reason;   /* owned; NULL: none, or no memory for it */
	struct buffer hello;        /* until the handshake is over */
	struct host_client *client; /* one use of it is ours; NULL: not yet, or no memory for it */
};

static SSL *session_ssl(const struct tls_session *session)
{
	/* To the outside it is as it was. */
	rest_wake((struct rest *)&session->rest);
	return session->ssl;
}

void tls_session_rest(struct tls_session *session)
{
	rest_begin(&session->rest);
}

struct tls_session *tls_session_new(struct tls_context *context, int fd)
{
	tls_context_renew(context);
	struct tls_session *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	session->context = context;
	session->wants = EPOLLIN;
	session->ssl = tls_memory_new(context->ssl, &session->rest);
	if (!session->ssl || SSL_set_fd(session->ssl, fd) != 1) {
		tls_session_free(session);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(session->ssl, session);
	SSL_set_accept_state(session->ssl);
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	SSL_free(session_ssl(session));
	free(session->name);
	free(session->reason);
	buffer_finish(&session->hello);
	host_client_release(session->client);
	free(session);
}

void tls_session_set_hello(struct tls_session *session, struct sv_bytes hello)
{
	/* Without memory for it guests do not know it. */
	(void)!buffer_append(&session->hello, hello.data, hello.length, NULL);
}

struct host_client *tls_session_client(const struct tls_session *session)
{
	return session->client;
}

void tls_session_set_reason(struct tls_session *session, const char *format, ...)
{
	if (session->reason)
		return;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&session->reason, format, arguments) < 0)
		session->reason = NULL;
	va_end(arguments);
}

const char *tls_session_reason(const struct tls_session *session)
{
	return session->reason ? session->reason : "the connection was lost";
}

static bool is_address(const char *name)
{
	struct in6_addr address;
	return inet_pton(AF_INET, name, &address) == 1 ||
			inet_pton(AF_INET6, name, &address) == 1;
}

bool tls_session_set_name(struct tls_session *session, const char *name)
{
	char read[DNS_NAME_MOST + 1];
	/* Clients must not send one (RFC 6066, section 3); some do: as if they had sent nothing. */
	if (is_address(name))
		return true;
	if (!dns_name_read((struct sv_bytes){(const uint8_t *)name, strlen(name)}, read)) {
		tls_session_set_reason(session, "a malformed server name");
		return false;
	}
	free(session->name);
	session->name = strdup(read);
	return session->name != NULL;
}

const char *tls_session_name(const struct tls_session *session)
{
	return session->name ? session->name : "";
}

const char *tls_session_protocol(const struct tls_session *session)
{
	return SSL_get_version(session_ssl(session));
}

const char *tls_session_cipher(const struct tls_session *session)
{
	return SSL_get_cipher_name(session_ssl(session));
}

/* Take note of what a handshake or a read waits for; false if it does not wait, but has failed. */
static bool session_waits(struct tls_session *session, int error)
{
	if (error == SSL_ERROR_WANT_READ)
		session->wants = EPOLLIN;
	else if (error == SSL_ERROR_WANT_WRITE)
		session->wants = EPOLLOUT;
	else
		return false;
	return true;
}

enum tls_progress tls_session_handshake(struct tls_session *session)
{
	ERR_clear_error();
	int result = SSL_do_handshake(session_ssl(session));
	if (result == 1) {
		session->wants = EPOLLIN;
		session->client = tls_client_make(
				session_ssl(session), buffer_view(&session->hello));
		buffer_finish(&session->hello);
		return TLS_READY;
	}
	if (session_waits(session, SSL_get_error(session_ssl(session), result)))
		return TLS_WAITS;
	session->is_lost = true;
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	if (reason)
		tls_session_set_reason(session, "%s", reason);
	return TLS_FAILED;
}

/* The session is of no more use: as sockets say it. */
static ssize_t session_lost(struct tls_session *session)
{
	session->is_lost = true;
	errno = ECONNRESET;
	return -1;
}

ssize_t tls_session_read(struct tls_session *session, void *bytes, size_t room)
{
	size_t count = 0;
	ERR_clear_error();
	int result = SSL_read_ex(session_ssl(session), bytes, room, &count);
	if (result == 1) {
		session->wants = EPOLLIN;
		return (ssize_t)count;
	}
	int error = SSL_get_error(session_ssl(session), result);
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (!session_waits(session, error))
		return session_lost(session);
	errno = EAGAIN;
	return -1;
}

/* What goes into the next record, in one piece. */
static struct iovec gather(struct tls_context *context, const struct iovec *parts, size_t count)
{
	while (count && !parts->iov_len) {
		parts++;
		count--;
	}
	if (count < 2 || parts->iov_len >= sizeof context->record)
		return count ? *parts : (struct iovec){0};
	size_t length = 0;
	for (size_t i = 0; i < count && length < sizeof context->record; i++) {
		size_t room = sizeof context->record - length;
		size_t taken = parts[i].iov_len < room ? parts[i].iov_len : room;
		if (taken)
			memcpy(context->record + length, parts[i].iov_base, taken);
		length += taken;
	}
	return (struct iovec){context->record, length};
}

ssize_t tls_session_write(struct tls_session *session, const struct iovec *parts, size_t count)
{
	const struct iovec record = gather(session->context, parts, count);
	size_t written = 0;
	if (!record.iov_len)
		return 0;
	ERR_clear_error();
	int result = SSL_write_ex(session_ssl(session), record.iov_base, record.iov_len, &written);
	if (result == 1)
		return (ssize_t)written;
	/* Without renegotiation there is nothing to be read before this can be written. */
	if (SSL_get_error(session_ssl(session), result) != SSL_ERROR_WANT_WRITE)
		return session_lost(session);
	errno = EAGAIN;
	return -1;
}

uint32_t tls_session_wants(const struct tls_session *session)
{
	return session->wants;
}

bool tls_session_has_pending(const struct tls_session *session)
{
	return SSL_pending(session_ssl(session)) > 0;
}

bool tls_session_end(struct tls_session *session)
{
	if (session->is_lost || session->has_ended)
		return true;
	ERR_clear_error();
	int result = SSL_shutdown(session_ssl(session));
	if (result < 0 && SSL_get_error(session_ssl(session), result) == SSL_ERROR_WANT_WRITE)
		return false;
	ERR_clear_error();
	session->has_ended = true;
	return true;
}

bool tls_session_is_http2(const struct tls_session *session)
{
	const unsigned char *protocol;
	unsigned length;
	SSL_get0_alpn_selected(session_ssl(session), &protocol, &length);
	return length == 2 && memcmp(protocol, "h2", 2) == 0;
}

/* The host of a Host field without port and brackets; false if it is longer than any name. */
static bool host_read(struct sv_bytes host, char text[DNS_NAME_MOST + 2])
{
	const char *data = (const char *)host.data;
	size_t length = host.length;
	if (length && data[0] == '[') {
		const char *end = memchr(data, ']', length);
		data++;
		length = end ? (size_t)(end - data) : 0;
	} else {
		const char *colon = length ? memchr(data, ':', length) : NULL;
		length = colon ? (size_t)(colon - data) : length;
	}
	if (length > DNS_NAME_MOST + 1)
		return false;
	memcpy(text, data, length);
	text[length] = '\0';
	return true;
}

bool tls_session_covers(const struct tls_session *session, struct sv_bytes host)
{
	char text[DNS_NAME_MOST + 2], name[DNS_NAME_MOST + 1];
	if (!host.length)
		return true;
	if (!host_read(host, text))
		return false;
	size_t length = strlen(text);
	/* "example.org." is the name in full. */
	if (length && text[length - 1] == '.')
		text[--length] = '\0';
	bool is_name = dns_name_read((struct sv_bytes){(const uint8_t *)text, length}, name);
	if (session->name && is_name && strcmp(name, session->name) == 0)
		return true;
	/* One connection of HTTP/2 may be for all that the certificate covers (RFC 9113, 9.1.1). */
	if (session->name && !tls_session_is_http2(session))
		return false;
	const struct certificate shown = {.leaf = SSL_get_certificate(session_ssl(session))};
	return shown.leaf && certificate_covers(&shown, is_name ? name : text);
}
