/*
 * connection_tls.c: the beginning of a connection to a TLS port.
 */
#include "server/connection.h"

#include <errno.h>

/* The first byte of a TLS record that begins a handshake (RFC 8446, 5.1). */
static const uint8_t record_of_handshake = 22;

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void handshake_failed(struct connection *connection)
{
	log_event(&connection->server->log, "%s: TLS: %s", connection->remote_address,
			tls_session_reason(connection->transport.tls));
	/* The client may still be sending, and should get to read the alert. */
	(void)shutdown(connection->transport.fd, SHUT_WR);
	connection_linger(connection);
}

/* The client does not speak TLS: say so to one that may speak HTTP. */
static void handshake_refuse(struct connection *connection, uint8_t first)
{
	if (!is_letter(first)) {
		log_event(&connection->server->log, "%s: TLS: the client speaks something else",
				connection->remote_address);
		connection_close(connection);
		return;
	}
	connection->phase = CONNECTION_OPEN;
	http1_answer(connection, 400, "this is an HTTPS port");
	http1_run(connection);
}

/* Look at the first byte, and begin if it is right. */
static bool handshake_begin(struct connection *connection)
{
	struct transport *transport = &connection->transport;
	uint8_t first;
	ssize_t count = recv(transport->fd, &first, 1, MSG_PEEK);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (count <= 0) {
		connection_close(connection);
		return false;
	}
	if (first != record_of_handshake) {
		handshake_refuse(connection, first);
		return false;
	}
	transport->tls = tls_session_new(connection->listener->tls, transport->fd);
	if (!transport->tls)
		connection_close(connection);
	return transport->tls != NULL;
}

void connection_handshake(struct connection *connection)
{
	struct transport *transport = &connection->transport;
	if (!transport->tls && !handshake_begin(connection))
		return;
	switch (tls_session_handshake(transport->tls)) {
	case TLS_READY:
		connection_begin(connection);
		break;
	case TLS_WAITS:
		connection_watch_for(connection, tls_session_wants(transport->tls));
		break;
	case TLS_FAILED:
		handshake_failed(connection);
		break;
	}
}
