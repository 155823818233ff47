/*
 * things.h: requests that a guest makes and the responses to them, by handle.
 */
#ifndef SELVAGE_HOST_TERRARIUM_THINGS_H
#define SELVAGE_HOST_TERRARIUM_THINGS_H

#include "host/fetch/fetch.h"
#include "host/terrarium/terrarium.h"
#include "host/terrarium/url.h"

/* Bytes and number of the fields of a request that a guest makes, and bytes of its method. */
#define TERRARIUM_FIELD_BYTES FETCH_HEAD_BYTES
#define TERRARIUM_FIELDS FETCH_HEAD_FIELDS
#define TERRARIUM_MAX_METHOD 32u

enum terrarium_kind {
	TERRARIUM_REQUEST, /* not sent yet */
	TERRARIUM_PENDING, /* sent */
	TERRARIUM_RESPONSE,
};

/* A request becomes a pending one, and that a response, under the same handle. */
struct terrarium_thing {
	enum terrarium_kind kind;
	char method[TERRARIUM_MAX_METHOD + 1];
	struct terrarium_url url;
	struct host_response message; /* fields and body; of a response also the status */
	size_t held;                  /* bytes of it that count in the guest's `held` */
	struct fetch *fetch;          /* one use is ours; NULL: it is not pending */
	bool has_head;                /* `message` is the response's */
	unsigned redirects;           /* that were followed */
};

/* A new request; NULL with a line in the log for more than there may be. */
struct terrarium_thing *terrarium_thing_new(struct terrarium_guest *guest, uint32_t *handle);

/* What a handle stands for; NULL: nothing of this kind. */
struct terrarium_thing *terrarium_thing(struct terrarium_guest *guest, uint32_t handle,
		enum terrarium_kind kind);

/* Let go of it, or of all. */
void terrarium_thing_drop(struct terrarium_guest *guest, uint32_t handle);
void terrarium_things_drop(struct terrarium_guest *guest);

/* Count what a thing holds now, with `more` bytes that are about to come; false: too much. */
SV_MUST_USE bool terrarium_thing_count(struct terrarium_guest *guest, struct terrarium_thing *thing,
		size_t more);

/* Its request is under way no more. */
void terrarium_thing_stop(struct terrarium_guest *guest, struct terrarium_thing *thing);

#endif
