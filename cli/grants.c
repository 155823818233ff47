/*
 * grants.c: parses --dir and --env.
 */
#include "cli/grants.h"

#include <stdlib.h>
#include <string.h>

#include "host/wasi/wasi.h"

/* "HOST::GUEST[:ro]" in parts; `host` and `guest` are on the heap. */
struct dir_parts {
	char *host;
	char *guest;
	bool read_only;
};

static void dir_finish(struct dir_parts *parts)
{
	free(parts->host);
	free(parts->guest);
}

/* Without "::" the guest finds the directory under the name it has on the host. */
static bool dir_parse(const char *text, struct dir_parts *parts, struct sv_error *error)
{
	size_t length = strlen(text);
	if (length > 3 && strcmp(text + length - 3, ":ro") == 0) {
		parts->read_only = true;
		length -= 3;
	}
	const char *split = strstr(text, "::");
	const char *guest = split && split < text + length ? split + 2 : text;
	size_t host_length = guest == text ? length : (size_t)(split - text);
	parts->host = strndup(text, host_length);
	parts->guest = strndup(guest, length - (size_t)(guest - text));
	if (!parts->host || !parts->guest)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a directory name");
	if (!parts->host[0] || !parts->guest[0])
		return sv_fail(error, SV_ERROR_USAGE, "--dir takes HOST::GUEST[:ro], not \"%s\"",
				text);
	return true;
}

static bool grants_open_dir(struct grants *grants, const char *text, struct sv_error *error)
{
	struct dir_parts parts = {0};
	size_t at = grants->preopen_count;
	if (!dir_parse(text, &parts, error) ||
			!wasi_preopen_open(&grants->preopens[at], parts.host, parts.guest,
					parts.read_only, error)) {
		dir_finish(&parts);
		return false;
	}
	free(parts.host);
	grants->guest_paths[at] = parts.guest;
	grants->preopen_count++;
	return true;
}

static bool env_check(const char *text, struct sv_error *error)
{
	const char *equals = strchr(text, '=');
	if (equals && equals != text)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "--env takes NAME=VALUE, not \"%s\"", text);
}

bool grants_open(struct grants *grants, const struct option_list *dirs,
		const struct option_list *envs, struct sv_error *error)
{
	*grants = (struct grants){.env = envs->items, .env_count = envs->count};
	for (size_t i = 0; i < envs->count; i++)
		TRY(env_check(envs->items[i], error));
	grants->preopens = calloc(dirs->count + 1, sizeof *grants->preopens);
	grants->guest_paths = calloc(dirs->count + 1, sizeof *grants->guest_paths);
	bool done = grants->preopens && grants->guest_paths;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for directories");
	for (size_t i = 0; done && i < dirs->count; i++)
		done = grants_open_dir(grants, dirs->items[i], error);
	if (!done)
		grants_close(grants);
	return done;
}

void grants_close(struct grants *grants)
{
	for (size_t i = 0; i < grants->preopen_count; i++) {
		wasi_preopen_close(&grants->preopens[i]);
		free(grants->guest_paths[i]);
	}
	free(grants->preopens);
	free(grants->guest_paths);
	*grants = (struct grants){0};
}
