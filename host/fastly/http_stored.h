/*
 * http_stored.h: heads of responses as they lie in the cache, and what a client gets of them.
 */
#ifndef SELVAGE_HOST_FASTLY_HTTP_STORED_H
#define SELVAGE_HOST_FASTLY_HTTP_STORED_H

#include "host/cache/cache.h"
#include "host/fastly/entries.h"
#include "host/fastly/fastly.h"

/* Status and fields as bytes, without fields of the connection. False: no memory. */
SV_MUST_USE bool http_head_write(const struct host_response *head, struct buffer *bytes);

/* The same again, within the limits of `head`. False: no memory. */
SV_MUST_USE bool http_head_read(struct sv_bytes bytes, struct host_response *head);

/* Fields of an answer that says "not modified" take the place of those that are stored. */
SV_MUST_USE bool http_head_merge(struct host_response *stored, const struct host_response *news);

/* A response and its body for what was found; if `is_for_client`, as its request asks for it. */
enum fastly_status http_found_give(struct fastly_call *call, const struct fastly_entry *entry,
		bool is_for_client, unsigned index);

#endif
