/*
 * settings.c: a TOML file with the tables requests, dns and kv. What is not known is an error:
 * a rule that is misspelled would be no rule.
 */
#include "host/terrarium/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "host/kv.h"
#include "host/toml.h"

/* Bytes of the file. */
#define MAX_FILE (16u * 1024 * 1024)

struct terrarium_settings {
	json_t *file;          /* owned; NULL: none */
	const json_t *allowed; /* borrowed from it; strings; as `values`, a table of strings */
	const json_t *values;
	struct buffer servers; /* a string; empty: none */
};

/* ---- reading ---- */

static bool strings_check(const json_t *list, struct sv_error *error)
{
	size_t i;
	const json_t *item;
	bool is_list = json_is_array(list);
	json_array_foreach((json_t *)(uintptr_t)list, i, item) is_list =
			is_list && json_string_length(item);
	return is_list || sv_fail(error, SV_ERROR_USAGE, "is no list of strings");
}

static bool allow_read(struct terrarium_settings *settings, const json_t *value,
		struct sv_error *error)
{
	settings->allowed = value;
	return strings_check(value, error);
}

static bool servers_read(struct terrarium_settings *settings, const json_t *value,
		struct sv_error *error)
{
	size_t i;
	const json_t *item;
	TRY(strings_check(value, error));
	if (!json_array_size(value))
		return sv_fail(error, SV_ERROR_USAGE, "names no server");
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
			TRY(buffer_printf(&settings->servers, error, "%s%s", i ? "," : "",
					json_string_value(item)));
	return buffer_append(&settings->servers, "", 1, error);
}

static bool values_read(struct terrarium_settings *settings, const json_t *table,
		struct sv_error *error)
{
	const char *key;
	const json_t *value;
	settings->values = table;
	json_object_foreach((json_t *)(uintptr_t)table, key, value)
	{
		if (!json_is_string(value))
			return sv_fail(error, SV_ERROR_USAGE, "kv.%.100s: is no string", key);
	}
	return true;
}

/* Keys of tables that have some; a table without any is all values. */
static const struct {
	const char *table, *key;
	bool (*read)(struct terrarium_settings *settings, const json_t *value,
			struct sv_error *error);
} rows[] = {
		{"requests", "allow", allow_read},
		{"dns", "servers", servers_read},
		{"kv", NULL, values_read},
};

static bool entry_read(struct terrarium_settings *settings, const char *table, const char *key,
		const json_t *value, struct sv_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (strcmp(rows[i].table, table) != 0 || strcmp(rows[i].key, key) != 0)
			continue;
		if (rows[i].read(settings, value, error))
			return true;
		sv_error_prefix(error, "%s.%s", table, key);
		return false;
	}
	return sv_fail(error, SV_ERROR_USAGE, "no setting is called %.100s.%.100s", table, key);
}

static bool table_read(struct terrarium_settings *settings, const char *name, const json_t *table,
		struct sv_error *error)
{
	const char *key;
	const json_t *value;
	if (!json_is_object(table))
		return sv_fail(error, SV_ERROR_USAGE, "%.100s is no table", name);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (!rows[i].key && strcmp(rows[i].table, name) == 0)
			return rows[i].read(settings, table, error);
	}
	json_object_foreach((json_t *)(uintptr_t)table, key, value)
			TRY(entry_read(settings, name, key, value, error));
	return true;
}

static bool file_take(struct terrarium_settings *settings, const char *path, struct sv_error *error)
{
	struct buffer text = {.limit = MAX_FILE};
	const char *name;
	const json_t *table;
	if (file_read(path, &text, error))
		settings->file = toml_parse((const char *)text.data, text.length, error);
	buffer_finish(&text);
	if (!settings->file)
		return false;
	json_object_foreach(settings->file, name, table)
			TRY(table_read(settings, name, table, error));
	return true;
}

struct terrarium_settings *terrarium_settings_new(const struct host_guest *guest,
		struct sv_error *error)
{
	struct terrarium_settings *settings = calloc(1, sizeof *settings);
	if (!settings) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the settings");
		return NULL;
	}
	if (!guest->config || file_take(settings, guest->config, error))
		return settings;
	sv_error_prefix(error, "%s", guest->config);
	terrarium_settings_free(settings);
	return NULL;
}

void terrarium_settings_free(struct terrarium_settings *settings)
{
	if (!settings)
		return;
	json_decref(settings->file);
	buffer_finish(&settings->servers);
	free(settings);
}

/* ---- what it says ---- */

bool terrarium_settings_trust(const struct terrarium_settings *settings, const char *host,
		uint16_t port)
{
	size_t i;
	const json_t *item;
	char with_port[300];
	snprintf(with_port, sizeof with_port, "%s:%u", host, port);
	json_array_foreach((json_t *)(uintptr_t)settings->allowed, i, item)
	{
		const char *allowed = json_string_value(item);
		if (strcasecmp(allowed, host) == 0 || strcasecmp(allowed, with_port) == 0)
			return true;
	}
	return false;
}

const char *terrarium_settings_servers(const struct terrarium_settings *settings)
{
	return (const char *)settings->servers.data;
}

static bool value_put(struct kv *kv, int store, struct sv_bytes key, struct sv_bytes value,
		struct sv_error *error)
{
	const struct kv_put put = {.parts = {value}, .is_given = true};
	enum kv_result result = kv_put(kv, store, key, &put);
	return result == KV_OK ||
			sv_fail(error, result == KV_NO_MEMORY ? SV_ERROR_NO_MEMORY : SV_ERROR_LIMIT,
					"the key-value store does not take \"%.*s\" (keys of 1 to "
					"%u bytes, values of at most %u)",
					(int)(key.length < 60 ? key.length : 60),
					(const char *)key.data, KV_MAX_KEY, KV_MAX_VALUE);
}

static bool variable_put(const char *variable, struct kv *kv, int store, struct sv_error *error)
{
	char key[KV_MAX_KEY + 1];
	size_t length = strcspn(variable, "=");
	int written = snprintf(key, sizeof key, "env/%.*s", (int)length, variable);
	if (written < 0 || (size_t)written >= sizeof key)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the name of an environment variable has more than %u bytes",
				KV_MAX_KEY - 4);
	const char *value = variable + length + (variable[length] == '=');
	return value_put(kv, store, host_text(key), host_text(value), error);
}

bool terrarium_settings_fill(const struct terrarium_settings *settings,
		const struct host_guest *guest, struct kv *kv, int store, struct sv_error *error)
{
	const char *key;
	const json_t *value;
	/* A store that outlives the settings has those of another time. */
	uint64_t before = kv_generation(kv);
	json_object_foreach((json_t *)(uintptr_t)settings->values, key, value)
			TRY(value_put(kv, store, host_text(key),
					(struct sv_bytes){(const uint8_t *)json_string_value(value),
							json_string_length(value)},
					error));
	for (size_t i = 0; i < guest->environment_count; i++)
		TRY(variable_put(guest->environment[i], kv, store, error));
	kv_drop_given(kv, store, before);
	return true;
}
