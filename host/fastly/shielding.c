/*
 * shielding.c: other places that a request may go to before its backend (fastly_shielding), as
 * fastly.toml names them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/backends.h"
#include "host/fastly/settings.h"

/* As it is in the guest's memory. */
struct shield_config {
	uint32_t cache_key, cache_key_length;
	uint32_t first_byte_time, between_bytes_time;
};

enum { SHIELD_FIRST_BYTE_TIME = 1 << 2, SHIELD_BETWEEN_BYTES_TIME = 1 << 3 };

/* Whether this is the place, and its addresses without and with TLS, each with a NUL behind. */
enum fastly_status fastly_shielding_shield_info(struct fastly_call *call)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name))
		return FASTLY_INVAL;
	const json_t *block = json_object_getn(call->guest->settings->shields,
			(const char *)name.data, name.length);
	if (!block)
		return FASTLY_INVAL;
	const struct sv_bytes bytes = {
			(const uint8_t *)json_string_value(block), json_string_length(block)};
	return fastly_give(call, 2, bytes);
}

static const struct fastly_backend *shield_find(struct fastly_guest *guest, struct sv_bytes url)
{
	const struct fastly_backends *shields = &guest->settings->shield_backends;
	for (size_t i = 0; i < shields->count; i++) {
		const char *name = shields->backends[i].name;
		if (strlen(name) == url.length && memcmp(name, url.data, url.length) == 0)
			return &shields->backends[i];
	}
	return NULL;
}

/* One of the guest's own, that goes to the shield. Arguments: address, mask, config, its name. */
enum fastly_status fastly_shielding_backend_for_shield(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct shield_config config;
	struct sv_bytes url;
	char name[32];
	uint32_t mask = fastly_argument(call, 2);
	if (!fastly_bytes(call, 0, &url) ||
			!fastly_read(call, fastly_argument(call, 3), &config, sizeof config))
		return FASTLY_INVAL;
	const struct fastly_backend *shield = shield_find(guest, url);
	if (!shield)
		return FASTLY_INVAL;
	if (guest->backend_count == FASTLY_MAX_OPEN)
		return FASTLY_LIMITEXCEEDED;
	snprintf(name, sizeof name, "shield %u", guest->backend_count);
	enum fastly_status status = fastly_give(call, 4, host_text(name));
	struct fastly_backend *backend = status == FASTLY_OK ? malloc(sizeof *backend) : NULL;
	if (!backend)
		return status == FASTLY_OK ? FASTLY_ERROR : status;
	*backend = *shield;
	memcpy(backend->name, name, sizeof name);
	if (mask & SHIELD_FIRST_BYTE_TIME)
		backend->target.first_byte_time = config.first_byte_time;
	if (mask & SHIELD_BETWEEN_BYTES_TIME)
		backend->target.between_bytes_time = config.between_bytes_time;
	fastly_backend_settle(backend);
	guest->backends[guest->backend_count++] = backend;
	return FASTLY_OK;
}
