/*
 * settings.c: [local_server] of a fastly.toml: config_stores (or dictionaries), kv_stores (or
 * object_stores) and secret_stores; backends are read in backends.c, the rest in
 * settings_tables.c. Files that it names are beside it.
 */
#include "host/fastly/settings.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "host/fastly/settings_inner.h"
#include "host/files.h"
#include "host/toml.h"

/* What came with a program has it by this name. */
static const char own_file[] = "fastly.toml";

/* What is done with each item of a store: its key and the table that describes it. */
typedef bool (*take_item)(struct settings_reader *reader, size_t store, const char *key,
		const json_t *item, struct sv_error *error);

/* ---- what an item holds ---- */

/* What an item holds: "data" is it, "file" or "path" has it, "env" names a variable that is it. */
static bool item_read(const struct settings_reader *reader, const json_t *item,
		struct buffer *bytes, struct sv_error *error)
{
	const json_t *data = json_object_get(item, "data"), *file = json_object_get(item, "file");
	const json_t *env = json_object_get(item, "env");
	file = file ? file : json_object_get(item, "path");
	if ((data != NULL) + (file != NULL) + (env != NULL) != 1)
		return sv_fail(error, SV_ERROR_USAGE, "needs one of data, file and env");
	if (file)
		return settings_file(reader, file, bytes, error);
	if (!json_is_string(data ? data : env))
		return sv_fail(error, SV_ERROR_USAGE, "the value is not a string");
	struct sv_bytes value = settings_bytes(data ? data : env);
	if (!data && !settings_variable(reader, json_string_value(env), &value))
		return sv_fail(error, SV_ERROR_USAGE,
				"there is no variable %.200s in the environment",
				json_string_value(env));
	return buffer_append(bytes, value.data, value.length, error);
}

/* ---- the items of a store ---- */

static bool items_take_object(struct settings_reader *reader, size_t store, json_t *items,
		take_item take, struct sv_error *error)
{
	const char *key;
	json_t *value;
	json_object_foreach(items, key, value)
	{
		json_t *item = json_is_string(value) ? json_pack("{s:O}", "data", value)
						     : json_incref(value);
		bool is_taken = item && take(reader, store, key, item, error);
		json_decref(item);
		if (!is_taken) {
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for it");
			sv_error_prefix(error, "key \"%.200s\"", key);
			return false;
		}
	}
	return true;
}

static bool items_take_array(struct settings_reader *reader, size_t store, const json_t *items,
		take_item take, struct sv_error *error)
{
	size_t index;
	json_t *item;
	json_array_foreach(items, index, item)
	{
		const char *key = json_string_value(json_object_get(item, "key"));
		if (!key || !take(reader, store, key, item, error)) {
			sv_fail(error, SV_ERROR_USAGE, "an item needs a key");
			sv_error_prefix(error, "item %zu", index + 1);
			return false;
		}
	}
	return true;
}

/* A list of tables with a key each, or { file = "…", format = "json" }. */
static bool items_take(struct settings_reader *reader, size_t store, const json_t *items,
		take_item take, struct sv_error *error)
{
	static const char *const names[] = {"file", "format", NULL};
	if (json_is_array(items))
		return items_take_array(reader, store, items, take, error);
	const char *format = json_string_value(json_object_get(items, "format"));
	TRY(settings_names_known(items, names, error));
	if (!format || strcmp(format, "json") != 0)
		return sv_fail(error, SV_ERROR_USAGE,
				"is neither a list of items nor a file with format = \"json\"");
	json_t *object = settings_json(reader, json_object_get(items, "file"), error);
	bool is_taken = object && items_take_object(reader, store, object, take, error);
	json_decref(object);
	return is_taken;
}

/* ---- stores of constants ---- */

int fastly_stores_find(const struct fastly_stores *stores, struct sv_bytes name)
{
	for (size_t i = 0; i < stores->count; i++) {
		if (strlen(stores->stores[i].name) == name.length &&
				memcmp(stores->stores[i].name, name.data, name.length) == 0)
			return (int)i;
	}
	return -1;
}

struct sv_bytes fastly_stores_get(const struct fastly_stores *stores, size_t number,
		struct sv_bytes key)
{
	const json_t *items = stores->stores[number].items;
	const json_t *value = json_object_getn(items, (const char *)key.data, key.length);
	return value ? settings_bytes(value) : (struct sv_bytes){0};
}

bool fastly_stores_reserve(struct fastly_stores *stores, const json_t *tables,
		struct sv_error *error)
{
	/* And one of what the platform gives. */
	free(stores->stores);
	stores->stores = calloc(json_object_size(tables) + 2, sizeof *stores->stores);
	return stores->stores || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stores");
}

static void stores_finish(struct fastly_stores *stores)
{
	for (size_t i = 0; i < stores->count; i++)
		json_decref(stores->stores[i].items);
	free(stores->stores);
}

/* The strings of a config store. */
static json_t *config_read(const struct settings_reader *reader, const json_t *table,
		struct sv_error *error)
{
	static const char *const names[] = {"format", "contents", "file", NULL};
	const char *format = json_string_value(json_object_get(table, "format"));
	if (!settings_names_known(table, names, error))
		return NULL;
	if (format && strcmp(format, "json") == 0)
		return settings_json(reader, json_object_get(table, "file"), error);
	json_t *contents = json_object_get(table, "contents");
	if (format && strcmp(format, "inline-toml") == 0 && json_is_object(contents))
		return json_incref(contents);
	sv_fail(error, SV_ERROR_USAGE,
			"needs format = \"inline-toml\" and contents, or format = \"json\" and "
			"file");
	return NULL;
}

static bool config_stores_read(struct settings_reader *reader, json_t *tables,
		struct sv_error *error)
{
	struct fastly_stores *stores = &reader->settings->config;
	const char *name, *key;
	json_t *table, *value;
	TRY(fastly_stores_reserve(stores, tables, error));
	json_object_foreach(tables, name, table)
	{
		json_t *items = config_read(reader, table, error);
		if (!items) {
			sv_error_prefix(error, "config store \"%.200s\"", name);
			return false;
		}
		stores->stores[stores->count++] = (struct fastly_store){name, items};
		json_object_foreach(items, key, value)
		{
			if (!json_is_string(value))
				return sv_fail(error, SV_ERROR_USAGE,
						"config store \"%.200s\": the value of \"%.200s\" "
						"is not a string",
						name, key);
		}
	}
	return true;
}

static bool secret_take(struct settings_reader *reader, size_t store, const char *key,
		const json_t *item, struct sv_error *error)
{
	static const char *const names[] = {"key", "data", "file", "env", NULL};
	struct buffer bytes = {0};
	json_t *items = reader->settings->secrets.stores[store].items;
	bool is_read = settings_names_known(item, names, error) &&
			item_read(reader, item, &bytes, error);
	/* A secret need not be text. */
	if (is_read &&
			json_object_set_new_nocheck(items, key,
					json_stringn_nocheck((const char *)bytes.data,
							bytes.length)) != 0)
		is_read = sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a secret");
	buffer_finish(&bytes);
	return is_read;
}

static bool secret_stores_read(struct settings_reader *reader, json_t *tables,
		struct sv_error *error)
{
	struct fastly_stores *stores = &reader->settings->secrets;
	const char *name;
	json_t *table;
	TRY(fastly_stores_reserve(stores, tables, error));
	json_object_foreach(tables, name, table)
	{
		size_t number = stores->count++;
		stores->stores[number] = (struct fastly_store){name, json_object()};
		if (!items_take(reader, number, table, secret_take, error)) {
			sv_error_prefix(error, "secret store \"%.200s\"", name);
			return false;
		}
	}
	return true;
}

/* ---- key-value stores ---- */

bool fastly_key_is_valid(struct sv_bytes key)
{
	static const char challenge[] = ".well-known/acme-challenge";
	const char *text = (const char *)key.data, *last = text;
	if (!key.length || key.length > KV_MAX_KEY)
		return false;
	for (size_t i = 0; i < key.length; i++) {
		if (!text[i] || strchr("\r\n#;?^|", text[i]))
			return false;
		if (text[i] == '/' && i > 0 && text[i - 1] == '.')
			return false;
		last = text[i] == '/' ? text + i + 1 : last;
	}
	size_t length = (size_t)(text + key.length - last);
	if ((length == 1 || length == 2) && memcmp(last, "..", length) == 0)
		return false;
	return key.length < sizeof challenge - 1 ||
			memcmp(text, challenge, sizeof challenge - 1) != 0;
}

/* What guests have put there stays, what an earlier version of the program brought does not. */
static enum kv_result kv_seed(struct kv *kv, int store, struct sv_bytes key,
		const struct kv_put *like)
{
	struct kv_put put = *like;
	struct kv_value *before = kv_get(kv, store, key);
	bool is_guests = before && !before->is_given;
	put.is_given = true;
	put.mode = before ? KV_REPLACE : KV_ADD;
	put.has_generation = before != NULL;
	put.generation = before ? before->generation : 0;
	kv_value_release(before);
	enum kv_result result = is_guests ? KV_OK : kv_put(kv, store, key, &put);
	return result == KV_PRECONDITION ? KV_OK : result;
}

static bool kv_take(struct settings_reader *reader, size_t store, const char *key,
		const json_t *item, struct sv_error *error)
{
	static const char *const names[] = {"key", "data", "file", "path", "metadata", NULL};
	struct buffer bytes = {0};
	const json_t *metadata = json_object_get(item, "metadata");
	bool is_read = settings_names_known(item, names, error) &&
			item_read(reader, item, &bytes, error);
	struct kv_put put = {.parts = {buffer_view(&bytes)}};
	if (is_read && metadata && !json_is_string(metadata))
		is_read = sv_fail(error, SV_ERROR_USAGE, "metadata is not a string");
	if (is_read && metadata)
		put.metadata = settings_bytes(metadata);
	if (is_read && !fastly_key_is_valid(host_text(key)))
		is_read = sv_fail(error, SV_ERROR_USAGE, "the key is not valid");
	if (is_read && kv_seed(reader->settings->kv, (int)store, host_text(key), &put) != KV_OK)
		is_read = sv_fail(error, SV_ERROR_LIMIT,
				"the value, or all of them, are larger than may be");
	buffer_finish(&bytes);
	return is_read;
}

static bool kv_stores_read(struct settings_reader *reader, json_t *tables, struct sv_error *error)
{
	const char *name;
	json_t *table;
	json_object_foreach(tables, name, table)
	{
		int store = kv_add_store(reader->settings->kv, name);
		if (store < 0)
			return sv_fail(error, SV_ERROR_LIMIT, "more than %u key-value stores",
					KV_MAX_STORES);
		if (!items_take(reader, (size_t)store, table, kv_take, error)) {
			sv_error_prefix(error, "key-value store \"%.200s\"", name);
			return false;
		}
	}
	return true;
}

/* ---- the file ---- */

static bool backends_read(struct settings_reader *reader, json_t *tables, struct sv_error *error)
{
	return settings_read_backends(reader, &reader->settings->backends, tables, error);
}

static const struct {
	const char *name;
	bool (*read)(struct settings_reader *reader, json_t *table, struct sv_error *error);
	bool is_list; /* and no table */
} sections[] = {
		{"config_stores", config_stores_read, false},
		{"dictionaries", config_stores_read, false},
		{"kv_stores", kv_stores_read, false},
		{"object_stores", kv_stores_read, false},
		{"object_store", kv_stores_read, false},
		{"secret_stores", secret_stores_read, false},
		{"geolocation", settings_read_places, false},
		{"device_detection", settings_read_devices, false},
		{"acls", settings_read_acls, false},
		{"shielding_sites", settings_read_shields, false},
		{"fake_valid_fastly_keys", settings_read_keys, true},
		{"backends", backends_read, false},
};

static bool section_read(struct settings_reader *reader, const char *name, json_t *table,
		struct sv_error *error)
{
	char line[200];
	size_t i = 0;
	while (i < ARRAY_LENGTH(sections) && strcmp(sections[i].name, name) != 0)
		i++;
	if (i < ARRAY_LENGTH(sections) && !sections[i].is_list && !json_is_object(table))
		return sv_fail(error, SV_ERROR_USAGE, "local_server.%s is not a table", name);
	if (i < ARRAY_LENGTH(sections)) {
		bool is_read = sections[i].read(reader, table, error);
		if (!is_read)
			sv_error_prefix(error, "local_server.%s", name);
		return is_read;
	}
	/* Not an error, so that the file can stay what it is for others. */
	int length = snprintf(line, sizeof line,
			"local_server.%.100s is not supported by this version", name);
	if (reader->guest->log)
		reader->guest->log(reader->guest->log_data, "", line, (size_t)length);
	return true;
}

static bool file_parse(struct settings_reader *reader, struct sv_error *error)
{
	struct buffer text = {.limit = SETTINGS_MAX_FILE};
	json_t *name = json_string(own_file);
	bool is_read = reader->folder ? file_read(reader->guest->config, &text, error)
				      : settings_file(reader, name, &text, error);
	if (is_read)
		reader->settings->file = toml_parse((const char *)text.data, text.length, error);
	json_decref(name);
	buffer_finish(&text);
	return reader->settings->file != NULL;
}

static bool settings_read(struct settings_reader *reader, struct sv_error *error)
{
	struct fastly_settings *settings = reader->settings;
	const char *name;
	json_t *table;
	TRY(file_parse(reader, error));
	json_t *server = settings->sections = settings_sections(reader, error);
	if (!server)
		return false;
	if (json_object_get(server, "config_stores") && json_object_get(server, "dictionaries"))
		return sv_fail(error, SV_ERROR_USAGE,
				"local_server has both config_stores and dictionaries");
	json_object_foreach(server, name, table)
	{
		TRY(section_read(reader, name, table, error));
	}
	return true;
}

/* An operator's file, or one that came with the program; neither: there are no settings. */
static bool settings_fill(struct settings_reader *reader, char *path, struct sv_error *error)
{
	const struct host_guest *guest = reader->guest;
	struct kv *kv = reader->settings->kv;
	const uint64_t before = kv_generation(kv);
	struct sv_bytes own;
	bool has_own = guest->files && guest->files->find(guest->files->data, own_file, &own);
	reader->folder = guest->files ? NULL : dirname(path);
	if ((guest->config || has_own) && !settings_read(reader, error)) {
		sv_error_prefix(error, "%s", has_own ? own_file : guest->config);
		return false;
	}
	for (size_t i = 0; guest->kv && i < kv_store_count(kv); i++)
		kv_drop_given(kv, (int)i, before);
	return !guest->secrets || settings_add_given(reader, error);
}

struct fastly_settings *fastly_settings_new(const struct host_guest *guest, struct sv_error *error)
{
	struct fastly_settings *settings = calloc(1, sizeof *settings);
	char *path = strdup(guest->config ? guest->config : "");
	if (settings) {
		settings->kv = guest->kv ? guest->kv : kv_new();
		settings->has_own_kv = !guest->kv;
		settings->geolocation = json_object();
		settings->devices = json_object();
		settings->shields = json_object();
		settings->has_loopback = true;
	}
	bool is_read = settings && path && settings->kv && settings->geolocation &&
			settings->devices && settings->shields;
	if (!is_read)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the settings");
	struct settings_reader reader = {guest, settings, NULL};
	is_read = is_read && settings_fill(&reader, path, error);
	free(path);
	if (is_read)
		return settings;
	fastly_settings_free(settings);
	return NULL;
}

static void acl_finish(struct fastly_acl *acl)
{
	for (size_t i = 0; i < acl->count; i++)
		free(acl->entries[i].text);
	free(acl->entries);
}

void fastly_settings_free(struct fastly_settings *settings)
{
	if (!settings)
		return;
	stores_finish(&settings->config);
	stores_finish(&settings->secrets);
	fastly_backends_finish(&settings->backends);
	if (settings->has_own_kv)
		kv_free(settings->kv);
	json_decref(settings->sections);
	json_decref(settings->geolocation);
	json_decref(settings->devices);
	json_decref(settings->shields);
	fastly_backends_finish(&settings->shield_backends);
	for (size_t i = 0; i < settings->acl_count; i++)
		acl_finish(&settings->acls[i]);
	free(settings->acls);
	json_decref(settings->file);
	free(settings);
}
