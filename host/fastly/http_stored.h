/*
 * http_stored.h: heads of responses as they lie in the cache, and what a client gets of them.
 */
#ifndef SELVAGE_HOST_FASTLY_HTTP_STORED_H
#define SELVAGE_HOST_FASTLY_HTTP_STORED_H

#include "host/cache/cache.h"
#include "host/fastly/entries.h"
#include "host/fastly/fastly.h"

/* Bytes of a key, which is a hash. */
#define HTTP_KEY_BYTES 32u

/* What a request's response is kept under: its address, and its Host field if that is another. */
SV_MUST_USE bool http_key_make(const struct fastly_message *request, uint8_t key[HTTP_KEY_BYTES]);

/* Whether responses to it are kept at all: what is asked with GET and HEAD is the same thing. */
bool http_method_is_kept(struct sv_bytes method);

/* Status and fields as bytes, without fields of the connection. False: no memory. */
SV_MUST_USE bool http_head_write(const struct host_response *head, struct buffer *bytes);

/* The same again, within the limits of `head`. False: no memory, or the bytes are no such thing. */
SV_MUST_USE bool http_head_read(struct sv_bytes bytes, struct host_response *head);

/* Fields of an answer that says "not modified" take the place of those that are stored. */
SV_MUST_USE bool http_head_merge(struct host_response *stored, const struct host_response *news);

/*
 * The fields that a backend is asked with: not what is about a part, or what the client has; but
 * what there is of a stale object, if the lookup has the claim to make it anew. False: no memory.
 */
SV_MUST_USE bool http_suggest(const struct cache_lookup *lookup, struct host_response *head);

/* What was found, and for whom. */
struct http_found {
	struct cache_object *object;
	const struct host_response *request; /* its fields */
	bool is_head;
	bool is_for_client; /* as its request asks for it */
};

/* A response and its body for what was found; LIMITEXCEEDED: neither. */
enum fastly_status http_found_make(struct fastly_guest *guest, const struct http_found *found,
		struct fastly_message **message, struct fastly_body **body);

#endif
