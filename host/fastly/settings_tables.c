/*
 * settings_tables.c: sections of a fastly.toml that say what is known of others: where addresses
 * are (geolocation), what devices are (device_detection), who may pass (acls), where shields are
 * (shielding_sites), and which keys count as valid (fake_valid_fastly_keys).
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/settings_inner.h"

/* ---- texts by name: geolocation and device detection ---- */

/* `text` by `name`, as JSON. */
static bool text_add(json_t *texts, const char *name, const json_t *value, struct sv_error *error)
{
	char *text = json_dumps(value, JSON_COMPACT);
	bool is_added = text && json_object_set_new(texts, name, json_string(text)) == 0;
	free(text);
	return is_added || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
}

static bool place_add(json_t *texts, const char *address, const json_t *place,
		struct sv_error *error)
{
	uint8_t octets[16];
	char written[INET6_ADDRSTRLEN];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, address, octets) != 1 || !json_is_object(place))
		return sv_fail(error, SV_ERROR_USAGE, "\"%.200s\" is not an address with a table",
				address);
	inet_ntop(family, octets, written, sizeof written);
	return text_add(texts, written, place, error);
}

static bool device_add(json_t *texts, const char *agent, const json_t *device,
		struct sv_error *error)
{
	if (!json_is_object(device))
		return sv_fail(error, SV_ERROR_USAGE, "\"%.200s\" has no table", agent);
	return text_add(texts, agent, device, error);
}

/* The tables of `member`, or of a file of JSON, into `texts`; neither: none. */
static bool texts_read(struct settings_reader *reader, const json_t *table, const char *member,
		bool (*add)(json_t *texts, const char *name, const json_t *value,
				struct sv_error *error),
		json_t *texts, struct sv_error *error)
{
	const char *format = json_string_value(json_object_get(table, "format"));
	const char *name;
	json_t *value, *tables = NULL, *file = NULL;
	if (format && strcmp(format, "json") == 0) {
		tables = file = settings_json(reader, json_object_get(table, "file"), error);
		if (!file)
			return false;
	} else if (format && strcmp(format, "inline-toml") == 0) {
		tables = json_object_get(table, member);
	}
	if (format && !json_is_object(tables))
		return sv_fail(error, SV_ERROR_USAGE,
				"needs format = \"inline-toml\" and %s, or format = \"json\" and "
				"file",
				member);
	bool is_read = true;
	json_object_foreach(tables, name, value)
	{
		is_read = is_read && add(texts, name, value, error);
	}
	json_decref(file);
	return is_read;
}

bool settings_read_places(struct settings_reader *reader, json_t *table, struct sv_error *error)
{
	static const char *const names[] = {
			"format", "file", "addresses", "use_default_loopback", NULL};
	TRY(settings_names_known(table, names, error));
	reader->settings->has_loopback =
			!json_is_false(json_object_get(table, "use_default_loopback"));
	return texts_read(reader, table, "addresses", place_add, reader->settings->geolocation,
			error);
}

bool settings_read_devices(struct settings_reader *reader, json_t *table, struct sv_error *error)
{
	static const char *const names[] = {"format", "file", "user_agents", NULL};
	TRY(settings_names_known(table, names, error));
	return texts_read(reader, table, "user_agents", device_add, reader->settings->devices,
			error);
}

/* ---- access control lists ---- */

/* "ADDRESS/BITS". */
static bool prefix_read(const char *text, struct fastly_acl_entry *entry)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : 0;
	if (!length || length >= sizeof address)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	entry->length = family == AF_INET6 ? 16 : 4;
	char *end;
	unsigned long bits = slash[1] >= '0' && slash[1] <= '9' ? strtoul(slash + 1, &end, 10) : 0;
	entry->bits = (uint8_t)bits;
	return bits >= 1 && bits <= entry->length * 8ul && !*end &&
			inet_pton(family, address, entry->octets) == 1;
}

/* What a guest is told: the prefix without the bits that do not count. */
static char *entry_text(const struct fastly_acl_entry *entry, const char *action)
{
	uint8_t octets[16];
	char address[INET6_ADDRSTRLEN], prefix[INET6_ADDRSTRLEN + 8];
	for (size_t i = 0; i < entry->length; i++) {
		unsigned kept = entry->bits > i * 8 ? entry->bits - (unsigned)i * 8 : 0;
		octets[i] = entry->octets[i] & (uint8_t)(kept >= 8 ? 0xff : 0xff00 >> kept);
	}
	inet_ntop(entry->length == 4 ? AF_INET : AF_INET6, octets, address, sizeof address);
	snprintf(prefix, sizeof prefix, "%s/%u", address, entry->bits);
	json_t *object = json_pack("{s:s, s:s}", "prefix", prefix, "action", action);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

static bool entry_read(struct fastly_acl_entry *entry, const json_t *item, struct sv_error *error)
{
	static const char *const names[] = {"op", "prefix", "action", NULL};
	const char *prefix = json_string_value(json_object_get(item, "prefix"));
	const char *action = json_string_value(json_object_get(item, "action"));
	TRY(settings_names_known(item, names, error));
	if (!prefix || !prefix_read(prefix, entry))
		return sv_fail(error, SV_ERROR_USAGE, "needs a prefix such as 192.0.2.0/24");
	if (!action)
		return sv_fail(error, SV_ERROR_USAGE, "needs an action: ALLOW or BLOCK");
	if (strcasecmp(action, "allow") == 0)
		action = "ALLOW";
	else if (strcasecmp(action, "block") == 0)
		action = "BLOCK";
	entry->text = entry_text(entry, action);
	return entry->text || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
}

static bool acl_read(struct fastly_acl *acl, const json_t *file, struct sv_error *error)
{
	static const char *const names[] = {"entries", "meta", NULL};
	const json_t *items = json_object_get(file, "entries");
	size_t index;
	json_t *item;
	TRY(settings_names_known(file, names, error));
	if (!json_is_array(items))
		return sv_fail(error, SV_ERROR_USAGE, "has no list of entries");
	acl->entries = calloc(json_array_size(items) + 1, sizeof *acl->entries);
	if (!acl->entries)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
	json_array_foreach(items, index, item)
	{
		if (!entry_read(&acl->entries[acl->count++], item, error)) {
			sv_error_prefix(error, "entry %zu", index + 1);
			return false;
		}
	}
	return true;
}

/* Each is the name of a file, or a table with one. */
bool settings_read_acls(struct settings_reader *reader, json_t *tables, struct sv_error *error)
{
	struct fastly_settings *settings = reader->settings;
	const char *name;
	json_t *table;
	settings->acls = calloc(json_object_size(tables) + 1, sizeof *settings->acls);
	if (!settings->acls)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
	json_object_foreach(tables, name, table)
	{
		struct fastly_acl *acl = &settings->acls[settings->acl_count++];
		acl->name = name;
		json_t *file = settings_json(reader,
				json_is_string(table) ? table : json_object_get(table, "file"),
				error);
		bool is_read = file && acl_read(acl, file, error);
		json_decref(file);
		if (!is_read) {
			sv_error_prefix(error, "list \"%.200s\"", name);
			return false;
		}
	}
	return true;
}

/* ---- shields ---- */

/* The two addresses of a place that is elsewhere; each becomes a backend. */
static bool shield_read(const json_t *site, json_t *backends, struct buffer *block,
		struct sv_error *error)
{
	static const char *const names[] = {"unencrypted", "encrypted", NULL};
	TRY(settings_names_known(site, names, error));
	TRY(buffer_append(block, "", 1, error));
	for (size_t i = 0; names[i]; i++) {
		json_t *url = json_object_get(site, names[i]);
		if (!json_string_length(url))
			return sv_fail(error, SV_ERROR_USAGE,
					"is neither \"Local\" nor two urls, unencrypted and "
					"encrypted");
		TRY(buffer_append(block, json_string_value(url), json_string_length(url) + 1,
				error));
		if (json_object_set_new(backends, json_string_value(url),
				    json_pack("{s:O}", "url", url)) != 0)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
	}
	return true;
}

static bool shields_read(struct settings_reader *reader, json_t *tables, json_t *backends,
		struct sv_error *error)
{
	static const char local[] = "\1\0"; /* and a NUL behind that */
	const char *name;
	json_t *site;
	json_object_foreach(tables, name, site)
	{
		struct buffer block = {0};
		const char *text = json_string_value(site);
		bool is_read = text && strcasecmp(text, "local") == 0
				? buffer_append(&block, local, sizeof local, error)
				: shield_read(site, backends, &block, error);
		if (is_read &&
				json_object_set_new_nocheck(reader->settings->shields, name,
						json_stringn_nocheck((const char *)block.data,
								block.length)) != 0)
			is_read = sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
		buffer_finish(&block);
		if (!is_read) {
			sv_error_prefix(error, "site \"%.200s\"", name);
			return false;
		}
	}
	return settings_read_backends(reader, &reader->settings->shield_backends, backends, error);
}

bool settings_read_shields(struct settings_reader *reader, json_t *tables, struct sv_error *error)
{
	json_t *backends = json_object();
	bool is_read = backends && shields_read(reader, tables, backends, error);
	json_decref(backends);
	return is_read || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
}

/* ---- keys ---- */

bool settings_read_keys(struct settings_reader *reader, json_t *keys, struct sv_error *error)
{
	size_t index;
	json_t *key;
	if (!json_is_array(keys))
		return sv_fail(error, SV_ERROR_USAGE, "is not a list of strings");
	json_array_foreach(keys, index, key)
	{
		if (!json_string_length(key))
			return sv_fail(error, SV_ERROR_USAGE, "is not a list of strings");
	}
	reader->settings->keys = keys;
	return true;
}
