/*
 * body.h: what other files do with bodies.
 */
#ifndef SELVAGE_HOST_FASTLY_BODY_H
#define SELVAGE_HOST_FASTLY_BODY_H

#include "host/fastly/fastly.h"

/* Append to a body, within the limits; INVAL, LIMITEXCEEDED or ERROR (no memory) if not. */
enum fastly_status fastly_body_add(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes);

/* A body to be given away, when all of it is there: WAITS until then. */
enum fastly_status fastly_body_whole(struct fastly_call *call, uint32_t handle,
		struct fastly_body **body);

/* What is left of it to read, in two parts. */
void fastly_body_parts(const struct fastly_body *body, struct sv_bytes parts[2]);

/* Take what has come already of a body that still comes, up to about `most` bytes in all. */
enum fastly_status fastly_body_gather(struct fastly_guest *guest, struct fastly_body *body,
		size_t most);

/* Move all of a body, as it comes, to where what is written to another one goes, or to its own. */
enum fastly_status fastly_body_pour(struct fastly_guest *guest, struct fastly_body *to,
		struct fastly_body *from);

/* Drop what it holds; it stays open. */
void fastly_body_empty(struct fastly_guest *guest, struct fastly_body *body);

/* Bytes that are left to read, not counting what is still to come. */
size_t fastly_body_left(const struct fastly_body *body);

#endif
