/*
 * settings_files.c: what the readers of a fastly.toml have in common: see settings_inner.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "host/fastly/settings_inner.h"
#include "host/files.h"

struct sv_bytes settings_bytes(const json_t *string)
{
	return (struct sv_bytes){
			(const uint8_t *)json_string_value(string), json_string_length(string)};
}

/* One that came with the program. */
static bool file_of(const struct settings_reader *reader, const char *name, struct buffer *bytes,
		struct sv_error *error)
{
	const struct host_files *files = reader->guest->files;
	struct sv_bytes content;
	while (strncmp(name, "./", 2) == 0)
		name += 2;
	if (!files->find(files->data, name, &content))
		return sv_fail(error, SV_ERROR_USAGE,
				"there is no file \"%.200s\" beside fastly.toml", name);
	return buffer_append(bytes, content.data, content.length, error);
}

bool settings_file(const struct settings_reader *reader, const json_t *path, struct buffer *bytes,
		struct sv_error *error)
{
	char whole[4096];
	const char *name = json_string_value(path);
	if (!name || !*name)
		return sv_fail(error, SV_ERROR_USAGE, "the name of a file is not a string");
	if (reader->guest->files)
		return file_of(reader, name, bytes, error);
	int length = snprintf(whole, sizeof whole, "%s%s%s", *name == '/' ? "" : reader->folder,
			*name == '/' ? "" : "/", name);
	if (length < 0 || (size_t)length >= sizeof whole)
		return sv_fail(error, SV_ERROR_LIMIT, "the name of a file is too long");
	bytes->limit = SETTINGS_MAX_FILE;
	return file_read(whole, bytes, error);
}

bool settings_variable(const struct settings_reader *reader, const char *name,
		struct sv_bytes *value)
{
	const struct host_guest *guest = reader->guest;
	size_t length = strlen(name);
	for (size_t i = 0; i < guest->environment_count; i++) {
		const char *variable = guest->environment[i];
		if (strncmp(variable, name, length) == 0 && variable[length] == '=') {
			*value = host_text(variable + length + 1);
			return true;
		}
	}
	const char *own = guest->files ? NULL : getenv(name);
	*value = own ? host_text(own) : (struct sv_bytes){0};
	return own != NULL;
}

json_t *settings_json(const struct settings_reader *reader, const json_t *path,
		struct sv_error *error)
{
	struct buffer text = {0};
	json_error_t wrong;
	json_t *value = NULL;
	if (settings_file(reader, path, &text, error)) {
		value = json_loadb((const char *)text.data, text.length, JSON_ALLOW_NUL, &wrong);
		if (!value)
			sv_fail(error, SV_ERROR_MALFORMED, "%s, line %d: %s",
					json_string_value(path), wrong.line, wrong.text);
	}
	buffer_finish(&text);
	if (value && !json_is_object(value)) {
		sv_fail(error, SV_ERROR_MALFORMED, "%s is not a JSON object",
				json_string_value(path));
		json_decref(value);
		return NULL;
	}
	return value;
}

bool settings_names_known(const json_t *table, const char *const *names, struct sv_error *error)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)table, name, value)
	{
		size_t i = 0;
		while (names[i] && strcmp(names[i], name) != 0)
			i++;
		if (!names[i])
			return sv_fail(error, SV_ERROR_USAGE, "\"%s\" is not known", name);
	}
	return true;
}
