/*
 * user_folder.h: where commands keep things, by the XDG Base Directory
 * Specification.
 */
#ifndef SELVAGE_CLI_USER_FOLDER_H
#define SELVAGE_CLI_USER_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

/* "$XDG_DATA_HOME/selvage" or "~/.local/share/selvage": what --data is by default. */
SV_MUST_USE bool user_folder_data(char *path, size_t size, struct sv_error *error);

/* "$XDG_CONFIG_HOME/selvage" or "~/.config/selvage". */
SV_MUST_USE bool user_folder_config(char *path, size_t size, struct sv_error *error);

/* "$XDG_CACHE_HOME/selvage" or "~/.cache/selvage": what can be made again. */
SV_MUST_USE bool user_folder_cache(char *path, size_t size, struct sv_error *error);

#endif
