/*
 * known.c: what is known of others: where addresses are (fastly_geo), what devices are
 * (fastly_device_detection), and who may pass (fastly_acl).
 */
#include <arpa/inet.h>
#include <string.h>

#include "host/fastly/body.h"
#include "host/fastly/fastly.h"
#include "host/fastly/settings.h"

/* ---- places (fastly_geo) ---- */

/* What SDKs expect of any place, of one that says nothing. */
static const char loopback[] =
		"{\"as_name\":\"local\",\"as_number\":0,\"area_code\":0,\"city\":\"local\","
		"\"conn_speed\":\"broadband\",\"conn_type\":\"wired\",\"continent\":\"NA\","
		"\"country_code\":\"US\",\"country_code3\":\"USA\","
		"\"country_name\":\"United States of America\",\"latitude\":0.0,"
		"\"longitude\":0.0,\"metro_code\":0,\"postal_code\":\"00000\","
		"\"proxy_description\":\"?\",\"proxy_type\":\"?\",\"region\":\"CA\","
		"\"utc_offset\":0}";

static bool is_loopback(const uint8_t *octets, size_t length)
{
	static const uint8_t six[16] = {[15] = 1};
	return length == 4 ? octets[0] == 127 : memcmp(octets, six, sizeof six) == 0;
}

enum fastly_status fastly_geo_lookup(struct fastly_call *call)
{
	const struct fastly_settings *settings = call->guest->settings;
	struct sv_bytes octets;
	char address[INET6_ADDRSTRLEN];
	if (!fastly_bytes(call, 0, &octets) || (octets.length != 4 && octets.length != 16))
		return FASTLY_INVAL;
	inet_ntop(octets.length == 4 ? AF_INET : AF_INET6, octets.data, address, sizeof address);
	const char *place = json_string_value(json_object_get(settings->geolocation, address));
	if (!place && settings->has_loopback && is_loopback(octets.data, octets.length))
		place = loopback;
	return place ? fastly_give(call, 2, host_text(place)) : FASTLY_NONE;
}

/* ---- devices (fastly_device_detection) ---- */

enum fastly_status fastly_device_detection_lookup(struct fastly_call *call)
{
	struct sv_bytes agent;
	if (!fastly_bytes(call, 0, &agent))
		return FASTLY_INVAL;
	const json_t *text = json_object_getn(call->guest->settings->devices,
			(const char *)agent.data, agent.length);
	return text ? fastly_give(call, 2, host_text(json_string_value(text))) : FASTLY_NONE;
}

/* ---- lists (fastly_acl) ---- */

/* What a lookup tells: enum acl_error of the interface's description. */
enum { ACL_FOUND = 1, ACL_NOTHING = 2 };

enum fastly_status fastly_acl_open(struct fastly_call *call)
{
	const struct fastly_settings *settings = call->guest->settings;
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name))
		return FASTLY_INVAL;
	for (size_t i = 0; i < settings->acl_count; i++) {
		struct sv_bytes own = host_text(settings->acls[i].name);
		if (own.length == name.length && memcmp(own.data, name.data, name.length) == 0)
			return fastly_give_u32(call, 2, (uint32_t)i);
	}
	return FASTLY_NONE;
}

static bool entry_matches(const struct fastly_acl_entry *entry, struct sv_bytes octets)
{
	size_t whole = entry->bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> entry->bits % 8);
	return entry->length == octets.length && memcmp(entry->octets, octets.data, whole) == 0 &&
			(!mask || ((entry->octets[whole] ^ octets.data[whole]) & mask) == 0);
}

/* The longest prefix; of several, the last. */
static const struct fastly_acl_entry *entry_find(const struct fastly_acl *acl,
		struct sv_bytes octets)
{
	const struct fastly_acl_entry *found = NULL;
	for (size_t i = 0; i < acl->count; i++) {
		const struct fastly_acl_entry *entry = &acl->entries[i];
		if ((!found || entry->bits >= found->bits) && entry_matches(entry, octets))
			found = entry;
	}
	return found;
}

enum fastly_status fastly_acl_lookup(struct fastly_call *call)
{
	const struct fastly_settings *settings = call->guest->settings;
	uint32_t number = fastly_argument(call, 0);
	struct sv_bytes octets;
	if (number >= settings->acl_count)
		return FASTLY_BADF;
	if (!fastly_bytes(call, 1, &octets) || (octets.length != 4 && octets.length != 16) ||
			!fastly_is_place(call, 3, sizeof(uint32_t)) ||
			!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	const struct fastly_acl_entry *entry = entry_find(&settings->acls[number], octets);
	if (!entry)
		return fastly_give_u32(call, 4, ACL_NOTHING);
	struct fastly_body *body = fastly_new_body(call->guest);
	if (!body)
		return FASTLY_LIMITEXCEEDED;
	enum fastly_status status = fastly_body_add(call->guest, body, host_text(entry->text));
	if (status != FASTLY_OK) {
		fastly_close_body(call->guest, body);
		return status;
	}
	(void)fastly_give_u32(call, 3, fastly_body_handle(call->guest, body));
	return fastly_give_u32(call, 4, ACL_FOUND);
}
