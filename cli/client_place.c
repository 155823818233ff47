/*
 * client_place.c: finds the server's address and the token.
 */
#include "cli/client_place.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/secret_text.h"

#define TOKEN_LIMIT 512

static const char *environment_value(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

static bool text_copy(char **copy, const char *text, struct sv_error *error)
{
	*copy = strdup(text);
	return *copy ? true : sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an address");
}

/* $XDG_CONFIG_HOME/selvage/client.json on the heap; NULL if nothing says where that is. */
static char *config_path(void)
{
	/* A relative path counts as none (XDG Base Directory Specification). */
	const char *config = environment_value("XDG_CONFIG_HOME");
	const char *home = environment_value("HOME");
	char *path = NULL;
	int length = -1;
	if (config && config[0] == '/')
		length = asprintf(&path, "%s/selvage/client.json", config);
	else if (home)
		length = asprintf(&path, "%s/.config/selvage/client.json", home);
	return length < 0 ? NULL : path;
}

/* A file with a token that others can read gives the token away. */
static bool config_check_mode(const char *path, struct sv_error *error)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return sv_fail_errno(error, "cannot open %s", path);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return sv_fail(error, SV_ERROR_SYSTEM,
				"%s holds a token and others may read it: chmod 600 it", path);
	return true;
}

/* The object in client.json, or NULL: `error` is left empty if there is just no such file. */
static json_t *config_read(struct sv_error *error)
{
	json_t *config = NULL;
	char *text = NULL, *path = config_path();
	struct stat status;
	if (!path || (stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR)))
		goto free_path;
	if (!config_check_mode(path, error))
		goto free_path;
	text = secret_text_read(path, "client.json", error);
	if (!text)
		goto free_path;
	json_error_t reason;
	config = json_loads(text, JSON_REJECT_DUPLICATES, &reason);
	if (!config)
		sv_fail(error, SV_ERROR_USAGE, "%s: line %d: %s", path, reason.line, reason.text);
	else if (!json_is_object(config))
		sv_fail(error, SV_ERROR_USAGE, "%s: not a JSON object", path);
free_path:
	secret_text_free(text);
	free(path);
	return config;
}

/* What else is in client.json is for the server named there, and for no other. */
static bool place_fill_from_config(struct client_place *place, struct sv_error *error)
{
	json_t *config = config_read(error);
	if (!config)
		return !error->text[0];
	const char *url = json_string_value(json_object_get(config, "url"));
	const char *token = json_string_value(json_object_get(config, "token"));
	const char *authority = json_string_value(json_object_get(config, "authority"));
	bool done = error->code == SV_ERROR_NONE;
	if (done && url && !place->url)
		done = text_copy(&place->url, url, error);
	bool is_there = url && done && strcmp(place->url, url) == 0;
	if (done && is_there && token && !place->token)
		done = text_copy(&place->token, token, error);
	if (done && is_there && authority)
		done = text_copy(&place->authority, authority, error);
	json_decref(config);
	return done;
}

/* It becomes part of a header field, where a line break would begin another. */
static bool token_check(const char *token, struct sv_error *error)
{
	size_t length = strlen(token);
	bool visible = length > 0 && length <= TOKEN_LIMIT;
	for (size_t i = 0; i < length && visible; i++)
		visible = token[i] > ' ' && token[i] < 0x7f;
	if (visible)
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"the token is not one: 1 to %d visible characters without spaces",
			TOKEN_LIMIT);
}

bool client_place_find(struct client_place *place, const char *url, const char *token_file,
		struct sv_error *error)
{
	const char *token = environment_value("SELVAGE_TOKEN");
	url = url ? url : environment_value("SELVAGE_URL");
	if (url)
		TRY(text_copy(&place->url, url, error));
	if (token_file) {
		place->token = secret_text_read(token_file, "a token", error);
		TRY(place->token != NULL);
	} else if (token) {
		TRY(text_copy(&place->token, token, error));
	}
	if (!place->url || !place->token)
		TRY(place_fill_from_config(place, error));
	if (!place->url)
		return sv_fail(error, SV_ERROR_USAGE,
				"no server is known: start one here with `selvage up`, or give "
				"--url and --token-file");
	if (!place->token)
		return sv_fail(error, SV_ERROR_USAGE,
				"no token for %s is known: give --token-file or set SELVAGE_TOKEN",
				place->url);
	return token_check(place->token, error);
}

void client_place_finish(struct client_place *place)
{
	free(place->url);
	free(place->authority);
	secret_text_free(place->token);
	*place = (struct client_place){0};
}
