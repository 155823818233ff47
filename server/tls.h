/*
 * tls.h: TLS 1.2 and 1.3 on a socket that does not block, through OpenSSL. Of the loop's thread.
 *
 * A session first shakes hands, then reads and writes as recv and writev do, with errno.
 */
#ifndef SELVAGE_SERVER_TLS_H
#define SELVAGE_SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct host_client;
struct server_log;
struct tls_context;
struct tls_identities;
struct tls_session;

/* What sessions of a listener share; identities and log are borrowed. NULL with `error`. */
struct tls_context *tls_context_new(struct tls_identities *identities, struct server_log *log,
		struct sv_error *error);

/* No session may be left. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/* A session that a client is about to begin; `fd` is borrowed. NULL: no memory. */
struct tls_session *tls_session_new(struct tls_context *context, int fd);

/*
 * Sessions made from now on can rest. To be called first of all: OpenSSL takes its allocator only
 * before it has allocated anything.
 */
void tls_memory_init(void);

/* It will not be used for a while: keep less memory. Whatever is asked of it next ends that. */
void tls_session_rest(struct tls_session *session);

/* Says nothing to the client. NULL is allowed. */
void tls_session_free(struct tls_session *session);

enum tls_progress {
	TLS_READY,
	TLS_WAITS,  /* for what tls_session_wants */
	TLS_FAILED, /* the client has been told why; it must be closed */
};

/* Go on with the handshake. */
enum tls_progress tls_session_handshake(struct tls_session *session);

/* Why it failed, one line; valid until the session is freed. */
const char *tls_session_reason(const struct tls_session *session);

/* As recv: 0: the client has said that it will send no more; EAGAIN; ECONNRESET: it is lost. */
ssize_t tls_session_read(struct tls_session *session, void *bytes, size_t room);

/*
 * As writev, at most a record. After EAGAIN the next call must begin with the same bytes; there may
 * be more of them.
 */
ssize_t tls_session_write(struct tls_session *session, const struct iovec *parts, size_t count);

/* EPOLLIN or EPOLLOUT: what handshake or read needs to go on. A write only needs EPOLLOUT. */
uint32_t tls_session_wants(const struct tls_session *session);

/* True if there are bytes to read that have been taken off the socket already. */
bool tls_session_has_pending(const struct tls_session *session);

/* Tell the client that this was all. True: told, or lost; false: wait until it can be written. */
bool tls_session_end(struct tls_session *session);

/* The name the client asked for (dns_name.h); "" if it named none. */
const char *tls_session_name(const struct tls_session *session);

/* Names of OpenSSL's: of the protocol, as "TLSv1.3", and the cipher suite; constant strings. */
const char *tls_session_protocol(const struct tls_session *session);
const char *tls_session_cipher(const struct tls_session *session);

/* What the client said of itself, behind the handshake (host/tls.h); NULL: that is not known. */
struct host_client *tls_session_client(const struct tls_session *session);

/* True if client and server have agreed on HTTP/2 (ALPN). */
bool tls_session_is_http2(const struct tls_session *session);

/*
 * True if requests for this host (of a Host field, with or without a port) may come here: it is the
 * name the client asked for or, if it named none or speaks HTTP/2, one that the certificate is for.
 */
bool tls_session_covers(const struct tls_session *session, struct sv_bytes host);

#endif
