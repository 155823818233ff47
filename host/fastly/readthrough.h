/*
 * readthrough.h: requests whose responses come through the cache: from it, or from the backend and
 * into it.
 */
#ifndef SELVAGE_HOST_FASTLY_READTHROUGH_H
#define SELVAGE_HOST_FASTLY_READTHROUGH_H

#include "host/fastly/backends.h"
#include "host/fastly/pending.h"

struct readthrough;

/* A request as it is sent. */
struct readthrough_request {
	const struct fastly_message *message;
	const struct fastly_backend *backend; /* lives as long as the guest */
	struct sv_bytes path, host;           /* for the backend */
};

/* Whether a request's response may come through the cache, by its method and what it overrides. */
bool readthrough_is_for(const struct fastly_message *message);

/* Drop the field by which guests name a key, which is for nobody else. */
void readthrough_forget_key(struct fastly_message *message);

/* Begin, with a copy of all of it; NULL with what to return, and the reason of that. */
struct readthrough *readthrough_new(struct fastly_guest *guest,
		const struct readthrough_request *request, enum fastly_status *status,
		uint32_t *detail);
void readthrough_close(struct fastly_guest *guest, struct readthrough *through);

/* Go on, and whether there is a response; then the object that is it, or NULL: the backend's is. */
enum fetch_progress readthrough_answered(struct fastly_guest *guest,
		struct fastly_pending *pending);
struct cache_object *readthrough_object(const struct readthrough *through);

/* A response and its body from the object; LIMITEXCEEDED: neither. */
enum fastly_status readthrough_make(struct fastly_guest *guest,
		const struct fastly_pending *pending, struct fastly_message **message,
		struct fastly_body **body);

/* Fields that tell of the cache: X-Cache and X-Cache-Hits. False: no memory. */
SV_MUST_USE bool readthrough_tell(const struct readthrough *through, struct host_response *head);

#endif
