/*
 * transport.h: how the bytes of a connection travel: as they are, or in TLS. Calls are those of
 * sockets, with errno.
 */
#ifndef SELVAGE_SERVER_TRANSPORT_H
#define SELVAGE_SERVER_TRANSPORT_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/tls.h"

struct transport {
	int fd; /* owned */
	struct tls_session *tls; /* owned; NULL: plain */
};

/* Read what there is; 0: the client will send no more; EAGAIN: wait for transport_wants. */
static inline ssize_t transport_read(struct transport *transport, void *bytes, size_t room)
{
	if (transport->tls)
		return tls_session_read(transport->tls, bytes, room);
	return recv(transport->fd, bytes, room, 0);
}

/* Write some of the parts; EAGAIN: wait for EPOLLOUT, then go on with the same bytes. */
static inline ssize_t transport_write(struct transport *transport, struct iovec *parts,
		size_t count)
{
	if (transport->tls)
		return tls_session_write(transport->tls, parts, count);
	if (count == 1) /* which spares the system a list of one */
		return send(transport->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	return sendmsg(transport->fd, &message, MSG_NOSIGNAL);
}

/* What to wait for before the next read: in TLS a read may have to write. */
static inline uint32_t transport_wants(const struct transport *transport)
{
	return transport->tls ? tls_session_wants(transport->tls) : (uint32_t)EPOLLIN;
}

/* True if there is something to read though the descriptor may say nothing of it. */
static inline bool transport_has_pending(const struct transport *transport)
{
	return transport->tls && tls_session_has_pending(transport->tls);
}

/* Say that all was sent; false: say it again when there is EPOLLOUT. */
static inline bool transport_end(struct transport *transport)
{
	if (transport->tls && !tls_session_end(transport->tls))
		return false;
	(void)shutdown(transport->fd, SHUT_WR); /* fails only if the client is gone */
	return true;
}

/* Nothing is expected to travel for a while. */
static inline void transport_rest(struct transport *transport)
{
	if (transport->tls)
		tls_session_rest(transport->tls);
}

static inline void transport_close(struct transport *transport)
{
	tls_session_free(transport->tls);
	transport->tls = NULL;
	close(transport->fd);
	transport->fd = -1;
}

#endif
