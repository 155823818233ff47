/*
 * settings_setup.c: what of a fastly.toml is meant here: [local_server] and, of a program that was
 * deployed, what [setup] would make in a service; and what the platform gives a deployment.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host/fastly/settings_inner.h"

/* ---- [setup] in the words of [local_server]; each gives a new table, NULL: no memory ---- */

/* An address and a port, which is that of HTTPS unless it is said. */
static json_t *backend_of(const json_t *table)
{
	char url[FASTLY_MAX_NAME + 16];
	uint8_t octets[16];
	const char *address = json_string_value(json_object_get(table, "address"));
	const json_t *port = json_object_get(table, "port");
	long long number = port ? json_integer_value(port) : 443;
	if (!address)
		return json_object();
	bool is_address = inet_pton(AF_INET, address, octets) == 1 ||
			inet_pton(AF_INET6, address, octets) == 1;
	const bool has_colon = strchr(address, ':') != NULL;
	snprintf(url, sizeof url, "%s://%s%.250s%s:%lld", number == 443 ? "https" : "http",
			has_colon ? "[" : "", address, has_colon ? "]" : "", number);
	return json_pack("{s:s, s:s*}", "url", url, "override_host", is_address ? NULL : address);
}

/* { items = { KEY = { value = … } } } */
static json_t *config_store_of(const json_t *table)
{
	const char *key;
	json_t *item, *contents = json_object();
	json_object_foreach(json_object_get(table, "items"), key, item)
	{
		json_t *value = json_object_get(item, "value");
		if (value)
			json_object_set(contents, key, value);
	}
	return json_pack("{s:s, s:o}", "format", "inline-toml", "contents", contents);
}

static json_t *kv_store_of(const json_t *table)
{
	const char *key;
	json_t *item, *list = json_array();
	json_object_foreach(json_object_get(table, "items"), key, item)
	{
		json_t *value = json_object_get(item, "value"),
		       *file = json_object_get(item, "file");
		json_array_append_new(list,
				json_pack("{s:s, s:O*, s:O*}", "key", key, "data", value, "file",
						file));
	}
	return list;
}

/* Their values are the deployment's secrets of the same names. */
static json_t *secret_store_of(const json_t *table)
{
	const char *key;
	json_t *item, *list = json_array();
	json_object_foreach(json_object_get(table, "entries"), key, item)
	{
		json_array_append_new(list, json_pack("{s:s, s:s}", "key", key, "env", key));
	}
	return list;
}

static const struct {
	const char *name, *means;
	json_t *(*make)(const json_t *table);
} setups[] = {
		{"backends", "backends", backend_of},
		{"config_stores", "config_stores", config_store_of},
		{"dictionaries", "config_stores", config_store_of},
		{"kv_stores", "kv_stores", kv_store_of},
		{"object_stores", "kv_stores", kv_store_of},
		{"secret_stores", "secret_stores", secret_store_of},
};

/* What [local_server] says by another name. */
static json_t *section_of(json_t *sections, const char *means)
{
	static const char *const same[][2] = {{"config_stores", "dictionaries"},
			{"kv_stores", "object_stores"}, {"kv_stores", "object_store"}};
	for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
		json_t *other = json_object_get(sections, same[i][1]);
		if (strcmp(means, same[i][0]) == 0 && other)
			return other;
	}
	if (!json_object_get(sections, means))
		json_object_set_new(sections, means, json_object());
	return json_object_get(sections, means);
}

static bool setup_add(json_t *sections, const json_t *setup, size_t which, struct sv_error *error)
{
	const char *name;
	json_t *table, *tables = json_object_get(setup, setups[which].name);
	if (tables && !json_is_object(tables))
		return sv_fail(error, SV_ERROR_USAGE, "setup.%s is not a table",
				setups[which].name);
	json_object_foreach(tables, name, table)
	{
		json_t *section = section_of(sections, setups[which].means);
		json_t *made = json_object_get(section, name)
				? json_incref(json_object_get(section, name))
				: setups[which].make(table);
		if (!made || json_object_set_new(section, name, made) != 0)
			return sv_fail(error, SV_ERROR_USAGE, "setup.%s.%.100s is not understood",
					setups[which].name, name);
	}
	return true;
}

json_t *settings_sections(const struct settings_reader *reader, struct sv_error *error)
{
	const json_t *file = reader->settings->file;
	json_t *server = json_object_get(file, "local_server");
	const json_t *setup = json_object_get(file, "setup");
	if (server && !json_is_object(server)) {
		sv_fail(error, SV_ERROR_USAGE, "local_server is not a table");
		return NULL;
	}
	json_t *sections = server ? json_deep_copy(server) : json_object();
	if (!sections)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the settings");
	/* A service is set up where it is deployed. */
	for (size_t i = 0; sections && reader->guest->files && i < ARRAY_LENGTH(setups); i++) {
		if (!setup_add(sections, setup, i, error)) {
			json_decref(sections);
			return NULL;
		}
	}
	return sections;
}

/* ---- what the platform gives ---- */

static bool given_add(struct settings_reader *reader, struct fastly_stores *stores,
		const char *name, bool is_secret, struct sv_error *error)
{
	const struct host_guest *guest = reader->guest;
	json_t *items = json_object();
	if (fastly_stores_find(stores, host_text(name)) >= 0) {
		json_decref(items);
		return true;
	}
	bool is_made = items && (stores->stores || fastly_stores_reserve(stores, NULL, error));
	for (size_t i = 0; is_made && i < guest->environment_count; i++) {
		const char *variable = guest->environment[i], *sign = strchr(variable, '=');
		if (guest->secrets[i] == is_secret)
			is_made = json_object_setn_new_nocheck(items, variable,
						  (size_t)(sign - variable),
						  json_stringn_nocheck(sign + 1,
								  strlen(sign + 1))) == 0;
	}
	if (!is_made) {
		json_decref(items);
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stores");
	}
	stores->stores[stores->count++] = (struct fastly_store){name, items};
	return true;
}

bool settings_add_given(struct settings_reader *reader, struct sv_error *error)
{
	return given_add(reader, &reader->settings->config, "environment", false, error) &&
			given_add(reader, &reader->settings->secrets, "secrets", true, error);
}
