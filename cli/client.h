/*
 * client.h: a conversation with the control plane of a server: JSON there, JSON back, over one
 * connection. What a server answers is read up to a limit and believed only as far as it is used.
 */
#ifndef SELVAGE_CLI_CLIENT_H
#define SELVAGE_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct client_place;
struct client;

struct client_request {
	const char *method;
	const char *path;     /* with its first '/' */
	struct sv_bytes body; /* JSON, borrowed; nothing if `data` is NULL */
	bool with_progress;   /* draw a bar while the body is sent */
};

/* How the last request ended, for who wants more than the text of an error. */
struct client_end {
	bool reached;  /* there was an answer */
	int status;    /* of the answer */
	char code[40]; /* what the API calls the error; empty if it does not say */
};

/* `timeout`: nanoseconds that a request may take. The place is borrowed while the client lives. */
struct client *client_new(const struct client_place *place, uint64_t timeout,
		struct sv_error *error);
void client_free(struct client *client);

/* Send a request; `*answer` is the object that came back, the caller's to release. */
SV_MUST_USE bool client_call(struct client *client, const struct client_request *request,
		json_t **answer, struct sv_error *error);

/* The same with nothing or an object (borrowed) as its body, which is wiped when it is sent. */
SV_MUST_USE bool client_send(struct client *client, const char *method, json_t *body,
		json_t **answer, struct sv_error *error, const char *path, ...) SV_PRINTF(6, 7);

const struct client_end *client_last_end(const struct client *client);

/*
 * Read fields of an answer as json_unpack does. What lacks, or has another type, is an answer
 * that is not of this API. Text stays the answer's.
 */
SV_MUST_USE bool client_unpack(json_t *answer, struct sv_error *error, const char *format, ...);

/* The object or array (borrowed) that an answer has under a key. */
SV_MUST_USE bool client_unpack_member(json_t *answer, const char *key, json_type type,
		json_t **member, struct sv_error *error);

enum probe_outcome {
	PROBE_ANSWERED,
	PROBE_UNTRUSTED, /* its certificate is signed by nobody whom this machine trusts */
	PROBE_SILENT,
};

/*
 * Ask another address once, without the token; `*status` is what it answered. `text` gets one
 * line on what went wrong.
 */
enum probe_outcome client_probe(struct client *client, const char *url, long *status, char *text,
		size_t size);

#endif
