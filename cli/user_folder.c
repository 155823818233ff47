/*
 * user_folder.c: see user_folder.h.
 */
#include "cli/user_folder.h"

#include <stdio.h>
#include <stdlib.h>

/* "$VARIABLE/selvage", or "~/FALLBACK/selvage". */
static bool user_folder(char *path, size_t size, const char *variable, const char *fallback,
		struct sv_error *error)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int length;
	if (base && base[0] == '/')
		length = snprintf(path, size, "%s/selvage", base);
	else if (home && home[0] == '/')
		length = snprintf(path, size, "%s/%s/selvage", home, fallback);
	else
		return sv_fail(error, SV_ERROR_USAGE, "neither %s nor HOME is set: give its path",
				variable);
	if (length < 0 || (size_t)length >= size)
		return sv_fail(error, SV_ERROR_LIMIT, "%s is too long", variable);
	return true;
}

bool user_folder_data(char *path, size_t size, struct sv_error *error)
{
	return user_folder(path, size, "XDG_DATA_HOME", ".local/share", error);
}

bool user_folder_cache(char *path, size_t size, struct sv_error *error)
{
	return user_folder(path, size, "XDG_CACHE_HOME", ".cache", error);
}

bool user_folder_config(char *path, size_t size, struct sv_error *error)
{
	return user_folder(path, size, "XDG_CONFIG_HOME", ".config", error);
}
