/*
 * log.c: log endpoints (fastly_log). All of them end in the log of the server, with the endpoint's
 * name in front of each line.
 */
#include <stdio.h>
#include <string.h>

#include "host/fastly/fastly.h"

enum fastly_status fastly_log_endpoint_get(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name) || !name.length ||
			name.length >= sizeof guest->endpoints[0] ||
			memchr(name.data, '\0', name.length))
		return FASTLY_INVAL;
	for (uint32_t i = 0; i < ARRAY_LENGTH(guest->endpoints); i++) {
		char *endpoint = guest->endpoints[i];
		if (!endpoint[0])
			snprintf(endpoint, sizeof guest->endpoints[i], "%.*s", (int)name.length,
					(const char *)name.data);
		if (strlen(endpoint) == name.length &&
				memcmp(endpoint, name.data, name.length) == 0)
			return fastly_give_u32(call, 2, i);
	}
	return FASTLY_LIMITEXCEEDED;
}

enum fastly_status fastly_log_write(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	uint32_t handle = fastly_argument(call, 0);
	struct sv_bytes message;
	if (handle >= ARRAY_LENGTH(guest->endpoints) || !guest->endpoints[handle][0])
		return FASTLY_BADF;
	if (!fastly_bytes(call, 1, &message))
		return FASTLY_INVAL;
	const char *name = guest->endpoints[handle];
	host_lines_flush(&guest->lines);
	host_lines_write(&guest->lines, name, strlen(name));
	host_lines_write(&guest->lines, ": ", 2);
	host_lines_write(&guest->lines, message.data, message.length);
	host_lines_flush(&guest->lines);
	return fastly_give_u32(call, 3, (uint32_t)message.length);
}
