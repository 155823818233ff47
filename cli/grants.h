/*
 * grants.h: what the command line lets a guest see: directories (--dir) and environment (--env).
 */
#ifndef SELVAGE_CLI_GRANTS_H
#define SELVAGE_CLI_GRANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"
#include "cli/options.h"

struct wasi_preopen;

struct grants {
	struct wasi_preopen *preopens; /* owned, open */
	size_t preopen_count;
	char **guest_paths;     /* owned, one for each preopen */
	const char *const *env; /* borrowed from the option list: "NAME=value" */
	size_t env_count;
};

/* The two rows for an option table whose struct `type` has option lists `dirs` and `envs`. */
#define GRANT_ROWS(type) GRANT_ROWS_OF(type, dirs, envs)

/* The same for fields of other names. */
#define GRANT_ROWS_OF(type, dirs, envs) \
	{.name = "dir", .kind = OPTION_LIST, .offset = offsetof(type, dirs), \
			.argument = "HOST::GUEST[:ro]", \
			.help = "let the guest use a directory, with :ro for reading only"}, \
	{.name = "env", .kind = OPTION_LIST, .offset = offsetof(type, envs), \
			.argument = "NAME=VALUE", \
			.help = "set a variable of the guest's environment"}

/*
 * Open the directories and check the variables. On failure nothing stays open. The lists must
 * outlive the grants.
 */
SV_MUST_USE bool grants_open(struct grants *grants, const struct option_list *dirs,
		const struct option_list *envs, struct sv_error *error);

/* Close the directories; an all-zero struct is allowed. */
void grants_close(struct grants *grants);

#endif
