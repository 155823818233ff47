/*
 * fetch.h: HTTP requests to elsewhere, for guests of all worlds. One thread of a fetcher makes
 * all of them; whoever waits for one is woken and asks again. No function here waits.
 *
 * Functions that begin or carry something are called in a turn of the call's guest.
 *
 * Addresses of this machine and of private networks are only connected to where the operator has
 * named the target; redirects are not followed, proxies not used, bodies neither packed nor
 * unpacked. What neither side takes is kept within FETCH_BUFFER bytes, then the other one waits.
 */
#ifndef SELVAGE_HOST_FETCH_H
#define SELVAGE_HOST_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "host/host.h"

/* Requests of a process at once, and bytes of a body that nobody has taken yet. */
#define FETCH_MOST 1024u
#define FETCH_BUFFER (256u * 1024)

/* Bytes and fields of the head of a response. */
#define FETCH_HEAD_BYTES (69u * 1024)
#define FETCH_HEAD_FIELDS 1000u

/* Why there is no response, or no whole one. */
enum fetch_error {
#define FETCH_ERROR(name, text) FETCH_##name,
#include "host/fetch/errors.def"
#undef FETCH_ERROR
};

/* Where a request goes. Times are milliseconds; 0: no limit. */
struct fetch_target {
	const char *host; /* a name or an address, in brackets if it has colons */
	uint16_t port;
	bool is_tls;
	bool is_trusted;      /* the operator has named it: any address will do */
	bool has_no_sni;      /* TLS without the server's name */
	bool is_http2;        /* spoken to by HTTP/2 alone, without asking */
	const char *tls_name; /* that its certificate must have; NULL: `host` */
	const char *ca;       /* PEM; NULL: those of the system */
	const char *certificate, *key; /* PEM, to be shown to the server; NULL: none */
	const char *ciphers;  /* of TLS 1.2, as OpenSSL names them; NULL: the usual ones */
	unsigned tls_least, tls_most; /* 2: TLS 1.2, 3: 1.3; 0: both will do */
	uint32_t keepalive_time, keepalive_interval; /* of TCP, seconds; 0: without */
	uint32_t connect_time, first_byte_time, between_bytes_time;
};

/*
 * Who takes the body of the response in the place of the owner, and then goes on when the owner has
 * let go of it. All of it is called on the fetcher's thread.
 */
struct fetch_tap {
	/* The head is there: whether it takes the body, else this was the last call. */
	bool (*answered)(void *data, const struct host_response *head);
	/* Bytes of the body; false: it takes no more, which ends the request. */
	bool (*took)(void *data, struct sv_bytes bytes);
	/* The last call; what it does is done before the owner sees the end. */
	void (*ended)(void *data, bool is_whole);
};

struct fetch_request {
	const struct fetch_target *target;
	struct sv_bytes method;
	struct sv_bytes path; /* with the query; begins with '/' */
	struct sv_bytes host; /* of the Host field */
	const struct host_response *fields; /* those of the connection and Host are left out */
	/*
	 * Whose request it is, which lives as long as it is used: the trace of its own is passed
	 * on, unless `fields` has one, and its limits hold.
	 */
	struct host_call *call;
	struct buffer body;   /* taken over */
	bool has_more_body;   /* fetch_write gives the rest, fetch_finish ends it */
	struct host_waker *waker; /* of who will ask; lives while it may */
	const struct fetch_tap *tap; /* NULL: none; told of the end of each request that began */
	void *tap_data;
	bool goes_on; /* without its owner even before the tap takes the body */
};

struct fetcher;
struct fetch;

/* Its thread starts with the first request. NULL with `error` on failure. */
struct fetcher *fetcher_new(struct sv_error *error);

/* End it; every fetch must have been let go of. NULL is allowed. */
void fetcher_free(struct fetcher *fetcher);

/* Begin a request; all but the body is copied. NULL with the reason in `error`. */
struct fetch *fetch_start(struct fetcher *fetcher, struct fetch_request *request,
		struct sv_error *error);

/* One more user; each lets go of it. The last one ends it, whatever its state. NULL is allowed. */
struct fetch *fetch_use(struct fetch *fetch);
void fetch_release(struct fetch *fetch);

/* What can be done now; LATER: the waker will be woken when that changes. */
enum fetch_progress { FETCH_LATER = 0, FETCH_READY, FETCH_END, FETCH_BROKEN };

/* READY when the head of the response is there, which fetch_head then gives. */
enum fetch_progress fetch_answered(struct fetch *fetch);
const struct host_response *fetch_head(const struct fetch *fetch);

/* Fields behind its body, when that has come to its END. */
const struct host_response *fetch_trailers(const struct fetch *fetch);

/* The address that it came from, as text; "": that is not known. */
const char *fetch_address(const struct fetch *fetch, uint16_t *port);

/* READY if fetch_read or fetch_write would move something. */
enum fetch_progress fetch_readable(struct fetch *fetch);
enum fetch_progress fetch_writable(struct fetch *fetch);

/* Take bytes of the response's body, or give some of the request's; READY: `*count` of them. */
enum fetch_progress fetch_read(struct fetch *fetch, uint8_t *to, size_t room, size_t *count);
enum fetch_progress fetch_write(struct fetch *fetch, struct sv_bytes bytes, size_t *count);

/* The request's body is whole. */
void fetch_finish(struct fetch *fetch);

/* End it, if it has not ended, with this line of text for its users. */
void fetch_abort(struct fetch *fetch, const char *reason);

/* Why it is BROKEN, with one line of text. */
enum fetch_error fetch_failure(const struct fetch *fetch, const char **text);

#endif
